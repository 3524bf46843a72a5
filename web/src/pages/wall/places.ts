/** Where agents stand on the wall. Pure. */

import type { Agent } from '../../api/types';

/** Those at work first. */
export const STATES = ['talking', 'ringing', 'reserved', 'wrap-up', 'ready', 'not-ready', 'offline'];

export const byId = (a: Agent, b: Agent): number => a.id.localeCompare(b.id, 'en', { numeric: true });

export const inOrder = (a: Agent, b: Agent): number => STATES.indexOf(a.state) - STATES.indexOf(b.state) || byId(a, b);

export const teamsOf = (agents: Agent[]): string[] => [...new Set(agents.flatMap(({ team }) => (team ? [team] : [])))].sort();

/** Tiles that a screen shows at once; in large letters fewer. */
export const atOnce = (big: boolean): number => (big ? 36 : 60);

/** A page of them: pages go round, and as the agents become fewer so do the pages. */
export function page(agents: Agent[], turn: number, size: number): { agents: Agent[]; at: number; of: number } {
  const of = Math.max(1, Math.ceil(agents.length / size));
  const at = ((turn % of) + of) % of;
  return { agents: agents.slice(at * size, (at + 1) * size), at, of };
}
