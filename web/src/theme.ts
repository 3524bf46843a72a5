/** Light, dark, or as the computer has it. The style sheets do the rest with `light-dark()`. */

import { effect } from '@preact/signals';
import { kept, oneOf } from './kept';

const THEMES = ['auto', 'light', 'dark'] as const;

export const theme = kept('theme', oneOf(...THEMES));

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'auto';
}

/** A colour of the style sheets as a canvas takes it: `colour('--customer')` → `rgb(…)` of the theme in force. */
export function colour(name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
