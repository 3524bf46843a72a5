/** What a page of quality shows is loaded again when it has changed elsewhere: many changes at once are one loading. */

import { useEffect, useRef } from 'preact/hooks';
import type { Happening } from '../api/types';
import { fresh } from './fresh';
import { overhear } from './house';

const APART_MS = 500;

/** Events of quality that the page is about; all of them when nothing is said. */
export function useNews(again: () => void, concerns: (event: Happening) => boolean = () => true): void {
  // As it is at the time: a page that asks for something else now loads that.
  const present = useRef({ again, concerns });
  present.current = { again, concerns };
  useEffect(() => {
    const load = fresh(async () => present.current.again(), APART_MS);
    return overhear((event) => event.name.startsWith('qa.') && present.current.concerns(event) && load());
  }, []);
}
