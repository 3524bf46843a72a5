import { expect, test } from 'vitest';
import type { ResultRow } from '../../api/types';
import { drawn, questionOf, sliceOf, sorted } from './question';

const NOW = Date.parse('2026-11-23T06:30:00Z');
const row = (key: string, mean: number | null, more: Partial<ResultRow> = {}): ResultRow => ({
  key, mean, n: 1, passed: 0, pass_rate: null, fatal: 0, fatal_rate: null, not_applicable: 0, overruled: 0, lost: [], ...more,
});

test('without an address results are of four weeks, by agent, drawn day by day', () => {
  const question = questionOf(new URLSearchParams('by=nonsense'), NOW, 'Asia/Shanghai');
  expect(question).toMatchObject({ by: 'agent', from: '2026-10-27', until: '2026-11-23' });
  expect(sliceOf(question)).toBe('day');
  expect(sliceOf({ ...question, from: '2026-08-24' })).toBe('week');
});

test('the worst comes first, and whoever has no figure last', () => {
  const rows = [row('a', 90), row('b', null), row('c', 60, { fatal_rate: 50 })];
  expect(sorted(rows, 'mean').map(({ key }) => key)).toEqual(['c', 'a', 'b']);
  expect(sorted(rows, 'fatal_rate')[0]?.key).toBe('c');
  expect(sorted(rows, '').map(({ key }) => key)).toEqual(['a', 'b', 'c']);
});

test('a chart has the lines of the first rows', () => {
  const rows = Array.from({ length: 9 }, (_, at) => row(String(at), at));
  const slices = ['0', '8'].map((key) => row(key, 50, { from: '2026-11-16T00:00:00.000Z' }));
  expect(drawn([...slices, row('0', 1)], rows, (key) => `no. ${key}`).rows.map(({ key }) => key)).toEqual(['no. 0']);
});
