/** Who is to be called back: an agent can be told to do it now, or it can be dropped. */

import { useEffect } from 'preact/hooks';
import { items, send } from '../../api/client';
import type { CallBack } from '../../api/types';
import { fresh } from '../../live/fresh';
import { agents, overhear } from '../../live/house';
import { useLoaded } from '../../parts/loading';
import { Since, State } from '../../parts/small';
import { order } from '../../parts/told';
import { desk } from '../../words/desk';
import { term } from '../../words/terms';

export function CallBacks() {
  const t = desk();
  const list = useLoaded('call-backs', (signal) => items<CallBack>('/call-backs', signal));
  useEffect(() => {
    const again = fresh(async () => list.again(), 1_000);
    return overhear((event) => event.name.startsWith('call_back.') && again());
  }, []);
  const ready = agents.value.filter((agent) => agent.state === 'ready');
  const callBacks = list.answer ?? [];
  return (
    <section class="panel" aria-labelledby="call-backs">
      <h2 id="call-backs">
        {t.callBacks} <small>{callBacks.length}</small>
      </h2>
      {callBacks.length === 0 && <p class="empty">{t.noCallBacks}</p>}
      <ul class="lines">
        {callBacks.map((one) => (
          <li key={one.id}>
            <a href={`/calls/${one.id}`}>{one.number}</a>
            <State of={one.state} />
            <span class="soft">
              {one.queue} · {term(one.why)} · <Since at={one.asked_at} /> {t.tries(one.tries)}
            </span>
            <select
              aria-label={t.callNow}
              disabled={one.state === 'calling'}
              value=""
              onChange={(event) => {
                const agent = event.currentTarget.value;
                event.currentTarget.value = '';
                void order(() => send('POST', `/call-backs/${one.id}/call`, { agent }), t.done.state(agent));
              }}
            >
              <option value="">{t.callNow} …</option>
              {ready.map((agent) => (
                <option key={agent.id} value={agent.id}>
                  {agent.id} {agent.name}
                </option>
              ))}
            </select>
            <button
              type="button"
              disabled={one.state === 'calling'}
              onClick={() => void order(() => send('DELETE', `/call-backs/${one.id}`), t.done.state(one.number)).then(list.again)}
            >
              {t.drop}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
