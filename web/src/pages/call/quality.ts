/** How well the sound of a call's legs travelled, laid out in time. Pure. Seconds count from the recording's beginning. */

import type { Call } from '../../api/types';

type Leg = NonNullable<Call['quality']>[number];
type Minute = NonNullable<Leg['minutes']>[number];
export type Flow = Minute['received'];

export interface Stretch {
  from: number;
  to: number;
  /** Of the worse direction; of several minutes in one, the worst. `null`: too little was said to tell. */
  mos: number | null;
  tone: string;
  minute: Minute;
}

export interface QualityLane {
  leg: number;
  /** An agent's id; `null`: the customer. */
  agent: string | null;
  codec: string;
  mean: number | null;
  worst: number | null;
  stretches: Stretch[];
}

/** G.109: satisfied; some dissatisfied; worse. */
export const toneOf = (mos: number | null): string => (mos === null ? 'offline' : mos >= 4 ? 'ok' : mos >= 3.6 ? 'waiting' : 'down');

/** A lane a leg of which anything is known. */
export function qualityLanes(call: Call, zero: number): QualityLane[] {
  const lane = (leg: Leg): QualityLane => {
    const began = (Date.parse(leg.started_at) - zero) / 1_000;
    const stretch = (minute: Minute): Stretch => {
      const mos = minute.mos_min ?? null;
      return { from: began + minute.from_ms / 1_000, to: began + minute.to_ms / 1_000, mos, tone: toneOf(mos), minute };
    };
    return {
      leg: leg.leg,
      agent: leg.agent ?? null,
      codec: leg.codec,
      mean: leg.mos_mean ?? null,
      worst: leg.mos_min ?? null,
      stretches: (leg.minutes ?? []).map(stretch),
    };
  };
  return (call.quality ?? []).map(lane).filter((lane) => lane.stretches.length > 0);
}

/** What of a direction did not arrive, in percent; `null` where nobody knows. */
export function lostPercent(flow: Flow, sent: boolean): number | null {
  if (flow.lost == null) return null;
  const all = sent ? flow.packets : flow.packets + flow.lost;
  return all > 0 ? Math.min(100, ((flow.lost + (flow.discarded ?? 0)) * 100) / all) : null;
}
