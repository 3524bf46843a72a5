/** Scores, a line each; each leads to its score beside its call. */

import type { Score } from '../../api/types';
import { now } from '../../clock';
import { moment } from '../../format';
import { State } from '../../parts/small';
import { scoreAt } from '../../quality/work';
import { quality } from '../../words/quality';
import { figure } from '../call/scoring/total';
import { type Lines, lineOf } from './lines';

export function ScoreTable({ scores, label, lines }: { scores: Score[]; label: string; lines?: Lines }) {
  const t = quality();
  return (
    <div class="scroll" tabIndex={0} role="group" aria-labelledby={label}>
      <table class="lined">
        <thead>
          <tr>
            {[t.columns.at, t.columns.agent, t.columns.score, t.columns.state, t.columns.who, t.columns.appeal, t.columns.note].map((word) => (
              <th key={word} scope="col">
                {word}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {scores.map((score, line) => (
            <tr key={score.id} {...(lines ? lineOf(lines, line) : {})}>
              <td>
                <a href={scoreAt(score)}>{moment(score.at, now.peek())}</a>
              </td>
              <td>{score.agent}</td>
              <td class="number strong">{figure(score.score)}</td>
              <td>
                {score.calibration ? <span class="soft">{t.calibration}</span> : <State of={score.passed ? 'passed' : 'not-passed'} />}
                {score.fatal.length > 0 && <span class="fatal">{t.fatal}</span>}
              </td>
              <td>{score.who}</td>
              <td>{score.appeal && (t.appealStates[score.appeal.state as 'open'] ?? score.appeal.state)}</td>
              <td class="soft cut">{score.note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
