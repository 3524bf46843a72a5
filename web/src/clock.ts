/**
 * The switch's time. A laptop's clock may be wrong by minutes, and "waiting for 0:40" must not be: the answers' Date header tells the
 * difference.
 */

import { signal } from '@preact/signals';

/** Less than this is the header's coarseness (whole seconds) and the way of the answer. */
const NOTICEABLE_MS = 1_500;

let ahead = 0;

export const serverNow = (): number => Date.now() + ahead;

/** The present second; whoever reads it in a component is drawn anew each second. */
export const now = signal(serverNow());

setInterval(() => {
  now.value = serverNow();
}, 1_000);

export function heardTime(header: string | null): void {
  const server = Date.parse(header ?? '');
  if (Number.isNaN(server)) return;
  const difference = server - Date.now();
  ahead = Math.abs(difference) > NOTICEABLE_MS ? difference : 0;
}
