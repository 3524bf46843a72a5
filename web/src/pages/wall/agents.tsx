/**
 * Every agent with his state, since when and why. A few stand together, those at work first. Many stand in order of their ids, each in his
 * place, so that nothing jumps when a state changes: by team, page after page, with how many are in which state above them.
 */

import { computed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { address, go, query } from '../../address';
import type { Agent } from '../../api/types';
import { useKeys } from '../../keys';
import { agents } from '../../live/house';
import { Since, State } from '../../parts/small';
import { term } from '../../words/terms';
import { wall } from '../../words/wall';
import { atOnce, byId, inOrder, page, STATES, teamsOf } from './places';

/** More than these are shown by team and page. */
const FEW = 60;
/** Nobody turns the pages of a screen that hangs on a wall. */
const TURNED_AFTER_MS = 15_000;

const sorted = computed(() => (agents.value.length > FEW ? agents.value.toSorted(byId) : agents.value.toSorted(inOrder)));

export function Agents({ big }: { big: boolean }) {
  const t = wall();
  const many = agents.value.length > FEW;
  return (
    <section class={many ? 'panel agents many' : 'panel agents'} aria-labelledby="agents">
      <h2 id="agents">
        {t.agents} <small>{agents.value.length}</small>
      </h2>
      {agents.value.length === 0 && <p class="empty">{t.none.agents}</p>}
      {many ? <Many big={big} /> : <Tiles agents={sorted.value} />}
    </section>
  );
}

function Tiles({ agents }: { agents: Agent[] }) {
  return (
    <ul>
      {agents.map((agent) => (
        <Tile key={agent.id} agent={agent} />
      ))}
    </ul>
  );
}

function Many({ big }: { big: boolean }) {
  const t = wall();
  const teams = teamsOf(agents.value);
  const team = teams.find((name) => name === query.value.get('team')) ?? '';
  const [turn, turnTo] = useState(0);
  const chosen = team === '' ? sorted.value : sorted.value.filter((agent) => agent.team === team);
  const here = page(chosen, turn, atOnce(big));
  const look = (team: string): void => {
    turnTo(0);
    go(address('/', { team }), { replace: true });
  };
  const by = (pages: number): void => turnTo((turn + pages + here.of) % here.of);
  useKeys(t.agents, [
    { key: 'n', what: t.keys.next, run: () => by(1) },
    { key: 'p', what: t.keys.back, run: () => by(-1) },
    { key: 't', what: t.keys.team, run: () => look(['', ...teams][(['', ...teams].indexOf(team) + 1) % (teams.length + 1)] ?? '') },
  ]);
  useEffect(() => {
    if (!big || here.of === 1) return;
    const timer = setInterval(() => turnTo((turn) => turn + 1), TURNED_AFTER_MS);
    return () => clearInterval(timer);
  }, [big, here.of]);
  const inState = (state: string): number => chosen.reduce((sum, agent) => sum + Number(agent.state === state), 0);
  return (
    <>
      <div class="among">
        <span class="choice" role="group" aria-label={t.team}>
          {['', ...teams].map((name) => (
            <button key={name} type="button" aria-pressed={name === team} onClick={() => look(name)}>
              {name || t.allTeams}
            </button>
          ))}
        </span>
        <dl class="states">
          {STATES.map((state) => (
            <div key={state} class={`tone-${state}`}>
              <dt>{term(state)}</dt>
              <dd>{inState(state)}</dd>
            </div>
          ))}
        </dl>
        <span class="pages">
          <button class="quiet" type="button" aria-label={t.keys.back} disabled={here.of === 1} onClick={() => by(-1)}>
            ‹
          </button>
          <span class="number">
            {here.at + 1} / {here.of}
          </span>
          <button class="quiet" type="button" aria-label={t.keys.next} disabled={here.of === 1} onClick={() => by(1)}>
            ›
          </button>
        </span>
      </div>
      <Tiles agents={here.agents} />
    </>
  );
}

function Tile({ agent }: { agent: Agent }) {
  const t = wall();
  return (
    <li class={`tile tone-${agent.state}`}>
      <b>{agent.name || agent.id}</b>
      <span class="row">
        <State of={agent.state} reason={agent.reason} />
        <Since at={agent.since} />
      </span>
      <small>
        {agent.id}
        {agent.team && ` · ${agent.team}`}
        {agent.contacts === 0 && ` · ${t.noPhone}`}
      </small>
    </li>
  );
}
