/** What a page loads: the answer, or why there is none; loaded again when `of` changes. */

import { useEffect, useState } from 'preact/hooks';
import { Refusal } from '../api/client';

export interface Loaded<T> {
  answer: T | null;
  refusal: Refusal | null;
  busy: boolean;
  again: () => void;
}

/** `of` names what is loaded, null when there is nothing to load yet. The old answer stays while the new one is on its way. */
export function useLoaded<T>(of: string | null, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, set] = useState<{ answer: T | null; refusal: Refusal | null; busy: boolean }>({ answer: null, refusal: null, busy: of !== null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (of === null) return;
    const over = new AbortController();
    set((was) => ({ ...was, busy: true }));
    load(over.signal).then(
      (answer) => set({ answer, refusal: null, busy: false }),
      (error: unknown) => {
        if (over.signal.aborted) return;
        if (!(error instanceof Refusal)) throw error;
        set({ answer: null, refusal: error, busy: false });
      },
    );
    return () => over.abort();
  }, [of, turn]);
  return { ...state, again: () => setTurn((turn) => turn + 1) };
}
