/**
 * The address bar as signals. A page is a path; whatever one may want to send to a colleague (a search, a moment in a call) stands in
 * the query, so that the address is the whole state of a page.
 */

import { computed, signal } from '@preact/signals';

const here = signal(location.pathname + location.search);

export const path = computed(() => new URL(here.value, location.origin).pathname);
export const query = computed(() => new URL(here.value, location.origin).searchParams);

/** Goes to an address of these pages. `replace` leaves no step in the history: for changes that one would not go back over. */
export function go(to: string, { replace = false } = {}): void {
  if (to === here.value) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  const leaves = new URL(to, location.origin).pathname !== path.value;
  here.value = to;
  if (leaves) scrollTo(0, 0);
}

/** An address with the parameters that say something; empty ones are left out. */
export function address(to: string, params: Record<string, string | undefined>): string {
  const query = new URLSearchParams(Object.entries(params).filter((entry): entry is [string, string] => Boolean(entry[1])));
  return query.size > 0 ? `${to}?${query}` : to;
}

addEventListener('popstate', () => {
  here.value = location.pathname + location.search;
});

// Plain clicks on our own links stay within the page; what asks for a new tab or a download is the browser's.
addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute('download') || link.pathname.startsWith('/api/')) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
