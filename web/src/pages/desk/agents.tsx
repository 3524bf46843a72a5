/** Agents with their states, and the ways to change them. */

import { send } from '../../api/client';
import type { Agent } from '../../api/types';
import { about, agents } from '../../live/house';
import { Since, State } from '../../parts/small';
import { order } from '../../parts/told';
import { desk } from '../../words/desk';
import { reasonName } from '../../words/reasons';
import { term } from '../../words/terms';

export function Agents() {
  const t = desk();
  return (
    <section class="panel" aria-labelledby="agents">
      <h2 id="agents">
        {t.agents} <small>{agents.value.length}</small>
      </h2>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="agents">
        <table class="lined">
          <thead>
            <tr>
              {[t.columns.agent, t.columns.state, t.columns.since, t.columns.call, t.columns.skills, t.columns.letGo].map((word) => (
                <th key={word} scope="col">
                  {word}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {agents.value.map((agent) => (
              <Line key={agent.id} agent={agent} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Line({ agent }: { agent: Agent }) {
  const t = desk();
  const letGo = Object.entries(agent.let_go).filter(([, count]) => count > 0);
  const set = (choice: string): void => {
    const [state, reason] = choice.split(' ');
    void order(() => send('POST', `/agents/${agent.id}/state`, { state, ...(reason ? { reason } : {}) }), t.done.state(agent.name || agent.id));
  };
  return (
    <tr>
      <td>
        {agent.name || agent.id} <small>{agent.id}</small>
      </td>
      <td>
        <State of={agent.state} reason={agent.reason} />
      </td>
      <td>
        <Since at={agent.since} />
      </td>
      <td>{agent.call && <a href={`/calls/${agent.call}`}>{t.open}</a>}</td>
      <td class="soft">
        {Object.entries(agent.skills)
          .map(([skill, level]) => `${skill} ${level}`)
          .join(', ')}
      </td>
      <td class={letGo.length > 0 ? 'tone-missed' : ''}>{letGo.map(([cause, count]) => `${term(cause)} ${count}`).join(', ')}</td>
      <td>
        <select
          aria-label={t.setState(agent.name || agent.id)}
          value=""
          onChange={(event) => {
            set(event.currentTarget.value);
            event.currentTarget.value = '';
          }}
        >
          <option value="">{t.set} …</option>
          <option value="ready">{t.states.ready}</option>
          <option value="not-ready">{t.states['not-ready']}</option>
          {(about.value?.reasons ?? []).map(({ id }) => (
            <option key={id} value={`not-ready ${id}`}>
              {t.states['not-ready']}: {reasonName(id)}
            </option>
          ))}
          <option value="offline">{t.states.offline}</option>
        </select>
      </td>
    </tr>
  );
}
