import { expect, test } from 'vitest';
import type { Agent, Happening, Queue } from '../api/types';
import { afterEvent, agentsAfter, queuesAfter } from './changes';

const at = '2026-11-21T09:30:10.000Z';
const event = (name: string, more: Partial<Happening>): Happening => ({ seq: 1, at, name, detail: {}, ...more });

test('an agent is in the state that his event tells, since then', () => {
  const agents = [{ id: '1001', state: 'ready' }, { id: '1002', state: 'ready' }] as Agent[];
  const after = agentsAfter(agents, event('agent.not_ready', { agent: '1002', detail: { state: 'not-ready', reason: 'meal' } }));
  expect(after[0]).toBe(agents[0]);
  expect(after[1]).toMatchObject({ state: 'not-ready', reason: 'meal', since: at, call: null });
});

test('an event without a state leaves agents as they are, and has them loaded', () => {
  const agents = [{ id: '1001', state: 'ready' }] as Agent[];
  const sound = event('agent.sound', { agent: '1001', detail: { what: 'faint' } });
  expect(agentsAfter(agents, sound)).toBe(agents);
  expect(afterEvent(sound)).toEqual(['agents']);
});

test("a queue's figures are those of the event, its service level reckoned from their parts", () => {
  const queues = [{ id: 'service', today: { missed_offers: 3, service_level: { formula: 'f' } } }] as Queue[];
  const detail = { waiting: 2, longest_wait_ms: 4_000, offered: 9, answered: 6, abandoned: 1, service_level_numerator: 3, service_level_denominator: 4 };
  const [queue] = queuesAfter(queues, event('figures.queue', { queue: 'service', detail }));
  expect(queue).toMatchObject({ waiting: 2, longest_waiting_since: '2026-11-21T09:30:06.000Z', today: { offered: 9, missed_offers: 3 } });
  expect(queue?.today.service_level).toEqual({ numerator: 3, denominator: 4, value: 75, formula: 'f' });
});

test('nobody waits longest in an empty queue', () => {
  const queues = [{ id: 'service', longest_waiting_since: at, today: { service_level: {} } }] as Queue[];
  expect(queuesAfter(queues, event('figures.queue', { queue: 'service', detail: { waiting: 0 } }))[0]?.longest_waiting_since).toBeNull();
});

test('who comes into a call beside others, or leaves it, is seen in the list of calls', () => {
  for (const name of ['party.joined', 'party.left', 'party.changed', 'errand.began', 'call.held', 'session.started']) expect(afterEvent(event(name, {})), name).toEqual(['running']);
  expect(afterEvent(event('config.reloaded', {}))).toContain('about');
  expect(afterEvent(event('qa.score_given', {}))).toEqual([]);
});
