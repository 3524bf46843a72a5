/** Searches that are kept: one's own, and those that others share. */

import { useState } from 'preact/hooks';
import { items, send } from '../../api/client';
import type { SavedSearch } from '../../api/types';
import { useKeys } from '../../keys';
import { Dialog } from '../../parts/dialog';
import { useLoaded } from '../../parts/loading';
import { order } from '../../parts/told';
import { may, session } from '../../session';
import { calls } from '../../words/calls';

export function Kept({ query }: { query: string }) {
  const t = calls();
  const { answer, again } = useLoaded('searches', (signal) => items<SavedSearch>('/searches', signal));
  const [naming, setNaming] = useState(false);
  const keep = (name: string, shared: boolean): void =>
    void order(async () => {
      await send('POST', '/searches', { name, query, shared });
      setNaming(false);
      again();
    });
  const drop = (search: SavedSearch): void => void order(() => send('DELETE', `/searches/${search.id}`)).then(again);
  const keepable = may('note') && query !== '';
  useKeys(t.title, keepable ? [{ key: 'S', what: t.keys.keep, run: () => setNaming(true) }] : []);
  return (
    <div class="kept" role="group" aria-label={t.kept}>
      {answer?.map((search) => (
        <span key={search.id} class={search.query === query ? 'chip chosen' : 'chip'}>
          <a href={`/calls?${search.query}`}>{search.name}</a>
          {search.who === session.value?.user ? (
            <button class="quiet" type="button" aria-label={t.drop(search.name)} onClick={() => drop(search)}>
              ✕
            </button>
          ) : (
            <small>{search.who}</small>
          )}
        </span>
      ))}
      {keepable && (
        <button class="quiet" type="button" onClick={() => setNaming(true)}>
          {t.keep} <kbd>S</kbd>
        </button>
      )}
      {naming && <Naming onKeep={keep} onClose={() => setNaming(false)} />}
    </div>
  );
}

function Naming({ onKeep, onClose }: { onKeep: (name: string, shared: boolean) => void; onClose: () => void }) {
  const t = calls();
  return (
    <Dialog title={t.keep} onClose={onClose}>
      <form
        class="reason"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          onKeep(String(given.get('name') ?? '').trim(), given.has('shared'));
        }}
      >
        <label>
          {t.searchName}
          <input name="name" required maxLength={80} autoFocus />
        </label>
        <label>
          <input name="shared" type="checkbox" /> {t.shared}
        </label>
        <div class="buttons">
          <button type="button" onClick={onClose}>
            {t.cancel}
          </button>
          <button class="main" type="submit">
            {t.keepIt}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
