/** What is said of the call's quality: its scores, and the ways to score it, to calibrate by it, and to coach. */

import { useState } from 'preact/hooks';
import { go } from '../../address';
import type { Call, Score } from '../../api/types';
import { useKeys } from '../../keys';
import { State } from '../../parts/small';
import { Coach } from '../../quality/coach';
import { goToNext, scoreAt } from '../../quality/work';
import { may } from '../../session';
import type { Player } from '../../sound/player';
import { quality } from '../../words/quality';
import { scoring as words } from '../../words/scoring';
import { Calibrating } from './scoring/calibrating';
import { isOpen } from './scoring';
import { figure } from './scoring/total';

interface Props {
  call: Call;
  scores: Score[];
  player: Player;
  onChange: () => void;
}

export function Scores({ call, scores, player, onChange }: Props) {
  const t = words();
  const [doing, set] = useState<'coach' | 'calibrate' | null>(null);
  const [first] = scores;
  const over = call.released_at != null;
  const spoke = [...new Set([...(call.segments ?? []).map((part) => part.agent), ...(call.agent ? [call.agent] : [])])];
  const toggle = (): void => {
    if (isOpen()) go(`/calls/${call.id}`, { replace: true });
    else if (may('score') || first) go(may('score') || !first ? `/calls/${call.id}?score=form` : scoreAt(first), { replace: true });
  };
  const mayScore = over && spoke.length > 0 && (may('score') || first !== undefined);
  const [mayCoach, mayCalibrate] = [may('coach') && spoke.length > 0, may('plan') && over && spoke.length > 0];
  useKeys(t.scores, [
    ...(mayScore ? [{ key: 'q', what: t.keys.open, run: toggle }] : []),
    ...(mayCoach ? [{ key: 'C', what: t.keys.coach, run: () => set('coach') }] : []),
    ...(mayCalibrate ? [{ key: 'K', what: t.keys.calibrate, run: () => set('calibrate') }] : []),
    ...(may('score') ? [{ key: 'N', what: t.keys.next, run: () => void goToNext() }] : []),
  ]);
  const about = { call_id: call.id, at_ms: call.recording ? Math.round(player.time.peek() * 1_000) : null };
  return (
    <section class="panel scores" aria-labelledby="scores">
      <h2 id="scores" class="row">
        <span>
          {t.scores} <small>{scores.length}</small>
        </span>
        <span class="buttons">
          {mayScore && (
            <button type="button" aria-pressed={isOpen()} onClick={toggle}>
              {t.openForm} <kbd>q</kbd>
            </button>
          )}
          {mayCoach && (
            <button type="button" onClick={() => set('coach')}>
              {t.coach} <kbd>C</kbd>
            </button>
          )}
          {mayCalibrate && (
            <button type="button" onClick={() => set('calibrate')}>
              {t.calibrate} <kbd>K</kbd>
            </button>
          )}
        </span>
      </h2>
      {scores.length === 0 && <p class="empty">{t.none}</p>}
      <ul class="lines">
        {scores.map((score) => (
          <li key={score.id}>
            <a href={scoreAt(score)} class="number strong">
              {figure(score.score)}
            </a>
            <State of={score.passed ? 'passed' : 'not-passed'} />
            <span class="soft">
              {score.agent} · {score.who}
              {score.calibration && ` · ${quality().calibration}`}
              {score.appeal && ` · ${quality().columns.appeal}: ${quality().appealStates[score.appeal.state as 'open'] ?? score.appeal.state}`}
            </span>
          </li>
        ))}
      </ul>
      {doing === 'coach' && <Coach among={spoke} about={about} onDone={() => undefined} onClose={() => set(null)} />}
      {doing === 'calibrate' && <Calibrating call={call} onDone={onChange} onClose={() => set(null)} />}
    </section>
  );
}
