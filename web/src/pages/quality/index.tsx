/** Quality: the queue of who scores, all scores, results, appeals, calibrations, coaching. An agent has his own here, and nobody else's. */

import type { ComponentType } from 'preact';
import { go, path } from '../../address';
import { useKeys } from '../../keys';
import { goToNext } from '../../quality/work';
import { may } from '../../session';
import { quality } from '../../words/quality';
import { shell } from '../../words/shell';
import { Appeals } from './appeals';
import { CalibrationPage } from './calibration';
import { Calibrations } from './calibrations';
import { Coachings } from './coaching';
import { Results } from './results';
import { Scores } from './scores';
import { Work } from './work';

type View = keyof ReturnType<typeof quality>['views'];

const VIEWS: Record<View, { Part: ComponentType; forScorers: boolean; path: string }> = {
  work: { Part: Work, forScorers: true, path: '/quality' },
  scores: { Part: Scores, forScorers: false, path: '/quality/scores' },
  results: { Part: Results, forScorers: false, path: '/quality/results' },
  appeals: { Part: Appeals, forScorers: false, path: '/quality/appeals' },
  calibrations: { Part: Calibrations, forScorers: true, path: '/quality/calibrations' },
  coaching: { Part: Coachings, forScorers: false, path: '/quality/coaching' },
};

/** Those that he may see, in order. */
const views = (): View[] => (Object.keys(VIEWS) as View[]).filter((view) => may('score') || !VIEWS[view].forScorers);

export function Quality() {
  const t = quality();
  const [, , wanted, id] = path.value.split('/');
  const mine = views();
  const view = mine.find((view) => view === wanted) ?? (wanted ? undefined : mine[0]);
  const name = (view: View): string => (view === 'scores' && !may('score') ? t.mine : t.views[view]);
  useKeys(t.title, [
    ...mine.map((view, at) => ({ key: String(at + 1), what: t.keys.view(name(view)), run: () => go(VIEWS[view].path) })),
    ...(may('score') ? [{ key: 'N', what: t.keys.next, run: () => void goToNext() }] : []),
  ]);
  const Part = view === 'calibrations' && id ? CalibrationPage : view && VIEWS[view].Part;
  return (
    <div class="quality">
      <h1 class="unseen">{t.title}</h1>
      <nav class="views" aria-label={t.title}>
        {mine.map((other, at) => (
          <a key={other} href={VIEWS[other].path} aria-current={other === view ? 'page' : undefined}>
            {name(other)} <kbd>{at + 1}</kbd>
          </a>
        ))}
        {may('score') && (
          <button class="main" type="button" onClick={() => void goToNext()}>
            {t.next} <kbd>N</kbd>
          </button>
        )}
      </nav>
      {Part ? <Part key={id} /> : <p class="empty">{shell().nothingHere}</p>}
    </div>
  );
}
