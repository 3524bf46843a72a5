import { expect, test } from 'vitest';
import { difference, pieces } from './difference';

const short = (before: string, after: string): string[] =>
  difference(before.replaceAll(' ', '\n'), after.replaceAll(' ', '\n')).map(({ kind, text }) => `${{ same: ' ', gone: '-', new: '+' }[kind]}${text}`);

test('lines that went, came and stayed', () => {
  expect(short('a b c', 'a b c')).toEqual([' a', ' b', ' c']);
  expect(short('a b c', 'a x c')).toEqual([' a', '-b', '+x', ' c']);
  expect(short('a b c d', 'b c e d')).toEqual(['-a', ' b', ' c', '+e', ' d']);
  expect(short('a a b', 'a b a b')).toEqual([' a', '+b', ' a', ' b']);
  expect(short('', 'a')).toEqual(['-', '+a']);
});

test('either text can be read out of the difference', () => {
  const [before, after] = ['one\ntwo\nthree\nfour\nfive', 'zero\none\nthree\n3½\nfive\nsix'];
  const lines = difference(before, after);
  const text = (without: string): string => lines.filter((line) => line.kind !== without).map((line) => line.text).join('\n');
  expect([text('new'), text('gone')]).toEqual([before, after]);
});

test('far from a change nothing is shown, and what is near two changes once', () => {
  const before = Array.from({ length: 30 }, (_, at) => `line ${at + 1}`);
  const after = before.map((line, at) => (at === 4 || at === 7 || at === 25 ? `${line} changed` : line));
  const found = pieces(difference(before.join('\n'), after.join('\n')), 2);
  expect(found.map((piece) => [piece[0]?.number, piece.at(-1)?.number])).toEqual([[3, 10], [24, 28]]);
  expect(found[0]).toHaveLength(8 + 2);
});
