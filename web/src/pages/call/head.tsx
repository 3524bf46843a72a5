/** Who called whom, what came of it, and what can be taken away from here. */

import { useState } from 'preact/hooks';
import { ask } from '../../api/client';
import type { Call } from '../../api/types';
import { between, clock, day, span } from '../../format';
import { useKeys } from '../../keys';
import { State } from '../../parts/small';
import { may } from '../../session';
import type { Player } from '../../sound/player';
import { call as words } from '../../words/call';
import { term } from '../../words/terms';

export function Head({ call, player }: { call: Call; player: Player }) {
  const t = words();
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    const link = `${location.origin}/calls/${call.id}?t=${player.time.value.toFixed(1)}`;
    void navigator.clipboard.writeText(link).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 2_000);
    });
  };
  const downloadable = may('download') && call.recording && !['missing', 'removed'].includes(call.recording.state);
  useKeys(t.title, [
    { key: 'y', what: t.keys.link, run: copy },
    ...(downloadable ? [{ key: 'D', what: t.keys.download, run: () => void download(call.id) }] : []),
  ]);
  return (
    <header class="head">
      <h1>
        {call.caller} → {call.called}
      </h1>
      <State of={call.outcome ?? call.state ?? ''} />
      <span class="soft">
        {term(call.direction)} · {day(call.arrived_at)} {clock(call.arrived_at)}
        {call.released_at && ` · ${span(between(call.arrived_at, call.released_at))}`}
        {call.queue && ` · ${call.queue}`}
        {call.agent && ` · ${call.agent}`}
      </span>
      <span class="buttons">
        <span role="status" class="soft">
          {copied && t.copied}
        </span>
        <button type="button" onClick={copy}>
          {t.copyLink} <kbd>y</kbd>
        </button>
        {downloadable && (
          <button type="button" onClick={() => void download(call.id)} title={t.downloadAs}>
            {t.download} <kbd>D</kbd>
          </button>
        )}
      </span>
    </header>
  );
}

/** By fetch, because a link can send no token. */
async function download(id: string): Promise<void> {
  const url = URL.createObjectURL(await (await ask(`/calls/${id}/recording?download=1`)).blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = `${id}.wav`;
  link.click();
  URL.revokeObjectURL(url);
}
