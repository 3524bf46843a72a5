/** Begins a calibration: who scores the call, and whose score is the measure. */

import { useState } from 'preact/hooks';
import { items, send } from '../../../api/client';
import type { Call, Scorer } from '../../../api/types';
import { Dialog } from '../../../parts/dialog';
import { useLoaded } from '../../../parts/loading';
import { Wrong } from '../../../parts/small';
import { order } from '../../../parts/told';
import { session } from '../../../session';
import { scoring as words } from '../../../words/scoring';
import { term } from '../../../words/terms';

export function Calibrating({ call, onDone, onClose }: { call: Call; onDone: () => void; onClose: () => void }) {
  const t = words();
  const { answer, refusal } = useLoaded('scorers', (signal) => items<Scorer>('/qa/scorers', signal));
  const [scorers, choose] = useState<string[]>(session.value ? [session.value.user] : []);
  const known = answer ?? [];
  const chosen = known.filter(({ user }) => scorers.includes(user));
  const begin = (reference: string): void =>
    void order(async () => {
      await send('POST', '/qa/calibrations', { call_id: call.id, scorers: chosen.map(({ user }) => user), reference });
      onClose();
      onDone();
    }, t.begun);
  return (
    <Dialog title={t.calibrate} onClose={onClose}>
      <form
        class="reason"
        onSubmit={(event) => {
          event.preventDefault();
          begin(String(new FormData(event.currentTarget).get('reference')));
        }}
      >
        <p class="soft">{t.calibrateIs}</p>
        <Wrong>{refusal?.message}</Wrong>
        <fieldset>
          <legend>{t.scorers}</legend>
          <ul class="ticks">
            {known.map(({ user, name, role }) => (
              <li key={user}>
                <label>
                  <input
                    type="checkbox"
                    checked={scorers.includes(user)}
                    onChange={(event) => choose(event.currentTarget.checked ? [...scorers, user] : scorers.filter((other) => other !== user))}
                  />{' '}
                  {name || user} <small>{term(role)}</small>
                </label>
              </li>
            ))}
          </ul>
        </fieldset>
        <label>
          {t.reference}
          <select name="reference" required>
            {chosen.map(({ user, name }) => (
              <option key={user} value={user}>
                {name || user}
              </option>
            ))}
          </select>
        </label>
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {t.close}
          </button>
          <button class="main" type="submit" disabled={chosen.length < 2}>
            {t.begin}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
