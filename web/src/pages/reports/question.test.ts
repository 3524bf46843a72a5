import { expect, test } from 'vitest';
import { asked, columns, queryOf, questionOf, shown } from './question';

const NOW = new Date(2026, 10, 23, 14, 30).getTime();

test('without an address a report is of today, of the queues, in one', () => {
  const question = questionOf(new URLSearchParams(), NOW);
  expect(question).toMatchObject({ kind: 'queues', from: '2026-11-23', until: '2026-11-23', by: '' });
  const params = new URLSearchParams(asked(question, NOW).split('?')[1]);
  expect(params.get('since')).toBe(new Date(2026, 10, 23).toISOString());
  expect(params.get('until')).toBe(new Date(NOW).toISOString());
});

test('an address gives the question that made it', () => {
  const question = questionOf(new URLSearchParams('report=agents&from=2026-11-01&until=2026-11-07&by=day&figures=handled,occupancy&chart=handled'), NOW);
  const entries = Object.entries(queryOf(question)).filter((entry): entry is [string, string] => Boolean(entry[1]));
  expect(questionOf(new URLSearchParams(entries), NOW)).toEqual(question);
  expect(columns(question)).toEqual(['handled', 'occupancy']);
  expect(asked(question, NOW)).toContain(encodeURIComponent(new Date(2026, 10, 8).toISOString()));
});

test('figures are written by their unit', () => {
  const of = (unit: string, value: number | null) => shown({ name: 'x', unit, value, numerator: 0 });
  expect([of('percent', 80.04), of('ms', 65_000), of('count', 7), of('mean', 4.5), of('percent', null)]).toEqual(['80.0%', '1:05', '7', '4.50', '–']);
});
