import { expect, test } from 'vitest';
import type { Call } from '../../api/types';
import { lostPercent, qualityLanes, toneOf } from './quality';

const at = (second: number): string => new Date(Date.UTC(2026, 10, 21, 9, 30, second)).toISOString();
const minute = (from_ms: number, to_ms: number, mos_min?: number) => ({
  from_ms,
  to_ms,
  received: { packets: 2_850, lost: 150 },
  sent: { packets: 3_000 },
  ...(mos_min === undefined ? {} : { mos_min }),
});
const CALL = {
  quality: [
    { leg: 3, codec: 'pcma', started_at: at(0), interval_s: 60, mos_min: 3.2, mos_mean: 3.9, minutes: [minute(0, 60_000, 4.41), minute(60_000, 90_000, 3.2)] },
    { leg: 4, agent: '1001', codec: 'opus', started_at: at(5), interval_s: 60, minutes: [minute(0, 900)] },
    { leg: 6, agent: '1002', codec: 'pcma', started_at: at(5), interval_s: 60 },
  ],
} as unknown as Call;

test('a leg has a lane, its minutes where they were', () => {
  const lanes = qualityLanes(CALL, Date.parse(at(10)));
  expect(lanes.map(({ leg, agent, worst }) => [leg, agent, worst])).toEqual([[3, null, 3.2], [4, '1001', null]]);
  expect(lanes[0]?.stretches.map(({ from, to, mos, tone }) => [from, to, mos, tone])).toEqual([[-10, 50, 4.41, 'ok'], [50, 80, 3.2, 'down']]);
  expect(lanes[1]?.stretches[0]).toMatchObject({ from: -5, mos: null, tone: 'offline' });
});

test('a call of before has none', () => {
  expect(qualityLanes({} as Call, 0)).toEqual([]);
});

test('colours follow the classes of satisfaction', () => {
  expect([4.41, 4, 3.99, 3.6, 3.59].map(toneOf)).toEqual(['ok', 'ok', 'waiting', 'waiting', 'down']);
});

test('loss is of what there should have been, and unknown where nobody told', () => {
  expect(lostPercent({ packets: 2_850, lost: 150 }, false)).toBe(5);
  expect(lostPercent({ packets: 3_000, lost: 150 }, true)).toBe(5);
  expect(lostPercent({ packets: 2_850, lost: 100, discarded: 50 }, false)).toBeCloseTo(5.08);
  expect([lostPercent({ packets: 3_000 }, true), lostPercent({ packets: 0, lost: 0 }, false)]).toEqual([null, null]);
});
