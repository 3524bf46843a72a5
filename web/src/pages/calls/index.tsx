/** Finding calls. The address is the search: it can be kept, sent, and gone back to. */

import { useState } from 'preact/hooks';
import { address, go, query } from '../../address';
import { get } from '../../api/client';
import type { CallList } from '../../api/types';
import { useKeys } from '../../keys';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { order } from '../../parts/told';
import { save } from '../../save';
import { may } from '../../session';
import { calls } from '../../words/calls';
import { type Search, parameters, searchOf } from './filters';
import { Form } from './form';
import { Kept } from './kept';
import { Results } from './results';

const PAGE = 50;

export function Calls() {
  const t = calls();
  const search = searchOf(query.value);
  const cursor = query.value.get('after');
  const wanted = parameters(search);
  const asked = `/calls?${wanted}&limit=${PAGE}${cursor ? `&cursor=${cursor}` : ''}`;
  const { answer, refusal, busy } = useLoaded(asked, (signal) => get<CallList>(asked, signal));
  const found = answer?.items ?? [];
  const [chosen, choose] = useState(0);
  const line = Math.min(chosen, Math.max(0, found.length - 1));

  const look = (next: Search, after?: string): void => {
    choose(0);
    go(address('/calls', { ...next, after }));
  };
  const move = (by: number): void => {
    const next = Math.max(0, Math.min(found.length - 1, line + by));
    choose(next);
    document.querySelector(`[data-line="${next}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const open = (): void => {
    const call = found[line];
    if (call) go(`/calls/${call.id}`);
  };
  const older = (): void => {
    if (answer?.next) look(search, answer.next);
  };
  const csv = (): void => void order(() => save(`/calls?${wanted}&format=csv`, 'calls.csv'));
  useKeys(t.title, [
    { key: '/', what: t.keys.search, run: () => document.querySelector<HTMLInputElement>('.search input')?.focus() },
    { key: 'j', what: t.keys.down, run: () => move(1) },
    { key: 'k', what: t.keys.up, run: () => move(-1) },
    { key: 'ArrowDown', what: t.keys.down, run: () => move(1) },
    { key: 'ArrowUp', what: t.keys.up, run: () => move(-1) },
    { key: 'Enter', what: t.keys.open, run: open },
    { key: 'n', what: t.keys.next, run: older },
    { key: 'N', what: t.keys.newest, run: () => look(search) },
    ...(may('export') ? [{ key: 'D', what: t.keys.csv, run: csv }] : []),
  ]);

  return (
    <div class="calls-page" aria-busy={busy}>
      <h1 class="unseen">{t.title}</h1>
      <Form key={query.value.toString()} search={search} onSearch={look} />
      <Kept query={new URLSearchParams(search).toString()} />
      <Wrong>{refusal?.message}</Wrong>
      {answer && <Results calls={found} chosen={line} />}
      <nav class="pager" aria-label={t.columns.arrived}>
        {may('export') && (
          <button type="button" onClick={csv}>
            {t.csv} <kbd>D</kbd>
          </button>
        )}
        {cursor && (
          <button type="button" onClick={() => look(search)}>
            {t.newest} <kbd>N</kbd>
          </button>
        )}
        {answer?.next && (
          <button type="button" onClick={older}>
            {t.next} <kbd>n</kbd>
          </button>
        )}
      </nav>
    </div>
  );
}
