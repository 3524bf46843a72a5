/** Asks for a reason before something is done that must be accounted for. */

import { call as words } from '../words/call';
import { Dialog } from './dialog';

interface Props {
  title: string;
  /** What one ought to know before. */
  text: string;
  onGiven: (reason: string) => void;
  onClose: () => void;
}

export function Reason({ title, text, onGiven, onClose }: Props) {
  const t = words();
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="reason"
        onSubmit={(event) => {
          event.preventDefault();
          onGiven(String(new FormData(event.currentTarget).get('reason') ?? '').trim());
          onClose();
        }}
      >
        <p class="soft">{text}</p>
        <label>
          {t.why}
          <input name="reason" required maxLength={200} autoFocus />
        </label>
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {t.cancel}
          </button>
          <button class="main" type="submit">
            {title}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
