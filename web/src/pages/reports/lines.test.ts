import { expect, test } from 'vitest';
import type { Report } from '../../api/types';
import { lines } from './lines';

test('each key has its own line, with holes where it has no row', () => {
  const row = (key: string, second: number, value: number | null) => ({
    key,
    from: new Date(second * 1_000).toISOString(),
    until: '',
    figures: [{ name: 'offered', unit: 'count', numerator: 0, value }],
  });
  const report = { rows: [row('b', 1_800, 4), row('a', 0, 1), row('a', 3_600, null), row('b', 0, 2)] } as Pick<Report, 'rows'>;
  expect(lines(report, 'offered')).toEqual({
    times: [0, 1_800, 3_600],
    series: [
      { key: 'b', values: [2, 4, null] },
      { key: 'a', values: [1, null, null] },
    ],
  });
});
