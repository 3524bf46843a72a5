import { expect, test } from 'vitest';
import { days, parameters, searchOf } from './filters';

test('an address gives its filters, without what is empty or unknown', () => {
  expect(searchOf(new URLSearchParams('caller= 138 &agent=&queue=service&page=2'))).toEqual({ caller: '138', queue: 'service' });
});

test('the API is asked in its own times', () => {
  const asked = parameters({ since: '2026-11-21T09:30', queue: 'service' });
  expect(asked.get('since')).toBe(new Date(2026, 10, 21, 9, 30).toISOString());
  expect([...asked.keys()]).toEqual(['since', 'queue']);
});

test('yesterday is a whole day of this computer’s calendar, over the end of a month too', () => {
  expect(days(new Date(2026, 11, 1, 8).getTime(), 1, 1)).toEqual({ since: '2026-11-30T00:00', until: '2026-12-01T00:00' });
});
