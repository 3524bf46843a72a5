import { expect, test } from 'vitest';
import type { ResultRow } from '../../api/types';
import { drawn, period, questionOf, sliceOf, sorted } from './question';

const NOW = new Date(2026, 10, 23, 14, 30).getTime();
const row = (key: string, mean: number | null, more: Partial<ResultRow> = {}): ResultRow => ({
  key, mean, n: 1, passed: 0, pass_rate: null, fatal: 0, fatal_rate: null, not_applicable: 0, overruled: 0, lost: [], ...more,
});

test('without an address results are of four weeks, by agent, drawn day by day', () => {
  const question = questionOf(new URLSearchParams('by=nonsense'), NOW);
  expect(question).toMatchObject({ by: 'agent', from: '2026-10-27', until: '2026-11-23' });
  expect(sliceOf(question)).toBe('day');
  expect(sliceOf({ ...question, from: '2026-08-24' })).toBe('week');
  expect(period(question, NOW)).toEqual({ since: new Date(2026, 9, 27).toISOString(), until: new Date(NOW).toISOString() });
  expect(period({ from: '2026-11-02', until: '2026-11-08' }, NOW).until).toBe(new Date(2026, 10, 9).toISOString());
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
