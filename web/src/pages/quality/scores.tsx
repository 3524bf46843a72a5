/** Scores: all, or those behind a figure of the results. The address is the question. An agent sees his own. */

import { address, go, query } from '../../address';
import { get } from '../../api/client';
import type { Score } from '../../api/types';
import { useKeys } from '../../keys';
import { agents } from '../../live/house';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { scoreAt } from '../../quality/work';
import { may } from '../../session';
import { calls } from '../../words/calls';
import { quality } from '../../words/quality';
import { useLines } from './lines';
import { ScoreTable } from './score-table';

/** What scores are asked by, as the address has it and the API takes it. */
const ASKED = ['agent', 'team', 'item', 'scorecard', 'who', 'since', 'until', 'cursor'] as const;

export function Scores() {
  const t = quality();
  const asked = Object.fromEntries(ASKED.map((name) => [name, query.value.get(name) ?? undefined]));
  const path = address('/qa/scores', { ...asked, counted: 'true' });
  const { answer, refusal, again } = useLoaded(path, (signal) => get<{ items: Score[]; next?: string | null }>(path, signal));
  useNews(again);
  const scores = answer?.items ?? [];
  const lines = useLines(scores.map(scoreAt));
  const older = (): void => {
    if (answer?.next) go(address('/quality/scores', { ...asked, cursor: answer.next }));
  };
  useKeys(t.views.scores, [...lines.keys, { key: 'n', what: calls().keys.next, run: older }]);
  const look = (change: Record<string, string>): void => go(address('/quality/scores', { ...asked, cursor: undefined, ...change }));
  const narrowed = ASKED.filter((name) => name !== 'agent' && name !== 'cursor' && asked[name]);
  return (
    <>
      {may('score') && (
        <form class="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            {t.columns.agent}
            <select value={asked.agent ?? ''} onChange={(event) => look({ agent: event.currentTarget.value })}>
              <option value="">{t.all}</option>
              {agents.value.map((agent) => (
                <option key={agent.id} value={agent.id}>
                  {agent.id} {agent.name}
                </option>
              ))}
            </select>
          </label>
          {narrowed.map((name) => (
            <span key={name} class="chip chosen">
              {name}: {asked[name]?.slice(0, 40)}
              <button class="quiet" type="button" aria-label={calls().drop(name)} onClick={() => look({ [name]: '' })}>
                ✕
              </button>
            </span>
          ))}
        </form>
      )}
      <Wrong>{refusal?.message}</Wrong>
      <section class="panel" aria-labelledby="scores">
        <h2 id="scores">
          {may('score') ? t.views.scores : t.mine} <small>{scores.length}</small>
        </h2>
        {answer && scores.length === 0 ? <p class="empty">{t.noScores}</p> : <ScoreTable scores={scores} label="scores" lines={lines} />}
      </section>
      {answer?.next && (
        <nav class="pager" aria-label={t.views.scores}>
          <button type="button" onClick={older}>
            {t.older} <kbd>n</kbd>
          </button>
        </nav>
      )}
    </>
  );
}
