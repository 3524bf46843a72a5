/** Every event of the call, in order; its time leads to its moment. The one that was last as it plays is marked. */

import { useComputed } from '@preact/signals';
import type { Call, Happening } from '../../api/types';
import { clock, place } from '../../format';
import { kept, oneOf } from '../../kept';
import type { Player } from '../../sound/player';
import { call as words } from '../../words/call';
import { eventDetails, eventName } from '../../words/events';

/** Agents' states are many and seldom what one looks for. */
const shown = kept('call-events', oneOf('all', 'call'));

interface Props {
  call: Call;
  events: Happening[];
  zero: number;
  player: Player;
}

export function Events({ call, events, zero, player }: Props) {
  const t = words();
  const listed = shown.value === 'all' ? events : events.filter((event) => !event.name.startsWith('agent.'));
  const seconds = (event: Happening): number => (Date.parse(event.at) - zero) / 1_000;
  const current = useComputed(() => listed.findLast((event) => seconds(event) <= player.time.value + 0.01)?.seq);
  return (
    <section class="panel events" aria-labelledby="events">
      <h2 id="events" class="row">
        {t.events}
        <label>
          <input
            type="checkbox"
            checked={shown.value === 'call'}
            onChange={(event) => {
              shown.value = event.currentTarget.checked ? 'call' : 'all';
            }}
          />{' '}
          {t.onlyCall}
        </label>
      </h2>
      <ol>
        {listed.map((event) => (
          <li key={event.seq} class={event.seq === current.value && player.time.value > 0 ? 'current' : ''}>
            <button type="button" class="quiet number" disabled={!call.recording} onClick={() => player.seek(seconds(event))}>
              {place(seconds(event))}
            </button>
            <time>{clock(event.at)}</time>
            <span>{eventName(event.name)}</span>
            <span class="soft">{eventDetails(event, false)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
