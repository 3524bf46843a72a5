/** What calls can be searched by: the address has it, the form shows it, the API is asked with it. */

import { day } from '../../format';

export const OUTCOMES = [
  'answered', 'abandoned', 'silent', 'scripted', 'refused', 'no-answer', 'busy', 'unreachable', 'played', 'message', 'failed',
];
export const RECORDINGS = ['any', 'open', 'complete', 'recovered', 'missing', 'removed'];

export const FILTERS = ['caller', 'agent', 'queue', 'outcome', 'recording', 'running', 'since', 'until'] as const;

export type Filter = (typeof FILTERS)[number];
export type Search = Partial<Record<Filter, string>>;

/** Of an address: its known filters that say something. */
export function searchOf(query: URLSearchParams): Search {
  return Object.fromEntries(FILTERS.map((name) => [name, query.get(name)?.trim()]).filter(([, value]) => value));
}

/** What the API is asked. Times stand in the address as the form has them, by this computer's clock. */
export function parameters(search: Search, cursor: string | null, limit: number): URLSearchParams {
  const asked = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(search)) {
    asked.set(name, name === 'since' || name === 'until' ? new Date(value).toISOString() : value);
  }
  if (cursor) asked.set('cursor', cursor);
  return asked;
}

/** From midnight `ago` days before `now` to midnight `long` days later, as the form writes times. */
export function days(now: number, ago: number, long: number): { since: string; until: string } {
  const midnight = (back: number): string => {
    const date = new Date(now);
    date.setDate(date.getDate() - back);
    return `${day(date.getTime())}T00:00`;
  };
  return { since: midnight(ago), until: midnight(ago - long) };
}
