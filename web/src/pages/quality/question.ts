/** What the results are asked: the address has it, the form shows it. Pure. */

import type { ResultRow } from '../../api/types';
import { dayIn, later } from '../../zone';

export const BY = ['agent', 'team', 'item'] as const;
export type By = (typeof BY)[number];

export interface Question {
  by: By;
  /** Days of the house's calendar, both with. */
  from: string;
  until: string;
  scorecard: string;
  agent: string;
  team: string;
  /** The column that the rows are in order of. */
  sort: string;
}

/** As the API has it when nothing is said: four weeks. */
const USUAL_DAYS = 28;
/** Of a longer time the weeks are drawn, of a shorter the days. */
const DAYS_DRAWN_MAX = 31;
/** Lines of a chart that can be told from one another. */
const LINES_MAX = 8;

export function questionOf(query: URLSearchParams, now: number, zone: string): Question {
  const today = dayIn(zone, now);
  const text = (name: string): string => query.get(name) ?? '';
  return {
    by: BY.find((word) => word === query.get('by')) ?? 'agent',
    from: text('from') || later(today, 1 - USUAL_DAYS),
    until: text('until') || today,
    scorecard: text('scorecard'),
    agent: text('agent'),
    team: text('team'),
    sort: text('sort'),
  };
}

export const sliceOf = ({ from, until }: Question): 'day' | 'week' =>
  Date.parse(until) - Date.parse(from) < DAYS_DRAWN_MAX * 86_400_000 ? 'day' : 'week';

/** Figures by which rows can be put in order; the worst comes first. */
export const SORTED: Record<string, (row: ResultRow) => number> = {
  n: (row) => -row.n,
  mean: (row) => row.mean ?? 101,
  pass_rate: (row) => row.pass_rate ?? 101,
  fatal_rate: (row) => -(row.fatal_rate ?? -1),
  overruled: (row) => -row.overruled,
  not_applicable: (row) => -row.not_applicable,
};

export function sorted(rows: ResultRow[], by: string): ResultRow[] {
  const figure = SORTED[by];
  return figure ? rows.toSorted((a, b) => figure(a) - figure(b)) : rows;
}

/** Means over time as a report's rows: those that stand first in the table. */
export function drawn(slices: ResultRow[], rows: ResultRow[], name: (key: string) => string) {
  const keys = new Set(rows.slice(0, LINES_MAX).map((row) => row.key));
  return {
    formulas: [{ name: 'mean', unit: 'percent' }],
    rows: slices
      .filter((slice) => slice.from && keys.has(slice.key))
      .map((slice) => ({
        key: name(slice.key),
        from: slice.from ?? '',
        figures: [{ name: 'mean', unit: 'percent', value: slice.mean ?? null, numerator: 0 }],
      })),
  };
}
