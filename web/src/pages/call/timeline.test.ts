import { expect, test } from 'vitest';
import type { Call, Happening } from '../../api/types';
import { marks, timeLine } from './timeline';

const at = (second: number): string => new Date(Date.UTC(2026, 10, 21, 9, 30, second)).toISOString();
const CALL = {
  arrived_at: at(0),
  answered_at: at(4),
  released_at: at(40),
  offers: [
    { agent: '1001', alerted_at: at(1), ended_at: at(4), rings: 1, result: 'answered', beside: false },
  ],
  holds: [{ by: 'agent', started_at: at(10), ended_at: at(20), reassured: 1 }],
} as unknown as Call;
const event = (name: string, second: number): Happening => ({ seq: second, at: at(second), name, detail: {} });

test('seconds count from the answer, and what rang before it lies before them', () => {
  const line = timeLine(CALL, [event('hold.patience_exceeded', 17), event('agent.busy', 4)], [], null, 0);
  expect([line.from, line.to]).toEqual([-4, 36]);
  expect(line.lanes.map((lane) => lane.name)).toEqual(['rings', 'holds']);
  expect(line.lanes[0]?.spans[0]).toMatchObject({ from: -3, to: 0, words: ['1001', 'answered'] });
  expect(line.lanes[1]).toMatchObject({ spans: [{ from: 6, to: 16 }], ticks: [{ at: 13, name: 'hold.patience_exceeded' }] });
});

test('a pause of the recording is a span, and keys stand at their moments as they are told', () => {
  const pauses = [{ started_at: at(12), ended_at: at(22), by: '1001', why: 'card data', ending: 'resumed' }];
  const keys = [
    { at: at(11), agent: '1001', key: '#' },
    { at: at(14), key: '•' },
  ];
  const { lanes } = timeLine({ ...CALL, pauses, keys } as Call, [], [], null, 0);
  expect(lanes.map((lane) => lane.name)).toEqual(['rings', 'holds', 'pauses', 'keys']);
  expect(lanes[2]?.spans).toEqual([{ from: 8, to: 18, words: ['card data', '1001'], tone: 'offline' }]);
  expect(lanes[3]?.ticks).toEqual([
    { at: 7, name: '1001: #', tone: 'talking' },
    { at: 10, name: '•', tone: 'waiting' },
  ]);
});

test('what has not ended goes on until now', () => {
  const running = { ...CALL, released_at: null, holds: [{ by: 'agent', started_at: at(10), ended_at: null, reassured: 0 }] };
  expect(timeLine(running as Call, [], [], null, Date.parse(at(30))).lanes.at(-1)?.spans[0]?.to).toBe(26);
});

test('over-talk is two people, not one and the music', () => {
  const part = { agent: '1001', role: 'serving', started_at: at(4), ended_at: at(38), ending: 'left' };
  const both = [2, 8, 35].map((from) => ({ from, to: from + 1 }));
  const sound = { duration: 36, beganAt: null, customer: [], agent: [], silences: [], overTalk: [{ from: -1, to: 0 }, ...both] };
  const line = timeLine({ ...CALL, segments: [part] }, [], [], sound, 0);
  expect(line.lanes.find((lane) => lane.name === 'overTalk')?.spans.map((span) => span.from)).toEqual([2]);
});

test('a note stands at its moment; one on the whole call nowhere', () => {
  const note = (at_ms: number | null) => ({ id: '', who: 'li-qa', at: at(50), text: 'rude', at_ms });
  const line = timeLine(CALL, [], [note(12_500), note(null)], null, 0);
  expect(line.lanes.find((lane) => lane.name === 'notes')?.ticks).toEqual([{ at: 12.5, name: 'rude', tone: 'waiting' }]);
});

test('the recording says itself when it began', () => {
  const sound = { duration: 30, beganAt: at(6), customer: [], agent: [], silences: [], overTalk: [] };
  expect(timeLine(CALL, [], [], sound, 0)).toMatchObject({ zero: Date.parse(at(6)), from: -6, to: 34 });
});

test('an axis has round marks, not closer than asked', () => {
  expect(marks(-4, 36, 7)).toEqual([0, 10, 20, 30]);
  expect(marks(0, 3, 0.4)).toEqual([0, 1, 2, 3]);
});
