import { expect, test } from 'vitest';
import { between, dayIn, later, midnight, monday, written } from './zone';

const iso = (at: number): string => new Date(at).toISOString();

test('a moment is written by the clock of the house', () => {
  expect(written('2026-11-21T18:30:05Z', 'Asia/Shanghai')).toEqual({ day: '2026-11-22', clock: '02:30:05' });
  expect(written('2026-11-21T18:30:05Z', 'America/New_York')).toEqual({ day: '2026-11-21', clock: '13:30:05' });
  expect(dayIn('UTC', Date.UTC(2026, 11, 31, 23, 59, 59))).toBe('2026-12-31');
});

test('days begin at midnight of the house, in summer, in winter and where the clock leaps', () => {
  for (const [zone, day, expected] of [
    ['Asia/Shanghai', '2026-11-22', '2026-11-21T16:00:00.000Z'],
    ['UTC', '2026-11-22', '2026-11-22T00:00:00.000Z'],
    ['America/New_York', '2026-11-22', '2026-11-22T05:00:00.000Z'],
    // The days on which summer time begins and ends, and those after them.
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z'],
    ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000Z'],
    ['Europe/Berlin', '2026-10-26', '2026-10-25T23:00:00.000Z'],
    ['Asia/Kathmandu', '2026-11-22', '2026-11-21T18:15:00.000Z'],
    ['Pacific/Kiritimati', '2026-11-22', '2026-11-21T10:00:00.000Z'],
    ['Pacific/Pago_Pago', '2026-11-22', '2026-11-22T11:00:00.000Z'],
    // Chile leaps from midnight to one o'clock.
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00.000Z'],
    ['America/Santiago', '2026-04-05', '2026-04-05T04:00:00.000Z'],
  ] as const) {
    expect(iso(midnight(zone, day)), `${day} in ${zone}`).toBe(expected);
  }
});

test('days are counted by the calendar', () => {
  expect([later('2026-03-01', -1), later('2026-12-31', 1), later('2028-02-28', 1)]).toEqual(['2026-02-28', '2027-01-01', '2028-02-29']);
  expect([monday('2026-11-23'), monday('2026-11-22'), monday('2026-11-16')]).toEqual(['2026-11-23', '2026-11-16', '2026-11-16']);
});

test('what is asked reaches to the end of the last day, but not beyond now', () => {
  const now = Date.parse('2026-11-22T03:00:00Z');
  expect(between('Asia/Shanghai', '2026-11-21', '2026-11-22', now)).toEqual({ since: '2026-11-20T16:00:00.000Z', until: '2026-11-22T03:00:00.000Z' });
  expect(between('Asia/Shanghai', '2026-11-20', '2026-11-20', now)).toEqual({ since: '2026-11-19T16:00:00.000Z', until: '2026-11-20T16:00:00.000Z' });
});
