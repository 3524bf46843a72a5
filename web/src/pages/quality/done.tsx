/** What one has scored this week. */

import type { Score } from '../../api/types';
import { quality } from '../../words/quality';
import { ScoreTable } from './score-table';

export function Done({ scores }: { scores: Score[] }) {
  const t = quality();
  return (
    <section class="panel" aria-labelledby="done">
      <h2 id="done">
        {t.done} <small>{scores.length}</small>
      </h2>
      {scores.length === 0 ? <p class="empty">{t.noneDone}</p> : <ScoreTable scores={scores} label="done" />}
    </section>
  );
}
