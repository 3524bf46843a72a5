import { expect, test } from 'vitest';
import { asked, columns, queryOf, questionOf, shown } from './question';

/** In Shanghai it is half past two in the afternoon. */
const NOW = Date.parse('2026-11-23T06:30:00Z');
const ZONE = 'Asia/Shanghai';

test('without an address a report is of today, of the queues, in one', () => {
  const question = questionOf(new URLSearchParams(), NOW, ZONE);
  expect(question).toMatchObject({ kind: 'queues', from: '2026-11-23', until: '2026-11-23', by: '' });
  const params = new URLSearchParams(asked(question, NOW, ZONE).split('?')[1]);
  expect(params.get('since')).toBe('2026-11-22T16:00:00.000Z');
  expect(params.get('until')).toBe(new Date(NOW).toISOString());
});

test('today is the house’s today, even where it is yesterday still', () => {
  const late = Date.parse('2026-11-22T16:30:00Z');
  expect(questionOf(new URLSearchParams(), late, ZONE).from).toBe('2026-11-23');
  expect(questionOf(new URLSearchParams(), late, 'America/New_York').from).toBe('2026-11-22');
});

test('an address gives the question that made it', () => {
  const question = questionOf(new URLSearchParams('report=agents&from=2026-11-01&until=2026-11-07&by=day&figures=handled,occupancy&chart=handled'), NOW, ZONE);
  const entries = Object.entries(queryOf(question)).filter((entry): entry is [string, string] => Boolean(entry[1]));
  expect(questionOf(new URLSearchParams(entries), NOW, ZONE)).toEqual(question);
  expect(columns(question)).toEqual(['handled', 'occupancy']);
  expect(asked(question, NOW, ZONE)).toContain(encodeURIComponent('2026-11-07T16:00:00.000Z'));
});

test('figures are written by their unit', () => {
  const of = (unit: string, value: number | null) => shown({ name: 'x', unit, value, numerator: 0 });
  expect([of('percent', 80.04), of('ms', 65_000), of('count', 7), of('mean', 4.5), of('percent', null)]).toEqual(['80.0%', '1:05', '7', '4.50', '–']);
});
