/** Calibrations: several score one call apart, and then see where they differ. */

import { items } from '../../api/client';
import type { Calibration, Scorecard, Task } from '../../api/types';
import { now } from '../../clock';
import { moment } from '../../format';
import { useKeys } from '../../keys';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { cardOf, scoringOf, worded } from '../../quality/work';
import { quality } from '../../words/quality';
import { lineOf, useLines } from './lines';

export function Calibrations() {
  const t = quality();
  const { answer, refusal, again } = useLoaded('calibrations', (signal) => items<Calibration>('/qa/calibrations', signal));
  const cards = useLoaded('scorecards', (signal) => items<Scorecard>('/qa/scorecards', signal));
  const open = useLoaded('work', (signal) => items<Task>('/qa/work', signal));
  useNews(() => {
    again();
    open.again();
  });
  const waiting = (id: string): Task | undefined => open.answer?.find((task) => task.calibration === id);
  const found = answer ?? [];
  const lines = useLines(found.map(({ id }) => `/quality/calibrations/${id}`));
  useKeys(t.views.calibrations, lines.keys);
  return (
    <section class="panel" aria-labelledby="calibrations">
      <h2 id="calibrations">
        {t.views.calibrations} <small>{found.length}</small>
      </h2>
      <Wrong>{refusal?.message}</Wrong>
      {answer && found.length === 0 && <p class="empty">{t.noCalibrations}</p>}
      {found.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="calibrations">
          <table class="lined">
            <thead>
              <tr>
                {[t.calibration, t.columns.agent, t.columns.card, t.columns.scorers, t.columns.reference, t.columns.due].map((word) => (
                  <th key={word} scope="col">
                    {word}
                  </th>
                ))}
                <td />
              </tr>
            </thead>
            <tbody>
              {found.map((one, line) => {
                const card = cardOf(cards.answer ?? [], one.scorecard, one.version);
                const mine = waiting(one.id);
                return (
                  <tr key={one.id} {...lineOf(lines, line)}>
                    <td>
                      <a href={`/quality/calibrations/${one.id}`}>{moment(one.at, now.peek())}</a>
                    </td>
                    <td>{one.agent}</td>
                    <td>{card ? worded(card.title) : one.scorecard}</td>
                    <td>{one.scorers.join(', ')}</td>
                    <td>{one.reference}</td>
                    <td>{moment(one.due_at, now.peek()).slice(0, -3)}</td>
                    <td>
                      {mine && (
                        <a class="button" href={scoringOf(mine)}>
                          {t.scoreIt}
                        </a>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
