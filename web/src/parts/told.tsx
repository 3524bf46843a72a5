/** What came of an order, told where one looks: at the foot of the page, for a few seconds; a refusal until the next order. */

import { signal } from '@preact/signals';
import { Refusal } from '../api/client';

const SHOWN_MS = 6_000;

const told = signal<{ words: string; wrong: boolean } | null>(null);
let hide = 0;

export function tell(words: string): void {
  told.value = { words, wrong: false };
  clearTimeout(hide);
  hide = window.setTimeout(() => {
    told.value = null;
  }, SHOWN_MS);
}

/** Does what was ordered, and tells what came of it; without `done` only a refusal. */
export async function order(what: () => Promise<unknown>, done?: string): Promise<void> {
  try {
    await what();
    if (done) tell(done);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    clearTimeout(hide);
    told.value = { words: error.message, wrong: true };
  }
}

export function Told() {
  return (
    <p class={told.value?.wrong ? 'told wrong' : 'told'} role="status">
      {told.value?.words}
    </p>
  );
}
