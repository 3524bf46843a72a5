/** The smallest parts: a key, a state with its colour, a clock that runs, a figure that explains itself. */

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { now } from '../clock';
import { between, span } from '../format';
import { signs } from '../keys';
import { reasonName } from '../words/reasons';
import { term } from '../words/terms';

export function Key({ of }: { of: string }) {
  return (
    <span class="keys">
      {signs(of).map((sign) => (
        <kbd key={sign}>{sign}</kbd>
      ))}
    </span>
  );
}

/** A word of the API's, in the colour of what it means; the colour alone never says it. */
export function State({ of, reason }: { of: string; reason?: string | null | undefined }) {
  return (
    <span class={`state tone-${of}`}>
      {term(of)}
      {reason ? ` · ${reasonName(reason)}` : ''}
    </span>
  );
}

/** How long ago it was, second by second. */
export function Since({ at }: { at: string }) {
  return <span class="number">{span(between(at, now.value))}</span>;
}

/** Something with its explanation on hover and focus. */
export function Explained({ children, by }: { children: ComponentChildren; by: ComponentChildren }) {
  const id = useId();
  return (
    <span class="explained" tabIndex={0} role="note" aria-describedby={id}>
      {children}
      <span class="explanation" role="tooltip" id={id}>
        {by}
      </span>
    </span>
  );
}

/** What went wrong, where it went wrong. */
export function Wrong({ children }: { children: ComponentChildren }) {
  return children ? (
    <p class="wrong" role="alert">
      {children}
    </p>
  ) : null;
}
