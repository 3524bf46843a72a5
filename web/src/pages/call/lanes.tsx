/** What happened, below the waveform: a lane for each kind of thing. */

import { place } from '../../format';
import { call as words } from '../../words/call';
import { eventName } from '../../words/events';
import { term } from '../../words/terms';
import type { Lane, TimeLine } from './timeline';

export function Lanes({ line }: { line: TimeLine }) {
  return (
    <>
      {line.lanes.map((lane) => (
        <Track key={lane.name} lane={lane} line={line} />
      ))}
    </>
  );
}

function Track({ lane, line }: { lane: Lane; line: TimeLine }) {
  const t = words();
  const share = (seconds: number): string => `${(seconds / (line.to - line.from)) * 100}%`;
  const said = (words: string[]): string => words.map(term).join(' · ');
  return (
    <svg class="lane" role="img" aria-label={t.lanes[lane.name]}>
      {lane.spans.map(({ from, to, words, tone }) => (
        <svg key={`${from} ${words[0]}`} x={share(from - line.from)} width={share(Math.max(to - from, 0.05))} height="20" overflow="hidden">
          <title>{`${said(words) || t.lanes[lane.name]} ${place(from)}–${place(to)}`}</title>
          <rect class={`tone-${tone}`} width="100%" height="16" y="2" rx="2" />
          <text x="4" y="14">
            {said(words)}
          </text>
        </svg>
      ))}
      {lane.ticks.map(({ at, name, tone }) => (
        <svg key={`${at} ${name}`} x={share(at - line.from)} overflow="visible" width="1" height="20">
          <title>{`${lane.name === 'notes' || lane.name === 'keys' ? name : eventName(name)} ${place(at)}`}</title>
          <circle class={`tone-${tone}`} cy="10" r="4" />
        </svg>
      ))}
    </svg>
  );
}
