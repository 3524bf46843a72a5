/** The agent objects: to which items, and why. He can do it once. */

import { send } from '../../../api/client';
import type { Score, Scorecard } from '../../../api/types';
import { Dialog } from '../../../parts/dialog';
import { order } from '../../../parts/told';
import { itemName } from '../../../quality/work';
import { answered } from '../../../words/found';
import { scoring as words } from '../../../words/scoring';

interface Props {
  score: Score;
  cards: Scorecard[];
  onDone: () => void;
  onClose: () => void;
}

export function Objecting({ score, cards, onDone, onClose }: Props) {
  const t = words();
  // What was lost, and what was left out though the switch had found it done; what was won whole nobody contests.
  const lost = score.answers.filter(({ won, found }) => (won == null ? found?.answer === 'yes' : won < 1));
  const object = (given: FormData): void => {
    const body = { text: String(given.get('text') ?? '').trim(), items: given.getAll('item').map(String) };
    void order(async () => {
      await send('POST', `/qa/scores/${score.id}/appeal`, body);
      onClose();
      onDone();
    }, t.objected);
  };
  return (
    <Dialog title={t.object} onClose={onClose}>
      <form
        class="reason"
        onSubmit={(event) => {
          event.preventDefault();
          object(new FormData(event.currentTarget));
        }}
      >
        <p class="soft">{t.objectTo}</p>
        <ul class="ticks">
          {lost.map(({ item, answer, points }) => (
            <li key={item}>
              <label>
                <input type="checkbox" name="item" value={item} /> {itemName(cards, item)} <small>{answered({ answer, points })}</small>
              </label>
            </li>
          ))}
        </ul>
        <label>
          {t.why}
          <textarea name="text" rows={4} maxLength={2_000} required autoFocus />
        </label>
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {t.close}
          </button>
          <button class="main" type="submit">
            {t.sendObjection}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
