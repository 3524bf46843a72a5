/** What agents were told, newest first, by agent; written here, or on a call's page with its moment. */

import { useState } from 'preact/hooks';
import { address, go, query } from '../../address';
import { get } from '../../api/client';
import type { Coaching } from '../../api/types';
import { now } from '../../clock';
import { moment, place } from '../../format';
import { useKeys } from '../../keys';
import { agents } from '../../live/house';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { Coach } from '../../quality/coach';
import { may } from '../../session';
import { quality } from '../../words/quality';

export function Coachings() {
  const t = quality();
  const agent = query.value.get('agent') ?? '';
  const cursor = query.value.get('cursor') ?? '';
  const path = address('/qa/coaching', { agent, cursor });
  const { answer, refusal, again } = useLoaded(path, (signal) => get<{ items: Coaching[]; next?: string | null }>(path, signal));
  useNews(again);
  const [writing, write] = useState(false);
  useKeys(t.views.coaching, may('coach') ? [{ key: 'C', what: t.keys.coach, run: () => write(true) }] : []);
  const found = answer?.items ?? [];
  const name = (id: string): string => agents.value.find((agent) => agent.id === id)?.name || id;
  return (
    <>
      {may('coach') && (
        <form class="search" onSubmit={(event) => event.preventDefault()}>
          <label>
            {t.columns.agent}
            <select value={agent} onChange={(event) => go(address('/quality/coaching', { agent: event.currentTarget.value }))}>
              <option value="">{t.all}</option>
              {agents.value.map((agent) => (
                <option key={agent.id} value={agent.id}>
                  {agent.id} {agent.name}
                </option>
              ))}
            </select>
          </label>
          <button type="button" onClick={() => write(true)}>
            {t.coach} <kbd>C</kbd>
          </button>
        </form>
      )}
      <Wrong>{refusal?.message}</Wrong>
      <section class="panel coaching" aria-labelledby="coaching">
        <h2 id="coaching">
          {t.views.coaching} <small>{found.length}</small>
        </h2>
        {answer && found.length === 0 && <p class="empty">{t.noCoaching}</p>}
        <ol>
          {found.map((note) => (
            <li key={note.id}>
              <p class="soft">
                <b>{name(note.agent)}</b> · {note.who} · <time>{moment(note.at, now.peek())}</time>
                {note.call_id && (
                  <>
                    {' · '}
                    <a href={address(`/calls/${note.call_id}`, { score: note.score_id ?? undefined, t: note.at_ms == null ? undefined : String(note.at_ms / 1_000) })}>
                      {t.columns.call}
                      {note.at_ms != null && ` ${place(note.at_ms / 1_000)}`}
                    </a>
                  </>
                )}
              </p>
              <p class="said">{note.text}</p>
            </li>
          ))}
        </ol>
      </section>
      {answer?.next && (
        <nav class="pager" aria-label={t.views.coaching}>
          <button type="button" onClick={() => go(address('/quality/coaching', { agent, cursor: answer.next ?? undefined }))}>
            {t.older}
          </button>
        </nav>
      )}
      {writing && <Coach among={agent ? [agent] : []} onDone={again} onClose={() => write(false)} />}
    </>
  );
}
