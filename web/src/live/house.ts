/**
 * The house as it is now: agents, queues, running calls, alarms. Loaded once a connection; from then on events change it, and what an
 * event does not say in full is loaded again. Nothing is asked by the clock.
 */

import { signal } from '@preact/signals';
import { get, items } from '../api/client';
import type { Agent, Call, Happening, Health, Queue, Report } from '../api/types';
import { may } from '../session';
import { afterEvent, agentsAfter, queuesAfter } from './changes';
import { fresh } from './fresh';
import { listen } from './stream';

/** Lines of "just now" that are kept. */
const FEED_LINES = 40;
const RUNNING_MAX = 200;
const RECENT_MAX = 12;

export const agents = signal<Agent[]>([]);
export const queues = signal<Queue[]>([]);
export const running = signal<Call[]>([]);
/** Calls that have ended last. */
export const recent = signal<Call[]>([]);
export const feed = signal<Happening[]>([]);
export const health = signal<Health | null>(null);
/** Today's report of the queues: the rules' rates with their formulas. */
export const today = signal<Report | null>(null);
/** Whether a first state has been loaded. */
export const known = signal(false);

const load = {
  agents: fresh(async () => {
    agents.value = await items<Agent>('/agents');
    known.value = true;
  }, 1_000),
  queues: fresh(async () => {
    queues.value = await items<Queue>('/queues');
    known.value = true;
  }, 1_000),
  running: fresh(async () => {
    running.value = await items<Call>(`/calls?running=true&limit=${RUNNING_MAX}`);
  }, 500),
  recent: fresh(async () => {
    const calls = await items<Call>(`/calls?limit=${RECENT_MAX * 3}`);
    recent.value = calls.filter((call) => call.released_at).slice(0, RECENT_MAX);
  }, 2_000),
  health: fresh(async () => {
    // 503 has the same shape, with the reasons.
    health.value = (await (await fetch('/healthz', { cache: 'no-store' })).json()) as Health;
  }, 2_000),
  today: fresh(async () => {
    today.value = await get<Report>('/reports/queues');
  }, 15_000),
};

/** Keeps the house up to date until the returned function is called. */
export function live(): () => void {
  return listen({
    began: () => {
      if (!may('see')) return;
      for (const again of Object.values(load)) again();
    },
    heard: (event) => {
      agents.value = agentsAfter(agents.value, event);
      queues.value = queuesAfter(queues.value, event);
      if (event.name !== 'figures.queue') feed.value = [event, ...feed.value].slice(0, FEED_LINES);
      for (const part of afterEvent(event)) load[part]();
      for (const hear of ears) hear(event);
    },
  });
}

const ears = new Set<(event: Happening) => void>();

/** For a page that shows something else than the house: every event as it comes, until the returned function is called. */
export function overhear(hear: (event: Happening) => void): () => void {
  ears.add(hear);
  return () => ears.delete(hear);
}
