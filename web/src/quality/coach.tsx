/** Writes an agent what he does well or could do better: of a call's moment, of a score, or in general. */

import { send } from '../api/client';
import { place } from '../format';
import { agents } from '../live/house';
import { Dialog } from '../parts/dialog';
import { order } from '../parts/told';
import { quality } from '../words/quality';

interface Props {
  /** Among whom one chooses; empty: among all. */
  among: string[];
  about?: { call_id: string; at_ms: number | null; score_id?: string | undefined };
  onDone: () => void;
  onClose: () => void;
}

export function Coach({ among, about, onDone, onClose }: Props) {
  const t = quality();
  const ids = among.length > 0 ? among : agents.value.map((agent) => agent.id);
  const coach = (given: FormData): void => {
    const body = { agent: String(given.get('agent')), text: String(given.get('text')).trim(), ...about };
    void order(async () => {
      await send('POST', '/qa/coaching', body);
      onClose();
      onDone();
    }, t.coached);
  };
  return (
    <Dialog title={t.coach} onClose={onClose}>
      <form
        class="reason"
        onSubmit={(event) => {
          event.preventDefault();
          coach(new FormData(event.currentTarget));
        }}
      >
        {about?.at_ms != null && (
          <p class="soft">
            {t.moment} {place(about.at_ms / 1_000)}
          </p>
        )}
        <label>
          {t.columns.agent}
          <select name="agent" required>
            {ids.map((id) => (
              <option key={id} value={id}>
                {id} {agents.value.find((agent) => agent.id === id)?.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t.text}
          <textarea
            name="text"
            rows={5}
            maxLength={2_000}
            required
            autoFocus
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
              event.preventDefault();
              event.currentTarget.form?.requestSubmit();
            }}
          />
        </label>
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {t.cancel}
          </button>
          <button class="main" type="submit">
            {t.keep} <kbd>Ctrl ↵</kbd>
          </button>
        </div>
      </form>
    </Dialog>
  );
}
