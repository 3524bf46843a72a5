/** Whose phone is there, and whose is not. */

import { agents } from '../../live/house';
import { operator } from '../../words/operator';

export function Registrations() {
  const t = operator();
  const registered = agents.value.filter((agent) => agent.contacts > 0).length;
  return (
    <section class="panel" aria-labelledby="registrations">
      <h2 id="registrations">
        {t.registrations}{' '}
        <small>
          {registered} / {agents.value.length}
        </small>
      </h2>
      <ul class="chips">
        {agents.value.map((agent) => (
          <li key={agent.id} class={agent.contacts > 0 ? 'tone-up' : 'tone-offline'}>
            {agent.id} <small>{t.phones(agent.contacts)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}
