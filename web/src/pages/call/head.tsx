/** Who called whom, what came of it, and what can be done with it. */

import { useState } from 'preact/hooks';
import { send } from '../../api/client';
import type { Call } from '../../api/types';
import { between, clock, day, span } from '../../format';
import { useKeys } from '../../keys';
import { Reason } from '../../parts/reason';
import { State } from '../../parts/small';
import { order, tell } from '../../parts/told';
import { save } from '../../save';
import { may } from '../../session';
import type { Player } from '../../sound/player';
import { call as words } from '../../words/call';
import { term } from '../../words/terms';

interface Props {
  call: Call;
  player: Player;
  /** Something of the record was changed. */
  onChange: () => void;
}

export function Head({ call, player, onChange }: Props) {
  const t = words();
  const [asking, ask] = useState<'download' | 'hold' | null>(null);
  const sounds = call.recording && !['missing', 'removed'].includes(call.recording.state);
  const held = call.recording?.hold != null;
  const copy = (): void => {
    const link = `${location.origin}/calls/${call.id}?t=${player.time.value.toFixed(1)}`;
    void navigator.clipboard.writeText(link).then(() => tell(t.copied));
  };
  const hold = (reason: string): void => {
    const path = `/calls/${call.id}/recording/hold`;
    const change = held ? send('DELETE', `${path}?reason=${encodeURIComponent(reason)}`) : send('PUT', path, { reason });
    void order(() => change, held ? t.legalHold.undone : t.legalHold.done).then(onChange);
  };
  const download = (why: string): void =>
    void order(() => save(`/calls/${call.id}/recording?download=1&why=${encodeURIComponent(why)}`, `${call.id}.wav`), t.downloaded);
  const actions = [
    { key: 'y', word: t.copyLink, what: t.keys.link, run: copy },
    ...(sounds && may('download') ? [{ key: 'D', word: t.download, what: t.keys.download, run: () => ask('download') }] : []),
    ...(sounds && may('hold')
      ? [{ key: 'H', word: held ? t.legalHold.lift : t.legalHold.put, what: t.keys.legalHold, run: () => ask('hold') }]
      : []),
  ];
  useKeys(t.title, actions);
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
      {(call.broken ?? []).length > 0 && (
        <span>
          {call.broken?.map((rule) => (
            <span key={rule} class="broken">
              {term(rule)}
            </span>
          ))}
        </span>
      )}
      <span class="buttons">
        {actions.map(({ key, word, run }) => (
          <button key={key} type="button" onClick={run}>
            {word} <kbd>{key}</kbd>
          </button>
        ))}
      </span>
      {asking === 'download' && <Reason title={t.download} text={t.downloadWhy} onGiven={download} onClose={() => ask(null)} />}
      {asking === 'hold' && (
        <Reason
          title={held ? t.legalHold.lift : t.legalHold.put}
          text={held ? t.legalHold.lifted : t.legalHold.is}
          onGiven={hold}
          onClose={() => ask(null)}
        />
      )}
    </header>
  );
}
