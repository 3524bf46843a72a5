/** Running calls, and the supervisor's ways into them. Keys work on the chosen line. */

import { useState } from 'preact/hooks';
import { go } from '../../address';
import { send } from '../../api/client';
import type { Call } from '../../api/types';
import { useKeys } from '../../keys';
import { running } from '../../live/house';
import { Since, State } from '../../parts/small';
import { order } from '../../parts/told';
import { desk } from '../../words/desk';
import { term } from '../../words/terms';
import { phone, Phone } from './phone';

type Order = 'listen' | 'whisper' | 'barge-in' | 'take-over' | 'leave';

const KEYS: [string, Order][] = [
  ['a', 'listen'],
  ['w', 'whisper'],
  ['b', 'barge-in'],
  ['x', 'take-over'],
  ['q', 'leave'],
];

/** Parts of who is in a call without serving in it. */
const BESIDE = ['listening', 'whispering', 'barging-in'];

/** What two speak in can be listened to. */
const canEnter = (call: Call): boolean => call.state === 'connected' || call.state === 'held';

const beside = (call: Call) => (call.segments ?? []).filter((part) => part.ending === 'running' && BESIDE.includes(part.role));

export function Calls() {
  const t = desk();
  const [chosen, choose] = useState<string | null>(null);
  // Those into which one can go come first.
  const calls = running.value.toSorted((a, b) => Number(canEnter(b)) - Number(canEnter(a)));
  // Without a choice the keys do nothing: an order into a call must not go to whichever is first just now.
  const line = calls.findIndex((call) => call.id === chosen);
  const move = (by: number): void => choose(calls[Math.max(0, Math.min(calls.length - 1, line + by))]?.id ?? null);
  const command = (call: Call | undefined, what: Order): void => {
    if (!call || !phone.value) return;
    const done = what === 'leave' ? t.done.left : t.done.ordered(t.orders[what], phone.value);
    void order(() => send('POST', `/calls/${call.id}/parties`, { order: what, supervisor: phone.value }), done);
  };
  useKeys(t.title, [
    { key: 'j', what: t.keys.down, run: () => move(1) },
    { key: 'k', what: t.keys.up, run: () => move(-1) },
    { key: 'Enter', what: t.keys.open, run: () => calls[line] && go(`/calls/${calls[line].id}`) },
    ...KEYS.map(([key, what]) => ({ key, what: t.orders[what], run: () => command(calls[line], what) })),
  ]);
  return (
    <section class="panel" aria-labelledby="running">
      <h2 id="running" class="row">
        <span>
          {t.calls} <small>{calls.length}</small>
        </span>
        <Phone />
      </h2>
      {calls.length === 0 && <p class="empty">{t.noCalls}</p>}
      {calls.length > 0 && (
        <div class="scroll" tabIndex={0} role="group" aria-labelledby="running">
          <table class="lined">
            <thead>
              <tr>
                {[t.columns.call, t.columns.state, t.columns.since, t.columns.queue, t.columns.agent, t.columns.supervised].map((word) => (
                  <th key={word} scope="col">
                    {word}
                  </th>
                ))}
                <td />
              </tr>
            </thead>
            <tbody>
              {calls.map((call, at) => (
                <tr key={call.id} class={at === line ? 'chosen' : ''} onClick={() => choose(call.id)}>
                  <td>
                    <a href={`/calls/${call.id}`}>
                      {call.caller} → {call.called}
                    </a>
                  </td>
                  <td>
                    <State of={call.state ?? ''} />
                  </td>
                  <td>
                    <Since at={call.state_since ?? call.arrived_at} />
                  </td>
                  <td>{call.queue}</td>
                  <td>{call.agent}</td>
                  <td>{beside(call).map((part) => `${part.agent} ${term(part.role)}`).join(', ')}</td>
                  <td>
                    <Orders call={call} marked={at === line} onOrder={(what) => command(call, what)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** The chosen line shows the keys. */
function Orders({ call, marked, onOrder }: { call: Call; marked: boolean; onOrder: (what: Order) => void }) {
  const t = desk();
  if (!canEnter(call)) return null;
  const inside = beside(call).some((part) => part.agent === phone.value);
  return (
    <span class="choice">
      {KEYS.filter(([, what]) => what !== 'leave' || inside).map(([key, what]) => (
        <button key={what} type="button" disabled={phone.value === ''} title={phone.value === '' ? t.phoneHint : undefined} onClick={() => onOrder(what)}>
          {t.orders[what]} {marked && <kbd>{key}</kbd>}
        </button>
      ))}
    </span>
  );
}
