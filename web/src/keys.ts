/** The keyboard: each page says which keys it has and what they do; `?` shows those in force. */

import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface Key {
  /** As KeyboardEvent.key has it (`?`, `j`, `ArrowLeft`, ` `), or two after one another: `g c`. */
  key: string;
  what: string;
  run: () => void;
}

export interface Keys {
  title: string;
  keys: Key[];
}

const layers = signal<{ current: Keys }[]>([]);

/** What `?` shows: the newest layer, which is the most particular, first. A layer's keys are new with each drawing of its component. */
export const inForce = (): Keys[] => layers.value.map((layer) => layer.current).reverse();

/** Puts keys into force while the component stands: at once when it is drawn, so that no key is lost that is pressed on what is seen. */
export function useKeys(title: string, keys: Key[]): void {
  const layer = useRef<Keys>({ title, keys });
  layer.current = { title, keys };
  useLayoutEffect(() => {
    layers.value = [...layers.value, layer];
    return () => {
      layers.value = layers.value.filter((other) => other !== layer);
    };
  }, []);
}

/** A key that begins a pair waits so long for the second. */
const PAIR_MS = 1_500;
let first: { key: string; at: number } | null = null;

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  // A dialog has the keyboard to itself.
  if (document.querySelector('dialog[open]')) return;
  const keys = inForce().flatMap((layer) => layer.keys);
  const pair = first && Date.now() - first.at < PAIR_MS ? `${first.key} ${event.key}` : null;
  const key = keys.find((key) => key.key === pair) ?? keys.find((key) => key.key === event.key);
  first = keys.some((key) => key.key.startsWith(`${event.key} `)) ? { key: event.key, at: Date.now() } : null;
  // A button in focus has Enter and space for itself.
  if (!key || (isPressable(event.target) && [' ', 'Enter'].includes(event.key))) return;
  event.preventDefault();
  key.run();
});

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.matches('textarea, select, input:not([type=range], [type=checkbox])') || target.isContentEditable);
}

function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('button, a, summary, input[type=checkbox], input[type=range]');
}

const SIGNS: Record<string, string> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', ' ': '␣', Enter: '↵', Escape: 'Esc' };

/** A key as it is printed on the keyboard. */
export const signs = (key: string): string[] => (key === ' ' ? ['␣'] : key.split(' ').map((part) => SIGNS[part] ?? part));
