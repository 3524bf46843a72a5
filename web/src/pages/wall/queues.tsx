/** Each queue's line of the wall. */

import { percent, span } from '../../format';
import { queues } from '../../live/house';
import { Explained, Since } from '../../parts/small';
import { wall } from '../../words/wall';

export function Queues() {
  const t = wall();
  return (
    <section class="panel queues" aria-labelledby="queues">
      <h2 id="queues">{t.queues}</h2>
      <div class="scroll" tabIndex={0} role="group" aria-labelledby="queues">
        <table>
          <thead>
            <tr>
              <th scope="col">{t.queue}</th>
              <th scope="col">{t.waiting}</th>
              <th scope="col">{t.longest}</th>
              <th scope="col">{t.level}</th>
              <th scope="col">{t.agentsReady}</th>
              <th scope="col">{t.offered}</th>
              <th scope="col">{t.answered}</th>
              <th scope="col">{t.lost}</th>
              <th scope="col">{t.meanWait}</th>
              <th scope="col">{t.missed}</th>
            </tr>
          </thead>
          <tbody>
            {queues.value.map(({ id, waiting, longest_waiting_since, agents, today }) => (
              <tr key={id}>
                <th scope="row">{id}</th>
                <td class={waiting > 0 ? 'tone-waiting strong' : ''}>{waiting}</td>
                <td>{longest_waiting_since ? <Since at={longest_waiting_since} /> : '–'}</td>
                <td>
                  <Explained
                    by={
                      <>
                        {today.service_level.formula}
                        <br />
                        {t.of(String(today.service_level.numerator), String(today.service_level.denominator))}
                      </>
                    }
                  >
                    {percent(today.service_level.value)}
                  </Explained>
                </td>
                <td>{agents.ready ?? 0}</td>
                <td>{today.offered}</td>
                <td>{today.answered}</td>
                <td>{today.abandoned}</td>
                <td>{today.answered > 0 ? span(today.wait_mean_ms) : '–'}</td>
                <td>{today.missed_offers}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
