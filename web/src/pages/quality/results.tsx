/** What the scores come to: by agent, team and item, over time and in one, on paper and as CSV; each figure leads to its scores. */

import { address, go, query } from '../../address';
import { items } from '../../api/client';
import type { ResultRow, Scorecard } from '../../api/types';
import { serverNow } from '../../clock';
import { useKeys } from '../../keys';
import { about, agents } from '../../live/house';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { order } from '../../parts/told';
import { itemName } from '../../quality/work';
import { save } from '../../save';
import { may } from '../../session';
import { quality } from '../../words/quality';
import { Chart } from '../reports/chart';
import { between } from '../../zone';
import { drawn, type Question, questionOf, sliceOf, sorted } from './question';
import { Asked } from './results-form';
import { ResultTable } from './results-table';

/** Days are the house's: until its zone is known there is nothing to ask. */
export function Results() {
  const zone = about.value?.zone;
  return zone ? <Known zone={zone} /> : null;
}

function Known({ zone }: { zone: string }) {
  const t = quality();
  const question = questionOf(query.value, serverNow(), zone);
  const { by, scorecard, agent, team } = question;
  // To the minute, so that the same question is not another one each second.
  const time = between(zone, question.from, question.until, Math.ceil(serverNow() / 60_000) * 60_000);
  const asked = { by, ...time, scorecard, agent, team };
  const path = address('/qa/results', asked);
  const slicePath = address('/qa/results', { ...asked, every: sliceOf(question) });
  const whole = useLoaded(path, (signal) => items<ResultRow>(path, signal));
  const slices = useLoaded(slicePath, (signal) => items<ResultRow>(slicePath, signal));
  useNews(() => {
    whole.again();
    slices.again();
  });
  const cards = useLoaded('scorecards', (signal) => items<Scorecard>('/qa/scorecards', signal));
  const look = (change: Partial<Question>): void => go(address('/quality/results', { ...question, ...change }), { replace: true });
  const csv = (): void => void order(() => save(`${path}&format=csv`, 'quality.csv'));
  useKeys(t.views.results, [
    { key: 'P', what: t.keys.print, run: () => print() },
    ...(may('export') ? [{ key: 'D', what: t.keys.csv, run: csv }] : []),
  ]);
  const name = (key: string): string => {
    if (by === 'item') return itemName(cards.answer ?? [], key);
    if (by === 'team') return key || t.noTeam;
    return agents.value.find((agent) => agent.id === key)?.name || key;
  };
  const rows = sorted(whole.answer ?? [], question.sort);
  const scores = (row: ResultRow, item?: string): string =>
    address('/quality/scores', { ...time, scorecard, agent, team, ...(by === 'item' ? {} : { [by]: row.key }), item: item ?? (by === 'item' ? row.key : undefined) });
  return (
    <div class="reports" aria-busy={whole.busy}>
      <header class="row">
        <h2>
          {t.views.results}: {t.byWhat[by]}{' '}
          <small>
            {question.from} – {question.until}
          </small>
        </h2>
        <span class="buttons">
          <button type="button" onClick={() => print()}>
            {t.print} <kbd>P</kbd>
          </button>
          {may('export') && (
            <button type="button" onClick={csv}>
              {t.csv} <kbd>D</kbd>
            </button>
          )}
        </span>
      </header>
      <Asked question={question} zone={zone} cards={cards.answer ?? []} onAsk={look} />
      <Wrong>{whole.refusal?.message}</Wrong>
      {whole.answer?.length === 0 && <p class="empty">{t.noResults}</p>}
      {rows.length > 0 && (
        <>
          {(slices.answer ?? []).length > 0 && <Chart zone={zone} report={drawn(slices.answer ?? [], rows, name)} figure="mean" title={t.chart} />}
          <ResultTable rows={rows} question={question} cards={cards.answer ?? []} name={name} behind={scores} onSort={(sort) => look({ sort })} />
        </>
      )}
    </div>
  );
}
