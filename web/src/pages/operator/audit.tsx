/** Who did what: the newest entries, further ones on demand. */

import { useState } from 'preact/hooks';
import { get } from '../../api/client';
import type { AuditEntry } from '../../api/types';
import { now } from '../../clock';
import { moment } from '../../format';
import { useLoaded } from '../../parts/loading';
import { calls } from '../../words/calls';
import { operator } from '../../words/operator';

const PAGE = 25;

export function Audit() {
  const t = operator();
  const [before, setBefore] = useState('');
  const { answer } = useLoaded(`audit ${before}`, (signal) =>
    get<{ items: AuditEntry[]; next?: string | null }>(`/audit?limit=${PAGE}${before && `&cursor=${before}`}`, signal),
  );
  return (
    <section class="panel" aria-labelledby="audit">
      <h2 id="audit">{t.audit}</h2>
      {answer?.items.length === 0 && <p class="empty">{t.noAudit}</p>}
      <ol class="lines">
        {answer?.items.map((entry) => (
          <li key={entry.id}>
            <time>{moment(entry.at, now.peek())}</time>
            <b>{entry.who}</b>
            <span>{entry.action}</span>
            <span class="soft">
              {entry.subject} {entry.detail}
            </span>
            <small>{entry.remote}</small>
          </li>
        ))}
      </ol>
      {answer?.next && (
        <button type="button" onClick={() => setBefore(answer.next ?? '')}>
          {calls().next}
        </button>
      )}
    </section>
  );
}
