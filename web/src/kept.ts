/** Choices of this browser's user that outlive the page: language, theme, speed of playing. */

import { effect, type Signal, signal } from '@preact/signals';

/** A signal that begins with what was chosen last. `known` turns what the browser kept, which may be anything, into a value. */
export function kept<T extends string | number>(name: string, known: (text: string | null) => T): Signal<T> {
  const choice = signal(known(localStorage.getItem(name)));
  effect(() => localStorage.setItem(name, String(choice.value)));
  return choice;
}

/** For `kept`: one of these words, else the first. */
export const oneOf =
  <T extends string>(...words: [T, ...T[]]) =>
  (text: string | null): T =>
    words.find((word) => word === text) ?? words[0];
