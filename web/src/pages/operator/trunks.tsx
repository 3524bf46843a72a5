/** The carriers, as the switch knows them. */

import { useEffect } from 'preact/hooks';
import { items } from '../../api/client';
import type { Trunk } from '../../api/types';
import { now } from '../../clock';
import { moment } from '../../format';
import { fresh } from '../../live/fresh';
import { overhear } from '../../live/house';
import { useLoaded } from '../../parts/loading';
import { State } from '../../parts/small';
import { operator } from '../../words/operator';

export function Trunks() {
  const t = operator();
  const { answer, again } = useLoaded('trunks', (signal) => items<Trunk>('/trunks', signal));
  useEffect(() => {
    const load = fresh(async () => again(), 1_000);
    return overhear((event) => event.name.startsWith('trunk.') && load());
  }, []);
  return (
    <section class="panel" aria-labelledby="trunks">
      <h2 id="trunks">{t.trunks}</h2>
      {answer?.length === 0 && <p class="empty">{t.noTrunks}</p>}
      <ul class="lines">
        {answer?.map((trunk) => (
          <li key={trunk.id}>
            <b>{trunk.id}</b>
            <span class="soft">
              {t.calls(trunk.calls, trunk.channels ?? null)}
              {trunk.registered_since && ` · ${t.registered} ${moment(trunk.registered_since, now.peek())}`}
            </span>
            {trunk.unregistered_because && <span class="wrong">{t.unregistered(trunk.unregistered_because)}</span>}
            {trunk.hosts.map((host) => (
              <span key={host.host}>
                <code>{host.host}</code> <State of={host.state} />
                {host.lost && <span class="wrong">{host.lost}</span>}
                {/* Of an address there is nothing more to say. */}
                {host.targets.some((one) => !host.host.includes(one.target.slice('udp:'.length))) && (
                  <span class="soft">
                    {' → '}
                    {host.targets.map((one) => (
                      <span key={one.target}>
                        <code>{one.target}</code> <State of={one.state} />{' '}
                        {one.target === trunk.used && `(${t.used}) `}
                      </span>
                    ))}
                  </span>
                )}
              </span>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
