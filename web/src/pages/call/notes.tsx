/** What people note on a call: on a moment of it, or on the whole. `m` notes the moment that is being heard. */

import { useState } from 'preact/hooks';
import { send } from '../../api/client';
import type { Call, Note } from '../../api/types';
import { now } from '../../clock';
import { moment, place } from '../../format';
import { useKeys } from '../../keys';
import { order } from '../../parts/told';
import { may, session } from '../../session';
import type { Player } from '../../sound/player';
import { call as words } from '../../words/call';

interface Props {
  call: Call;
  notes: Note[];
  player: Player;
  /** Something was noted, changed or taken away. */
  onChange: () => void;
}

/** What is being written: a new note, or one anew; on which moment, in milliseconds. */
interface Draft {
  id: string | null;
  text: string;
  at_ms: number | null;
}

export function Notes({ call, notes, player, onChange }: Props) {
  const t = words();
  const [draft, setDraft] = useState<Draft | null>(null);
  const here = (): number => Math.round(player.time.value * 1_000);
  const begin = (at_ms: number | null): void => setDraft({ id: null, text: '', at_ms });
  const path = `/calls/${call.id}/notes`;
  const keep = (text: string): void => {
    if (!draft || !text) return;
    const body = { text, ...(draft.at_ms === null ? {} : { at_ms: draft.at_ms }) };
    void order(async () => {
      await (draft.id ? send('PUT', `${path}/${draft.id}`, body) : send('POST', path, body));
      setDraft(null);
      onChange();
    });
  };
  const remove = (note: Note): void =>
    void order(async () => {
      await send('DELETE', `${path}/${note.id}`);
      onChange();
    });
  useKeys(t.title, may('note') ? [{ key: 'm', what: t.keys.note, run: () => begin(call.recording ? here() : null) }] : []);
  return (
    <section class="panel notes" aria-labelledby="notes">
      <h2 id="notes" class="row">
        <span>
          {t.notes} <small>{notes.length}</small>
        </span>
        {may('note') && (
          <span class="buttons">
            {call.recording && (
              <button type="button" onClick={() => begin(here())}>
                {t.noteHere} <kbd>m</kbd>
              </button>
            )}
            <button type="button" onClick={() => begin(null)}>
              {t.noteWhole}
            </button>
          </span>
        )}
      </h2>
      {draft && <Writing key={`${draft.id} ${draft.at_ms}`} draft={draft} onKeep={keep} onCancel={() => setDraft(null)} />}
      <ol>
        {notes.map((note) => (
          <li key={note.id}>
            {note.at_ms != null && (
              <button class="quiet number" type="button" onClick={() => player.seek((note.at_ms ?? 0) / 1_000)}>
                {place(note.at_ms / 1_000)}
              </button>
            )}
            <p>{note.text}</p>
            <small>
              {note.who} · {moment(note.at, now.peek())}
            </small>
            {note.who === session.value?.user && (
              <span class="buttons">
                <button class="quiet" type="button" onClick={() => setDraft({ id: note.id, text: note.text, at_ms: note.at_ms ?? null })}>
                  {t.changeNote}
                </button>
                <button class="quiet" type="button" onClick={() => remove(note)}>
                  {t.removeNote}
                </button>
              </span>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Enter keeps it, Shift+Enter begins a line, Escape lets it be. */
function Writing({ draft, onKeep, onCancel }: { draft: Draft; onKeep: (text: string) => void; onCancel: () => void }) {
  const t = words();
  return (
    <form
      class="writing"
      onSubmit={(event) => {
        event.preventDefault();
        onKeep(String(new FormData(event.currentTarget).get('text') ?? '').trim());
      }}
    >
      <label>
        {draft.at_ms === null ? t.noteWhole : `${t.noteAt} ${place(draft.at_ms / 1_000)}`}
        <textarea
          name="text"
          rows={2}
          maxLength={2_000}
          required
          autoFocus
          defaultValue={draft.text}
          onKeyDown={(event) => {
            if (event.key === 'Escape') onCancel();
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }}
        />
      </label>
      <span class="buttons">
        <button type="button" onClick={onCancel}>
          {t.cancel}
        </button>
        <button class="main" type="submit">
          {t.keepNote} <kbd>↵</kbd>
        </button>
      </span>
    </form>
  );
}
