/** One item of the form: its answer by button or digit, what the switch found with its moment, and a note. */

import type { Found, ScorecardItem } from '../../../api/types';
import { percent, place } from '../../../format';
import { type Given, isOverruled, mayLeaveOut } from '../../../quality/answers';
import { worded } from '../../../quality/work';
import { answered, reason } from '../../../words/found';
import { scoring as words } from '../../../words/scoring';
import { term } from '../../../words/terms';

/** More points than this have a line for themselves. */
const BESIDE_MAX = 5;

interface Props {
  item: ScorecardItem;
  /** Of the card's whole weight, in percent. */
  share: number;
  given: Given;
  found: Found | undefined;
  /** The agent objects to it. */
  contested: boolean;
  chosen: boolean;
  onChoose: () => void;
  onAnswer: (given: Given) => void;
  onNote: (note: string) => void;
  onMoment: (ms: number) => void;
}

export function Item({ item, share, given, found, contested, chosen, onChoose, onAnswer, onNote, onMoment }: Props) {
  const t = words();
  const overruled = isOverruled(found, given);
  const answers: Given[] =
    item.kind === 'yes-no'
      ? [{ answer: 'yes' }, { answer: 'no' }]
      : Array.from({ length: (item.points ?? 0) + 1 }, (_, points) => ({ answer: 'points', points }));
  if (mayLeaveOut(item, found)) answers.push({ answer: 'not-applicable' });
  const isGiven = (one: Given): boolean => one.answer === given.answer && (one.answer !== 'points' || one.points === given.points);
  const title = worded(item.title);
  return (
    <li
      id={`item-${item.id}`}
      class={['item', chosen && 'chosen', contested && 'contested', given.answer === '' && 'open'].filter(Boolean).join(' ')}
      aria-current={chosen ? 'true' : undefined}
      onClick={onChoose}
    >
      <p class="what">
        {title}
        {'\u00a0'}
        {item.weight > 0 && <small title={t.weight}>{percent(share, 0)}</small>}
        {item.fatal && <span class="fatal">{t.fatal}</span>}
      </p>
      <span class={`choice${(item.points ?? 0) > BESIDE_MAX ? ' wide' : ''}`} role="group" aria-label={title}>
        {answers.map((one) => (
          <button
            key={`${one.answer} ${one.points}`}
            type="button"
            class={`answer-${one.answer}`}
            aria-pressed={isGiven(one)}
            aria-label={one.answer === 'not-applicable' ? t.leaveOut : undefined}
            title={one.answer === 'not-applicable' ? t.leaveOut : undefined}
            onClick={(event) => {
              onAnswer({ ...one, note: given.note });
              // The space bar is the player's again.
              if (event.detail > 0) event.currentTarget.blur();
            }}
          >
            {one.answer === 'points' ? one.points : one.answer === 'not-applicable' ? '–' : term(one.answer)}
          </button>
        ))}
      </span>
      {chosen && item.guide && <p class="guide soft">{worded(item.guide)}</p>}
      {found && (
        <p class="found soft">
          {found.reason.at_ms == null ? (
            <span class="number">—</span>
          ) : (
            <button class="quiet number" type="button" title={t.jump(place(found.reason.at_ms / 1_000))} onClick={() => onMoment(found.reason.at_ms ?? 0)}>
              {place(found.reason.at_ms / 1_000)}
            </button>
          )}
          <span>{reason(found)}</span>
          {overruled && <b class="overruled">{t.changed(answered(found))}</b>}
        </p>
      )}
      {(chosen || given.note || overruled) && (
        <textarea
          rows={1}
          maxLength={500}
          class={overruled && !given.note?.trim() ? 'lacking' : ''}
          aria-label={`${overruled ? t.whyChanged : t.note}: ${title}`}
          placeholder={`${overruled ? t.whyChanged : t.note} (c)`}
          value={given.note ?? ''}
          onInput={(event) => onNote(event.currentTarget.value)}
          onFocus={onChoose}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' && (event.key !== 'Enter' || event.shiftKey || event.isComposing)) return;
            event.preventDefault();
            event.currentTarget.blur();
          }}
        />
      )}
    </li>
  );
}
