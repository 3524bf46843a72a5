/**
 * The house as it is now: agents, queues, running calls, alarms. Loaded once a connection; from then on events change it, and what an
 * event does not say in full is loaded again. Nothing is asked by the clock.
 */

import { computed, signal } from '@preact/signals';
import { get, items } from '../api/client';
import type { Agent, Call, Happening, Health, House, Queue, Report } from '../api/types';
import { may } from '../session';
import { afterEvent, agentsAfter, queuesAfter } from './changes';
import { fresh } from './fresh';
import { listen } from './stream';

/** Lines of "just now" that are kept. */
const FEED_LINES = 40;
const RUNNING_MAX = 200;
const RUNNING_FEW = 30;
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
/** The house's name, zone and reasons, by its configuration; null until they are known. */
export const about = signal<House | null>(null);
const loaded = { agents: signal(false), queues: signal(false) };
/** Whether a first state has been loaded, all of it: what comes later would move what is there. */
export const known = computed(() => loaded.agents.value && loaded.queues.value);

const load = {
  agents: fresh(async () => {
    agents.value = await items<Agent>('/agents');
    loaded.agents.value = true;
  }, 1_000),
  queues: fresh(async () => {
    queues.value = await items<Queue>('/queues');
    loaded.queues.value = true;
  }, 1_000),
  running: fresh(async () => {
    running.value = await items<Call>(`/calls?running=true&limit=${RUNNING_MAX}`);
    // A long list is dear to load, and changes all the time.
  }, () => (running.value.length > RUNNING_FEW ? 2_000 : 500)),
  recent: fresh(async () => {
    const calls = await items<Call>(`/calls?limit=${RECENT_MAX * 3}`);
    recent.value = calls.filter((call) => call.released_at).slice(0, RECENT_MAX);
  }, 2_000),
  about: fresh(async () => {
    about.value = await get<House>('/house');
  }, 1_000),
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
  // A page of days waits for it, and need not wait for the stream.
  if (may('see')) load.about();
  return listen({
    began: () => {
      if (!may('see')) return;
      for (const again of Object.values(load)) again();
    },
    heard: (event) => {
      agents.value = agentsAfter(agents.value, event);
      queues.value = queuesAfter(queues.value, event);
      if (isForTheRoom(event)) feed.value = [event, ...feed.value].slice(0, FEED_LINES);
      for (const part of afterEvent(event)) load[part]();
      for (const hear of ears) hear(event);
    },
  });
}

/** A wall hangs where everybody sees it: how somebody was scored is not for it. */
const isForTheRoom = ({ name }: Happening): boolean => name !== 'figures.queue' && !name.startsWith('qa.');

const ears = new Set<(event: Happening) => void>();

/** For a page that shows something else than the house: every event as it comes, until the returned function is called. */
export function overhear(hear: (event: Happening) => void): () => void {
  ears.add(hear);
  return () => ears.delete(hear);
}
