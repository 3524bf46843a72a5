/** What a form comes to so far, and the button that gives it. */

import type { Scorecard } from '../../../api/types';
import { Wrong } from '../../../parts/small';
import type { Scored } from '../../../quality/answers';
import { itemName } from '../../../quality/work';
import { scoring as words } from '../../../words/scoring';

interface Props {
  card: Scorecard;
  scored: Scored;
  kind: 'new' | 'change' | 'answer';
  text: string;
  wrong: string;
  busy: boolean;
  onText: (text: string) => void;
  onGive: () => void;
}

/** `87.5`; a dash where nothing applies. */
export const figure = (score: number | null | undefined): string => (score == null ? '–' : score.toFixed(1));

export function Total({ card, scored, kind, text, wrong, busy, onText, onGive }: Props) {
  const t = words();
  const label = kind === 'answer' ? t.answerText : t.noteOnWhole;
  const done = scored.open.length === 0;
  return (
    <footer class="total">
      <p>
        <output class={`number${done || scored.fatal.length > 0 ? ` tone-${scored.passed ? 'passed' : 'not-passed'}` : ''}`} aria-label={t.title}>
          {figure(scored.score)}
        </output>{' '}
        <span class="soft">
          {done ? scored.score !== null && (scored.passed ? t.passed : t.failed) : t.soFar} · {t.passFrom(card.pass)} · {t.open(scored.open.length)}
        </span>
      </p>
      {scored.fatal.length > 0 && <p class="wrong">{t.lostFatal(scored.fatal.map((item) => itemName([card], item)).join('、'))}</p>}
      <textarea
        rows={1}
        maxLength={2_000}
        aria-label={label}
        placeholder={`${label} (w)`}
        value={text}
        onInput={(event) => onText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          event.currentTarget.blur();
        }}
      />
      <Wrong>{wrong}</Wrong>
      <button class="main" type="button" disabled={busy} onClick={onGive}>
        {kind === 'new' ? t.give : kind === 'change' ? t.keepChange : t.sendAnswer} <kbd>S</kbd>
      </button>
    </footer>
  );
}
