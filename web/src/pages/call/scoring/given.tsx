/** A score that was given: its answers, the agent's objection to it, and what was said to that. */

import type { Appeal, Score, Scorecard } from '../../../api/types';
import { now } from '../../../clock';
import { moment, percent, place } from '../../../format';
import { cardOf, itemName, worded } from '../../../quality/work';
import { isOverruled, asGiven } from '../../../quality/answers';
import type { Player } from '../../../sound/player';
import { answered, reason } from '../../../words/found';
import { scoring as words } from '../../../words/scoring';
import { figure } from './total';

interface Props {
  score: Score;
  cards: Scorecard[];
  player: Player;
}

export function Given({ score, cards, player }: Props) {
  const t = words();
  const card = cardOf(cards, score.scorecard, score.version);
  const items = new Map(card?.sections.flatMap((section) => section.items).map((item) => [item.id, item]));
  const first = new Map(card?.sections.map((section) => [section.items[0]?.id, section]));
  const whole = score.answers.reduce((sum, { weight }) => sum + weight, 0);
  const at = (time: string): string => moment(time, now.peek());
  return (
    <>
      <div class="sum">
        <output class={`number tone-${score.passed ? 'passed' : 'not-passed'}`} aria-label={t.title}>
          {figure(score.score)}
        </output>
        <span class="soft">
          {score.passed ? t.passed : t.failed} · {t.by(score.who, at(score.at))}
          {score.changed_at && ` · ${t.changedAt(at(score.changed_at))}`}
        </span>
      </div>
      {score.fatal.length > 0 && <p class="wrong">{t.lostFatal(score.fatal.map((item) => itemName(cards, item)).join('、'))}</p>}
      {score.note && <blockquote>{score.note}</blockquote>}
      {score.appeal && <Objection appeal={score.appeal} score={score} cards={cards} at={at} />}
      <div class="sections">
        <ol>
          {score.answers.map(({ item: id, weight, fatal, answer, points, note, won, found }) => {
            const section = first.get(id);
            const moment = found?.reason.at_ms;
            return (
              <li key={id} class={`item${score.appeal?.items?.includes(id) ? ' contested' : ''}`}>
                {section && <h3>{worded(section.title)}</h3>}
                <p class="what">
                  {itemName(cards, id)} {weight > 0 && <small title={t.weight}>{percent((weight * 100) / whole, 0)}</small>}
                  {fatal && <span class="fatal">{t.fatal}</span>}
                </p>
                <span class={`answer number ${won == null ? 'soft' : won < 1 ? 'strong tone-not-passed' : 'strong'}`}>{answered({ answer, points }, items.get(id)?.points)}</span>
                {found && (
                  <p class="found soft">
                    {moment == null ? (
                      <span class="number">—</span>
                    ) : (
                      <button class="quiet number" type="button" title={t.jump(place(moment / 1_000))} onClick={() => player.seek(moment / 1_000)}>
                        {place(moment / 1_000)}
                      </button>
                    )}
                    <span>{reason(found)}</span>
                    {isOverruled(found, asGiven({ answer, points: points ?? null })) && <b class="overruled">{t.changed(answered(found))}</b>}
                  </p>
                )}
                {note && <p class="said">{note}</p>}
              </li>
            );
          })}
        </ol>
      </div>
    </>
  );
}

function Objection({ appeal, score, cards, at }: { appeal: Appeal; score: Score; cards: Scorecard[]; at: (time: string) => string }) {
  const t = words();
  const { answer } = appeal;
  return (
    <div class="appeal">
      <h3>{t.appealOf(appeal.who, at(appeal.at))}</h3>
      <p>{appeal.text}</p>
      {(appeal.items ?? []).length > 0 && <p class="soft">{appeal.items?.map((item) => itemName(cards, item)).join(' · ')}</p>}
      {answer && (
        <>
          <h3>{t.answerOf(answer.who, at(answer.at))}</h3>
          <p>{answer.text}</p>
          <p class="strong">{answer.score_before == null ? t.scoreStands : t.scoreChanged(figure(answer.score_before), figure(score.score))}</p>
        </>
      )}
    </div>
  );
}
