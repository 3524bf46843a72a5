/** A call: heard, seen on its time line, and all that is known of it. `?t=12.5` is a moment in it. */

import { useEffect, useMemo } from 'preact/hooks';
import { go, path, query } from '../../address';
import { get, items } from '../../api/client';
import type { Call as Record, Decision, Happening, Note, Score } from '../../api/types';
import { serverNow } from '../../clock';
import { useKeys } from '../../keys';
import { fresh } from '../../live/fresh';
import { overhear } from '../../live/house';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { may } from '../../session';
import { Player } from '../../sound/player';
import { soundOf } from '../../sound/source';
import { call as words } from '../../words/call';
import { shell } from '../../words/shell';
import { Decisions } from './decisions';
import { Events } from './events';
import { Facts } from './facts';
import { Head } from './head';
import { Ladder } from './ladder';
import { Notes } from './notes';
import { Panel } from './panel';
import { Scores } from './scores';
import { isOpen, Scoring } from './scoring';
import { timeLine } from './timeline';

export function CallPage() {
  const id = path.value.split('/')[2] ?? '';
  return <One key={id} id={id} />;
}

/** Pages of events that are fetched; a call of more than 2,000 events has its first ones shown. */
const EVENT_PAGES = 4;

async function eventsOf(id: string, signal: AbortSignal): Promise<Happening[]> {
  const events: Happening[] = [];
  let cursor = '';
  for (let page = 0; page < EVENT_PAGES; page += 1) {
    const got = await get<{ items: Happening[]; next?: string | null }>(`/calls/${id}/events?limit=500${cursor}`, signal);
    events.push(...got.items);
    if (!got.next) break;
    cursor = `&cursor=${got.next}`;
  }
  return events;
}

function One({ id }: { id: string }) {
  const t = words();
  const record = useLoaded(id, (signal) => get<Record>(`/calls/${id}`, signal));
  const events = useLoaded(id, (signal) => eventsOf(id, signal));
  const decisions = useLoaded(id, (signal) => items<Decision>(`/calls/${id}/decisions`, signal));
  const notes = useLoaded(id, (signal) => items<Note>(`/calls/${id}/notes`, signal));
  const scores = useLoaded(may('results') ? id : null, (signal) => items<Score>(`/calls/${id}/scores`, signal));
  useNews(scores.again, (event) => may('results') && event.detail.call === id);
  const call = record.answer;
  const recorded = call?.recording && !['missing', 'removed'].includes(call.recording.state) && may('hear');
  const sound = useLoaded(recorded ? id : null, (signal) => soundOf(id, signal));
  const player = useMemo(() => new Player(), []);
  useEffect(() => () => player.end(), []);
  useEffect(() => () => sound.answer?.end(), [sound.answer]);

  // A call that runs is shown as it goes on. Its sound is not fetched again: it would begin anew under the listener's ears.
  useEffect(() => {
    const again = fresh(async () => {
      record.again();
      events.again();
    }, 1_000);
    return overhear((event) => event.call === id && again());
  }, []);

  const line = useMemo(
    () => call && timeLine(call, events.answer ?? [], notes.answer ?? [], sound.answer?.picture ?? null, serverNow()),
    [call, events.answer, notes.answer, sound.answer],
  );
  useKeys(t.title, [{ key: 'u', what: t.keys.up, run: () => (history.length > 1 ? history.back() : go('/calls')) }]);

  if (record.refusal) return <Wrong>{record.refusal.status === 404 ? t.none : record.refusal.message}</Wrong>;
  if (!call || !line) return <p class="empty">{shell().loading}</p>;
  const moment = Number(query.peek().get('t') ?? 0) || 0;
  const scoring = isOpen() && may('results');
  // For a calibration one gives one's own score before one sees another's.
  const shown = (scores.answer ?? []).filter((score) => !query.value.get('calibration') || score.calibration === query.value.get('calibration'));
  return (
    <article class={scoring ? 'call-page scoring' : 'call-page'}>
      <Head call={call} player={player} onChange={record.again} />
      <Panel call={call} line={line} sound={sound.answer} refusal={sound.refusal} player={player} moment={moment} />
      {scoring && scores.answer && <Scoring call={call} scores={shown} player={player} onChange={scores.again} />}
      <div class="beside">
        <Events call={call} events={events.answer ?? []} zero={line.zero} player={player} />
        <Ladder id={id} zero={line.zero} />
      </div>
      <div class="beside">
        <Notes call={call} notes={notes.answer ?? []} player={player} onChange={notes.again} />
        {may('results') && <Scores call={call} scores={shown} player={player} onChange={scores.again} />}
        <Facts call={call} />
        <Decisions decisions={decisions.answer ?? []} />
      </div>
    </article>
  );
}
