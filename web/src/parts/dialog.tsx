/** A dialog of the browser's own: it keeps the focus inside, and Escape closes it. */

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { shell } from '../words/shell';

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <button class="quiet" type="button" onClick={() => dialog.current?.close()} aria-label={shell().close}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}
