/** Lines that are gone through by keyboard: which one is chosen, and the keys that choose and open. */

import { useState } from 'preact/hooks';
import { go } from '../../address';
import { type Key } from '../../keys';
import { quality } from '../../words/quality';

export interface Lines {
  chosen: number;
  choose: (line: number) => void;
  keys: Key[];
}

/** `addresses`: where each line leads. */
export function useLines(addresses: string[]): Lines {
  const t = quality().keys;
  const [line, choose] = useState(0);
  const chosen = Math.min(line, Math.max(0, addresses.length - 1));
  const move = (by: number): void => {
    const next = Math.max(0, Math.min(addresses.length - 1, chosen + by));
    choose(next);
    document.querySelector(`[data-line="${next}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const keys = [
    { key: 'j', what: t.down, run: () => move(1) },
    { key: 'k', what: t.up, run: () => move(-1) },
    { key: 'ArrowDown', what: t.down, run: () => move(1) },
    { key: 'ArrowUp', what: t.up, run: () => move(-1) },
    { key: 'Enter', what: t.open, run: () => addresses[chosen] && go(addresses[chosen]) },
  ];
  return { chosen, choose, keys };
}

/** Of a line: that it is chosen, for the eye and for whoever does not see. */
export const lineOf = ({ chosen, choose }: Lines, line: number) => ({
  'data-line': line,
  class: line === chosen ? 'chosen' : '',
  'aria-current': line === chosen ? ('true' as const) : undefined,
  onClick: () => choose(line),
});
