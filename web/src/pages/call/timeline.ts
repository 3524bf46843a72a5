/** A call laid out in time: what is to be drawn below its waveform. Pure. Seconds count from the recording's beginning. */

import type { Call, Happening, Note } from '../../api/types';
import type { Picture, Stretch } from '../../sound/source';

export interface Span {
  from: number;
  to: number;
  /** Words of the API, to be translated where they are drawn. */
  words: string[];
  tone: string;
}

export interface Tick {
  at: number;
  /** Of an event; a note is what it says, a key what it is. */
  name: string;
  tone: string;
}

export const LANES = ['queue', 'rings', 'talk', 'holds', 'pauses', 'keys', 'scripts', 'silence', 'overTalk', 'events', 'notes'] as const;
export type LaneName = (typeof LANES)[number];

export interface Lane {
  name: LaneName;
  spans: Span[];
  ticks: Tick[];
}

export interface TimeLine {
  /** The wall time of second 0, in milliseconds since 1970. */
  zero: number;
  /** Before the recording a call may have rung, after it the switch may have had work: 0 or less, and the recording's length or more. */
  from: number;
  to: number;
  lanes: Lane[];
}

/** Where an event is marked; what is not here stands in the list of events alone. */
const TICKS: Record<string, [LaneName, string]> = {
  'offer.ring': ['rings', 'ringing'],
  'offer.missed': ['rings', 'missed'],
  'queue.comforted': ['queue', 'held'],
  'queue.announced': ['queue', 'held'],
  'hold.patience_exceeded': ['holds', 'held'],
  'hold.promised': ['holds', 'held'],
  'hold.promise_kept': ['holds', 'answered'],
  'hold.promise_broken': ['holds', 'missed'],
  'hold.promise_exceeded': ['holds', 'missed'],
  'hold.escalated': ['holds', 'missed'],
  'silent_call.step': ['scripts', 'silent'],
  'script.step': ['scripts', 'silent'],
  'call.greeted': ['events', 'answered'],
  'call.transferred': ['events', 'talking'],
  'call.diverted': ['events', 'waiting'],
  'call.agent_left': ['events', 'offline'],
  'call.caller_left': ['events', 'offline'],
  'call.released': ['events', 'offline'],
  'call.resumed': ['events', 'missed'],
  'menu.chosen': ['events', 'talking'],
  'survey.asked': ['events', 'held'],
  'survey.answered': ['events', 'answered'],
  'sound.faint': ['events', 'missed'],
  'sound.noisy': ['events', 'missed'],
  'agent.sound': ['events', 'missed'],
  'call.quality': ['events', 'missed'],
};

export function timeLine(call: Call, events: Happening[], notes: Note[], sound: Picture | null, now: number): TimeLine {
  const zero = Date.parse(sound?.beganAt ?? call.answered_at ?? call.arrived_at);
  const at = (time: string): number => (Date.parse(time) - zero) / 1_000;
  const end = call.released_at ? at(call.released_at) : (now - zero) / 1_000;
  const span = (began: string, ended: string | null | undefined, words: string[], tone: string): Span => ({
    from: at(began),
    to: ended ? at(ended) : end,
    words,
    tone,
  });
  const spans: Record<LaneName, Span[]> = {
    queue: (call.visits ?? []).map((visit) => span(visit.entered_at, visit.left_at, [visit.queue, visit.ending], 'waiting')),
    rings: call.offers.map((offer) => span(offer.alerted_at, offer.ended_at, [offer.agent, offer.result], ringTone(offer.result))),
    talk: (call.segments ?? []).map((part) => span(part.started_at, part.ended_at, [part.agent, part.role], 'talking')),
    holds: call.holds.map((hold) => span(hold.started_at, hold.ended_at, ['held', ...(hold.reason ? [hold.reason] : [])], 'held')),
    pauses: (call.pauses ?? []).map((pause) => span(pause.started_at, pause.ended_at, [pause.why, pause.by], 'offline')),
    keys: [],
    scripts: (call.scripts ?? []).map((script) => span(script.started_at, script.ended_at, [script.script, script.ending], 'silent')),
    silence: (sound?.silences ?? []).map((silence) => ({ ...silence, words: [], tone: 'offline' })),
    overTalk: [],
    events: [],
    notes: [],
  };
  // Music and prompts are on the agent's side too: only where he serves and does not hold do two people talk over one another.
  const together = (at: Stretch): boolean => within(at, spans.talk) && !within(at, spans.holds);
  spans.overTalk = (sound?.overTalk ?? []).filter(together).map((both) => ({ ...both, words: [], tone: 'missed' }));
  const ticks = Object.fromEntries(LANES.map((name) => [name, [] as Tick[]])) as Record<LaneName, Tick[]>;
  for (const event of events) {
    const [lane, tone] = TICKS[event.name] ?? [];
    if (lane && tone) ticks[lane].push({ at: at(event.at), name: event.name, tone });
  }
  for (const key of call.keys ?? []) {
    // The customer's, or an agent's: each in his colour, and hidden ones as they came.
    ticks.keys.push({ at: at(key.at), name: key.agent ? `${key.agent}: ${key.key}` : key.key, tone: key.agent ? 'talking' : 'waiting' });
  }
  for (const note of notes) {
    if (note.at_ms != null) ticks.notes.push({ at: note.at_ms / 1_000, name: note.text, tone: 'waiting' });
  }
  const lanes = LANES.map((name) => ({ name, spans: spans[name], ticks: ticks[name] }));
  return {
    zero,
    from: Math.min(0, at(call.arrived_at)),
    to: Math.max(end, sound?.duration ?? 0, 1),
    lanes: lanes.filter((lane) => lane.spans.length + lane.ticks.length > 0),
  };
}

/** Of most of a stretch: its ends may reach over. */
const within = ({ from, to }: Stretch, spans: Span[]): boolean => spans.some((span) => (from + to) / 2 >= span.from && (from + to) / 2 < span.to);

const ringTone = (result: string): string => (result === 'answered' ? 'answered' : result === 'pending' ? 'ringing' : 'missed');

/** Distances of an axis that people read without reckoning, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600];

/** The seconds at which an axis has its marks, at least `apart` seconds from one another. */
export function marks(from: number, to: number, apart: number): number[] {
  const step = STEPS.find((step) => step >= apart) ?? 3_600;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, at) => first + at * step);
}
