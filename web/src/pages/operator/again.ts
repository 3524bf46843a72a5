/** What no event tells of is loaded again all at once. */

import { signal } from '@preact/signals';

export const turn = signal(0);

export const again = (): void => {
  turn.value += 1;
};
