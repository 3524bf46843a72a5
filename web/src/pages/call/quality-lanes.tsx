/** How well each leg's sound travelled, minute by minute, below the other lanes; what is behind a score stands in the line under them. */

import { useState } from 'preact/hooks';
import { place } from '../../format';
import { call as words } from '../../words/call';
import { lostPercent, type QualityLane, type Stretch } from './quality';
import type { TimeLine } from './timeline';

export const whoseLane = (lane: QualityLane): string => `${words().quality.name}: ${lane.agent ?? words().customer}`;

export function QualityLanes({ lanes, line }: { lanes: QualityLane[]; line: TimeLine }) {
  const [shown, show] = useState('');
  const share = (seconds: number): string => `${(seconds / (line.to - line.from)) * 100}%`;
  if (lanes.length === 0) return null;
  return (
    <>
      {lanes.map((lane) => (
        <ul key={lane.leg} class="lane minutes" aria-label={whoseLane(lane)}>
          {lane.stretches.map((stretch) => {
            const said = inWords(lane, stretch);
            return (
              <li
                key={stretch.from}
                class={`tone-${stretch.tone}`}
                style={{ left: share(stretch.from - line.from), width: share(stretch.to - stretch.from) }}
                tabIndex={0}
                aria-label={said}
                title={said}
                onFocus={() => show(said)}
                onMouseEnter={() => show(said)}
              >
                {stretch.mos?.toFixed(1) ?? '–'}
              </li>
            );
          })}
        </ul>
      ))}
      <p class="lane minute-said">{shown || words().quality.look}</p>
    </>
  );
}

/** What is known of a minute, in a line. */
function inWords(lane: QualityLane, { from, to, mos, minute }: Stretch): string {
  const t = words().quality;
  const flow = (name: string, of: typeof minute.received, sent: boolean): string | null => {
    const lost = lostPercent(of, sent);
    const known = [lost === null ? null : t.lost(lost), of.jitter_ms == null ? null : t.jitter(of.jitter_ms, of.jitter_max_ms ?? of.jitter_ms)];
    return known.some(Boolean) ? `${name} ${known.filter(Boolean).join(', ')}` : null;
  };
  return [
    `${place(from)}–${place(to)}`,
    mos === null ? t.unknown : `MOS ${mos.toFixed(2)}`,
    flow(t.received, minute.received, false),
    flow(t.sent, minute.sent, true),
    minute.round_trip_ms == null ? null : t.trip(minute.round_trip_ms),
    minute.told_mos == null ? null : t.told(minute.told_mos),
    lane.codec,
  ]
    .filter(Boolean)
    .join(' · ');
}
