import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => {
  // The language is kept in the browser, and there is none here.
  const nowhere = { getItem: () => 'en', setItem: () => undefined };
  Object.assign(globalThis, { localStorage: nowhere, document: { documentElement: {} } });
});

test('each reason that the switch has is put into words in both languages', async () => {
  const { CODES, reason } = await import('./found');
  const { language } = await import('./language');
  const source = readFileSync(join(import.meta.dirname, '../../../src/qa/prefill.rs'), 'utf8');
  const known = [...(/CODES: \[&str; \d+\] = \[([^\]]*)\]/.exec(source)?.[1] ?? '').matchAll(/"([a-z-]+)"/g)].map(([, code]) => code ?? '');
  expect(known.length).toBeGreaterThan(20);
  expect([...CODES].sort()).toEqual([...known].sort());
  for (const code of known) {
    for (const of of ['en', 'zh'] as const) {
      language.value = of;
      expect(reason({ answer: 'yes', reason: { code, values: {} } })).not.toBe(code);
    }
  }
  language.value = 'en';
  expect(reason({ answer: 'yes', reason: { code: 'answered-in-rings', values: { rings: 1, limit: 3 } } })).toBe('answered after 1 ring, 3 are allowed');
});
