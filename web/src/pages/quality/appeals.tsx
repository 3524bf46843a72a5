/** Objections: open ones for who answers them, all of his for the agent. Each opens beside its call. */

import { address, go, query } from '../../address';
import { items } from '../../api/client';
import type { Appeal, Scorecard } from '../../api/types';
import { now } from '../../clock';
import { moment } from '../../format';
import { useKeys } from '../../keys';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { State, Wrong } from '../../parts/small';
import { itemName, scoreAt } from '../../quality/work';
import { may } from '../../session';
import { quality } from '../../words/quality';
import { lineOf, useLines } from './lines';

const STATES = ['open', 'kept', 'changed', 'all'] as const;

const scoreOf = (appeal: Appeal): string => scoreAt({ id: appeal.score_id, call_id: appeal.call_id });

export function Appeals() {
  const t = quality();
  const state = query.value.get('state') ?? (may('score') ? 'open' : 'all');
  const cards = useLoaded('scorecards', (signal) => items<Scorecard>('/qa/scorecards', signal));
  const { answer, refusal, again } = useLoaded(state, (signal) => items<Appeal>(`/qa/appeals?state=${encodeURIComponent(state)}`, signal));
  useNews(again);
  const appeals = answer ?? [];
  const lines = useLines(appeals.map(scoreOf));
  useKeys(t.views.appeals, lines.keys);
  const contested = (appeal: Appeal): string =>
    appeal.items?.length ? appeal.items.map((item) => itemName(cards.answer ?? [], item)).join(' · ') : t.contested(0);
  return (
    <>
      <span class="choice" role="group" aria-label={t.columns.state}>
        {STATES.map((one) => (
          <button key={one} type="button" aria-pressed={one === state} onClick={() => go(address('/quality/appeals', { state: one }))}>
            {t.appealStates[one]}
          </button>
        ))}
      </span>
      <Wrong>{refusal?.message}</Wrong>
      <section class="panel" aria-labelledby="appeals">
        <h2 id="appeals">
          {t.views.appeals} <small>{appeals.length}</small>
        </h2>
        {answer && appeals.length === 0 && <p class="empty">{t.noAppeals}</p>}
        {appeals.length > 0 && (
          <div class="scroll" tabIndex={0} role="group" aria-labelledby="appeals">
            <table class="lined">
              <thead>
                <tr>
                  {[t.columns.at, t.columns.agent, t.columns.state, t.columns.items, t.columns.text].map((word, at) => (
                    <th key={word} scope="col">
                      {at === 0 ? t.columns.appeal : word}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {appeals.map((appeal, line) => (
                  <tr key={appeal.score_id} {...lineOf(lines, line)}>
                    <td>
                      <a href={scoreOf(appeal)}>{moment(appeal.at, now.peek())}</a>
                    </td>
                    <td>{appeal.agent}</td>
                    <td>
                      <State of={`appeal-${appeal.state}`} /> {may('score') && appeal.state === 'open' && !appeal.may_answer && <small>{t.byAnother}</small>}
                    </td>
                    <td class="soft cut">{contested(appeal)}</td>
                    <td class="cut">{appeal.text}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}
