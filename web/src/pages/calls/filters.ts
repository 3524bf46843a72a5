/** What calls can be searched by: the address has it, the form shows it, the API is asked with it. */

import { day } from '../../format';

export const DIRECTIONS = ['inbound', 'outbound', 'internal', 'external'];
export const OUTCOMES = [
  'answered', 'abandoned', 'silent', 'scripted', 'refused', 'no-answer', 'busy', 'unreachable', 'played', 'message', 'call-back', 'failed',
];
export const PARTIES = ['caller', 'agent', 'callee', 'switch'];
export const RULES = [
  'three-rings', 'patience', 'promise', 'hold-without-reason', 'greeting-late', 'greeting-missing', 'hung-up-first', 'abandoned', 'silent-release',
  'open-microphone',
];
export const RECORDINGS = ['any', 'open', 'complete', 'recovered', 'missing', 'removed'];

/** What is asked most. */
export const FIRST = ['number', 'agent', 'queue', 'outcome', 'broken', 'words', 'since', 'until'] as const;
/** What one looks for now and then. */
export const MORE = [
  'caller', 'called', 'direction', 'first', 'longer', 'shorter', 'waited', 'score_above', 'score_below', 'mos_below', 'recording', 'running',
] as const;
const FILTERS = [...FIRST, ...MORE];

export type Filter = (typeof FIRST)[number] | (typeof MORE)[number];
export type Search = Partial<Record<Filter, string>>;

/** Of an address, or of the form: the known filters that say something. */
export function searchOf(query: { get(name: string): unknown }): Search {
  return Object.fromEntries(FILTERS.map((name) => [name, String(query.get(name) ?? '').trim()]).filter(([, value]) => value));
}

/** What the API is asked. Times stand in the address as the form has them, by this computer's clock. */
export function parameters(search: Search): URLSearchParams {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    asked.set(name, name === 'since' || name === 'until' ? new Date(value).toISOString() : value);
  }
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
