import { expect, test } from 'vitest';
import { bytes, percent, place, span } from './format';

test('lengths, places, shares and sizes', () => {
  expect([0, 999, 7_000, 61_000, 3_723_000, -5].map(span)).toEqual(['0:00', '0:00', '0:07', '1:01', '1:02:03', '0:00']);
  expect([0, 12.46, 59.97, 3_600, -4, -0.01].map(place)).toEqual(['0:00.0', '0:12.5', '1:00.0', '1:00:00.0', '−0:04.0', '0:00.0']);
  expect([null, 0, 97.46, 100].map((value) => percent(value))).toEqual(['–', '0.0%', '97.5%', '100%']);
  expect([0, 999, 1_200_000, 3e13].map(bytes)).toEqual(['0 B', '999 B', '1.2 MB', '30.0 TB']);
});
