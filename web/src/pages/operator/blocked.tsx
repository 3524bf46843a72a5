/** Sources of SIP that are refused, and a way back for them. */

import { useEffect } from 'preact/hooks';
import { items, send } from '../../api/client';
import type { BlockedSource } from '../../api/types';
import { now } from '../../clock';
import { moment } from '../../format';
import { fresh } from '../../live/fresh';
import { overhear } from '../../live/house';
import { useLoaded } from '../../parts/loading';
import { order } from '../../parts/told';
import { may } from '../../session';
import { operator } from '../../words/operator';

export function Blocked() {
  const t = operator();
  const { answer, again } = useLoaded('blocked', (signal) => items<BlockedSource>('/blocked', signal));
  useEffect(() => {
    const load = fresh(async () => again(), 1_000);
    return overhear((event) => event.name.startsWith('source.') && load());
  }, []);
  const release = (source: string): void =>
    void order(() => send('DELETE', `/blocked?source=${encodeURIComponent(source)}`), t.released(source)).then(again);
  return (
    <section class="panel" aria-labelledby="blocked">
      <h2 id="blocked">{t.blocked}</h2>
      {answer?.length === 0 && <p class="empty">{t.noBlocked}</p>}
      <ul class="lines">
        {answer?.map(({ source, until, times }) => (
          <li key={source}>
            <code>{source}</code>
            <span class="soft">
              {t.until} {moment(until, now.peek())} · {t.times(times)}
            </span>
            {may('configure') && (
              <button type="button" onClick={() => release(source)}>
                {t.release}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
