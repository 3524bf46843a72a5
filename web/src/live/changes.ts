/** What an event changes. Pure: state and event in, state out. */

import type { Agent, Happening, Queue } from '../api/types';

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** An agent's event has his state in it, and since when he has it. */
export function agentsAfter(agents: Agent[], event: Happening): Agent[] {
  const state = text(event.detail.state);
  if (!event.name.startsWith('agent.') || !event.agent || !state) return agents;
  return agents.map((agent) =>
    agent.id === event.agent
      ? { ...agent, state, since: event.at, reason: text(event.detail.reason), call: event.call ?? null }
      : agent,
  );
}

/** `figures.queue` has today's figures, and how long the first in line has waited. */
export function queuesAfter(queues: Queue[], event: Happening): Queue[] {
  if (event.name !== 'figures.queue') return queues;
  const { detail } = event;
  const [waiting, numerator, denominator] = [detail.waiting, detail.service_level_numerator, detail.service_level_denominator].map(number) as [
    number, number, number,
  ];
  const since = new Date(Date.parse(event.at) - number(detail.longest_wait_ms)).toISOString();
  return queues.map((queue) =>
    queue.id === event.queue
      ? {
          ...queue,
          waiting,
          longest_waiting_since: waiting > 0 ? since : null,
          today: {
            ...queue.today,
            offered: number(detail.offered),
            answered: number(detail.answered),
            abandoned: number(detail.abandoned),
            called_back: number(detail.called_back),
            flowed_out: number(detail.flowed_out),
            service_level: {
              numerator,
              denominator,
              value: denominator > 0 ? (numerator * 100) / denominator : null,
              formula: text(detail.service_level_formula) ?? queue.today.service_level.formula,
            },
          },
        }
      : queue,
  );
}

type Part = 'agents' | 'queues' | 'running' | 'recent' | 'health' | 'today' | 'about';

/** What is to be loaded again, because the event does not say all of it. */
export function afterEvent({ name, detail }: Happening): Part[] {
  const kind = name.split('.')[0] ?? '';
  if (name === 'call.released' || kind === 'recording') return ['running', 'recent', 'queues', 'today', 'health'];
  if (['call', 'hold', 'script', 'party', 'errand', 'session'].includes(kind)) return ['running'];
  if (kind === 'agent') return detail.state ? [] : ['agents'];
  if (kind === 'offer' || kind === 'figures') return ['queues'];
  if (kind === 'switch' || kind === 'trunk' || kind === 'source') return ['health'];
  if (kind === 'config') return ['about', 'agents', 'queues', 'health'];
  return [];
}
