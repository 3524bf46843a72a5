import { expect, test } from 'vitest';
import { peaksOf, picture } from './peaks';

test('a peak is the loudest of its slice, whatever its sign', () => {
  expect(peaksOf(Float32Array.of(0, 0.5, -1, 0.25), 2)).toEqual([0.5, 1]);
  expect(peaksOf(new Float32Array(0), 2)).toEqual([0, 0]);
});

test('silence is where nobody speaks for two seconds, over-talk where both do', () => {
  // Slices of 0.1 s: the customer speaks in second 0 to 2, the agent from 1.5 to 3, then nobody until 6.
  const side = (from: number, to: number): number[] => Array.from({ length: 60 }, (_, at) => (at >= from && at < to ? 0.5 : 0));
  const { silences, overTalk } = picture(side(0, 20), side(15, 30), 6);
  expect(silences).toHaveLength(1);
  expect(silences[0]?.from).toBeCloseTo(3.2);
  expect(silences[0]?.to).toBeCloseTo(6);
  expect(overTalk).toHaveLength(1);
  expect(overTalk[0]?.from).toBeCloseTo(1.3);
});

test('a pause between words is no silence', () => {
  const words = Array.from({ length: 60 }, (_, at) => (at % 15 < 5 ? 0.5 : 0));
  expect(picture(words, new Array(60).fill(0), 6).silences).toEqual([]);
});
