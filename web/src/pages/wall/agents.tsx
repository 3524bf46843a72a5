/** Every agent with his state, since when and why; those at work first. */

import { computed } from '@preact/signals';
import type { Agent } from '../../api/types';
import { agents } from '../../live/house';
import { Since, State } from '../../parts/small';
import { wall } from '../../words/wall';

const ORDER = ['talking', 'ringing', 'reserved', 'wrap-up', 'ready', 'not-ready', 'offline'];

const sorted = computed(() =>
  agents.value.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.id.localeCompare(b.id, 'en', { numeric: true })),
);

export function Agents() {
  const t = wall();
  return (
    <section class="panel agents" aria-labelledby="agents">
      <h2 id="agents">
        {t.agents} <small>{agents.value.length}</small>
      </h2>
      {agents.value.length === 0 && <p class="empty">{t.none.agents}</p>}
      <ul>
        {sorted.value.map((agent) => (
          <Tile key={agent.id} agent={agent} />
        ))}
      </ul>
    </section>
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
