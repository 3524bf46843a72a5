/** Found calls, a line each. */

import { now } from '../../clock';
import type { Call } from '../../api/types';
import { between, moment, span } from '../../format';
import { State } from '../../parts/small';
import { calls } from '../../words/calls';
import { term } from '../../words/terms';

export function Results({ calls: found, chosen }: { calls: Call[]; chosen: number }) {
  const t = calls();
  if (found.length === 0) return <p class="empty">{t.none}</p>;
  return (
    <div class="panel scroll" tabIndex={0} role="group" aria-label={t.title}>
      <table class="found">
        <thead>
          <tr>
            {Object.entries(t.columns).map(([name, word]) => (
              <th key={name} scope="col" class={name}>
                {word}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.map((call, line) => (
            <Line key={call.id} call={call} line={line} chosen={line === chosen} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ call, line, chosen }: { call: Call; line: number; chosen: boolean }) {
  return (
    <tr data-line={line} class={chosen ? 'chosen' : ''} aria-current={chosen ? 'true' : undefined}>
      <td class="arrived">
        <a href={`/calls/${call.id}`}>{moment(call.arrived_at, now.peek())}</a>
      </td>
      <td class="caller">{call.caller}</td>
      <td class="called">{call.called}</td>
      <td class="queue">{call.queue}</td>
      <td class="agent">{call.agent}</td>
      <td class="wait">{waited(call)}</td>
      <td class="talk">{talked(call)}</td>
      <td class="outcome">
        <State of={call.outcome ?? call.state ?? ''} />
      </td>
      <td class="first">{call.hung_up_first && term(call.hung_up_first)}</td>
      <td class="what">
        {call.broken?.map((rule) => (
          <span key={rule} class="broken">
            {term(rule)}
          </span>
        ))}
        {inIt(call)}
      </td>
      <td class="recording">{call.recording && (call.recording.state === 'complete' ? span(call.recording.duration_ms) : term(call.recording.state))}</td>
    </tr>
  );
}

/** From the arrival to the agent, or to the end without one. */
function waited(call: Call): string {
  const end = call.connected_at ?? call.released_at;
  return end ? span(between(call.arrived_at, end)) : '';
}

function talked(call: Call): string {
  return call.connected_at && call.released_at ? span(between(call.connected_at, call.released_at)) : '';
}

/** What one may want to hear: holds, offers that rang out, scripts, transfers, the customer's score. */
function inIt(call: Call): string {
  const t = calls().in;
  const times = (word: string, n: number): string[] => (n === 0 ? [] : [n === 1 ? word : `${word} ×${n}`]);
  return [
    ...times(t.missed, call.offers.filter((offer) => offer.result === 'missed').length),
    ...times(t.holds, call.holds.length),
    ...times(t.script, call.scripts?.length ?? 0),
    ...times(t.transferred, call.segments?.filter((segment) => segment.ending === 'transferred').length ?? 0),
    ...(call.survey?.score ? [`${t.survey} ${call.survey.score}`] : []),
  ].join(' · ');
}
