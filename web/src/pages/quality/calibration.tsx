/** One calibration: the scorers side by side, item by item, and how far each is from the measure. */

import { useState } from 'preact/hooks';
import { path } from '../../address';
import { get, items } from '../../api/client';
import type { Calibration, Differences, Scorecard, Task } from '../../api/types';
import { percent } from '../../format';
import { useKeys } from '../../keys';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { State, Wrong } from '../../parts/small';
import { cardOf, itemName, scoringOf, worded } from '../../quality/work';
import { answered } from '../../words/found';
import { quality } from '../../words/quality';
import { shell } from '../../words/shell';
import { figure } from '../call/scoring/total';

export function CalibrationPage() {
  const t = quality();
  const id = path.value.split('/')[3] ?? '';
  const { answer, refusal, again } = useLoaded(id, (signal) => get<Calibration>(`/qa/calibrations/${id}`, signal));
  const cards = useLoaded('scorecards', (signal) => items<Scorecard>('/qa/scorecards', signal));
  const open = useLoaded('work', (signal) => items<Task>('/qa/work', signal));
  useNews(() => {
    again();
    open.again();
  });
  const [different, setDifferent] = useState(false);
  const flip = (): void => setDifferent(!different);
  useKeys(t.calibration, [{ key: 'd', what: t.keys.different, run: flip }]);
  if (refusal) return <Wrong>{refusal.message}</Wrong>;
  if (!answer || !cards.answer) return <p class="empty">{shell().loading}</p>;
  const mine = open.answer?.find((task) => task.calibration === id);
  const card = cardOf(cards.answer, answer.scorecard, answer.version);
  return (
    <section class="panel calibration" aria-labelledby="calibration">
      <h2 id="calibration" class="row">
        <span>
          {t.calibration}{' '}
          <small>
            <a href={`/calls/${answer.call_id}`}>{t.columns.call}</a> · {answer.agent} · {card ? worded(card.title) : answer.scorecard} ·{' '}
            {t.scored(answer.scored.length, answer.scorers.length)}
          </small>
        </span>
        <span class="buttons">
          {answer.differences && (
            <button type="button" aria-pressed={different} onClick={flip}>
              {t.onlyDifferent} <kbd>d</kbd>
            </button>
          )}
          <a class="button" href="/quality/calibrations">
            {t.back}
          </a>
        </span>
      </h2>
      {!answer.differences && (
        <p class="row">
          <span>{t.waitsForYou}</span>
          {mine && (
            <a class="button" href={scoringOf(mine)}>
              {t.scoreIt}
            </a>
          )}
        </p>
      )}
      {answer.differences && <Table differences={answer.differences} calibration={answer} cards={cards.answer} different={different} />}
    </section>
  );
}

interface TableProps {
  differences: Differences;
  calibration: Calibration;
  cards: Scorecard[];
  /** Only items in which they differ. */
  different: boolean;
}

function Table({ differences, calibration, cards, different }: TableProps) {
  const t = quality();
  const { scorers, spread } = differences;
  const shown = differences.items.filter((item) => !different || (item.agreement ?? 100) < 100);
  const most = new Map(cardOf(cards, calibration.scorecard, calibration.version)?.sections.flatMap(({ items }) => items.map((item) => [item.id, item.points] as const)));
  return (
    <div class="scroll" tabIndex={0} role="group" aria-labelledby="calibration">
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{t.columns.item}</th>
            {scorers.map(({ who }) => (
              <th key={who} scope="col">
                {who}
                {who === calibration.reference && <small> {t.columns.reference}</small>}
              </th>
            ))}
            <th scope="col">{t.columns.agreement}</th>
          </tr>
        </thead>
        <tbody>
          <tr class="sum">
            <th scope="row">{t.columns.score}</th>
            {scorers.map(({ who, score, passed }) => (
              <td key={who}>
                <b>{figure(score)}</b> <State of={passed ? 'passed' : 'not-passed'} />
              </td>
            ))}
            <td>{spread != null && `${t.spread} ${spread.toFixed(1)}`}</td>
          </tr>
          <tr>
            <th scope="row">{t.distance}</th>
            {scorers.map(({ who, distance, agreed, compared }) => (
              <td key={who} class="soft" title={t.agreed(agreed, compared)}>
                {who === calibration.reference || distance == null ? '' : `${distance < 0 ? '−' : distance > 0 ? '+' : ''}${Math.abs(distance).toFixed(1)} · ${agreed} / ${compared}`}
              </td>
            ))}
            <td />
          </tr>
          {shown.map(({ item, given, agreement }) => {
            const measure = given.find(({ who }) => who === calibration.reference);
            return (
              <tr key={item}>
                <th scope="row">{itemName(cards, item)}</th>
                {scorers.map(({ who }) => {
                  const his = given.find((one) => one.who === who);
                  if (!his) return <td key={who}>–</td>;
                  const other = measure && (his.answer !== measure.answer || his.points !== measure.points);
                  return (
                    <td key={who} class={other ? 'other' : ''}>
                      {answered({ answer: his.answer, points: his.points }, most.get(item))}
                      {his.note && <small class="said">{his.note}</small>}
                    </td>
                  );
                })}
                <td class={agreement != null && agreement < 100 ? 'tone-missed' : 'soft'}>{percent(agreement, 0)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
