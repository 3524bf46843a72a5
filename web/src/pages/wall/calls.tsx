/** Running calls, and those that ended last: a click opens the call's page, where it can be heard. */

import type { ComponentChildren } from 'preact';
import type { Call } from '../../api/types';
import { clock, moment, span, between } from '../../format';
import { recent, running } from '../../live/house';
import { now } from '../../clock';
import { Since, State } from '../../parts/small';
import { wall } from '../../words/wall';

/** Lines that are shown; of more it is told how many. */
const LINES = 12;

export function Running() {
  const t = wall();
  return (
    <Calls title={t.running} id="running" none={t.none.running} count={running.value.length} more={running.value.length - LINES}>
      {running.value.slice(0, LINES).map((call) => (
        <Row key={call.id} call={call} at={clock(call.arrived_at)} state={<State of={call.state ?? ''} />}>
          <Since at={call.state_since ?? call.arrived_at} />
        </Row>
      ))}
    </Calls>
  );
}

export function Recent() {
  const t = wall();
  return (
    <Calls title={t.recent} id="recent" none={t.none.recent}>
      {recent.value.map((call) => (
        <Row key={call.id} call={call} at={moment(call.arrived_at, now.peek())} state={<State of={call.outcome ?? ''} />}>
          <span class="number">{span(between(call.arrived_at, call.released_at ?? call.arrived_at))}</span>
        </Row>
      ))}
    </Calls>
  );
}

interface CallsProps {
  title: string;
  id: string;
  none: string;
  count?: number;
  /** Calls beyond those shown. */
  more?: number;
  children: ComponentChildren[];
}

function Calls({ title, id, none, count, more = 0, children }: CallsProps) {
  return (
    <section class={`panel calls ${id}`} aria-labelledby={id}>
      <h2 id={id}>
        {title} {count !== undefined && <small>{count}</small>}
        {more > 0 && <a href="/calls?running=true">{wall().more(more)}</a>}
      </h2>
      {children.length === 0 ? <p class="empty">{none}</p> : <ul>{children}</ul>}
    </section>
  );
}

function Row({ call, at, state, children }: { call: Call; at: string; state: ComponentChildren; children: ComponentChildren }) {
  return (
    <li>
      <a href={`/calls/${call.id}`}>
        <time>{at}</time>
        {state}
        <span class="parties">
          {call.caller} → {call.called}
          {call.agent && call.agent !== call.called && ` (${call.agent})`}
        </span>
        {children}
      </a>
    </li>
  );
}
