/** A report's rows as lines over time. Pure. */

import type { Report } from '../../api/types';

export interface Line {
  key: string;
  values: (number | null)[];
}

/** As much of a report's rows as a line is drawn of. */
export interface Rows {
  rows: Pick<Report['rows'][number], 'key' | 'from' | 'figures'>[];
}

/** Times in seconds since 1970; null where a queue or agent has no row or the figure no value. */
export function lines(report: Rows, figure: string): { times: number[]; series: Line[] } {
  const times = [...new Set(report.rows.map((row) => Date.parse(row.from) / 1_000))].sort((a, b) => a - b);
  const place = new Map(times.map((time, at) => [time, at]));
  const series = new Map<string, (number | null)[]>();
  for (const row of report.rows) {
    const values = series.get(row.key) ?? new Array<number | null>(times.length).fill(null);
    series.set(row.key, values);
    values[place.get(Date.parse(row.from) / 1_000) ?? 0] = row.figures.find((one) => one.name === figure)?.value ?? null;
  }
  return { times, series: [...series].map(([key, values]) => ({ key, values })) };
}
