/** Keeps the pages' house in order, as tests/tidy.rs does the switch's. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Beyond it there is a second idea to split off; words in two languages are one idea, however many. */
const LINES_MAX = 200;

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(tsx?|css)$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => ({ name, text: readFileSync(join(import.meta.dirname, name), 'utf8') }));
const code = files.filter(({ name }) => !name.endsWith('.test.ts'));

test('files are small', () => {
  const long = code.filter(({ name, text }) => !name.startsWith('words/') && text.split('\n').length > LINES_MAX);
  expect(long.map(({ name }) => name)).toEqual([]);
});

test('each file says first what lives in it', () => {
  const silent = code.filter(({ name, text }) => !name.startsWith('words/') && !text.startsWith('/*'));
  expect(silent.map(({ name }) => name)).toEqual([]);
});

test('nothing is loaded from elsewhere, and no text becomes markup', () => {
  const forbidden = [/https?:\/\/(?!www\.w3\.org)/, /innerHTML/i, /\beval\(/, /document\.write/];
  const found = code.flatMap(({ name, text }) => forbidden.filter((what) => what.test(text)).map((what) => `${name}: ${what}`));
  expect(found).toEqual([]);
});

test('every colour is a token', () => {
  const coloured = files.filter(({ name, text }) => name.endsWith('.css') && name !== 'styles/tokens.css' && /#[0-9a-f]{3,8}\b(?!-)/i.test(text));
  expect(coloured.map(({ name }) => name)).toEqual([]);
});
