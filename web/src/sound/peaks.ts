/** How loud each side is over time, and where nobody or both speak. Pure. */

/** A stretch of the recording, in seconds. */
export interface Stretch {
  from: number;
  to: number;
}

export interface Picture {
  duration: number;
  /** For each side the loudest sample of each slice, 0 to 1. */
  customer: number[];
  agent: number[];
  silences: Stretch[];
  overTalk: Stretch[];
}

/** What is quieter than this is nobody speaking: −40 dB of full scale. */
const SPEECH = 0.01;
/** A pause between words, or a cough, is neither silence nor talking over one another. */
const SILENCE_S = 2;
const OVER_TALK_S = 0.4;
/** Speech has holes of its own: a slice counts as spoken when there is speech within so much of it. */
const REACH_S = 0.2;

/** The loudest of each of `points` equal slices. */
export function peaksOf(samples: Float32Array, points: number): number[] {
  const peaks: number[] = [];
  for (let point = 0; point < points; point += 1) {
    const [from, to] = [Math.floor((point * samples.length) / points), Math.floor(((point + 1) * samples.length) / points)];
    let peak = 0;
    for (let at = from; at < to; at += 1) peak = Math.max(peak, Math.abs(samples[at] ?? 0));
    peaks.push(peak);
  }
  return peaks;
}

export function picture(customer: number[], agent: number[], duration: number): Picture {
  const slice = duration / Math.max(1, customer.length);
  const [one, other] = [spoken(customer, slice), spoken(agent, slice)];
  return {
    duration,
    customer,
    agent,
    silences: stretches(one.map((speaks, at) => !speaks && !other[at]), slice, SILENCE_S),
    overTalk: stretches(one.map((speaks, at) => speaks && other[at] === true), slice, OVER_TALK_S),
  };
}

function spoken(peaks: number[], slice: number): boolean[] {
  const reach = Math.ceil(REACH_S / slice);
  const marks = new Array<boolean>(peaks.length).fill(false);
  peaks.forEach((peak, at) => {
    if (peak > SPEECH) marks.fill(true, Math.max(0, at - reach), at + reach + 1);
  });
  return marks;
}

/** Runs of `true` that last `least` seconds. */
function stretches(marks: boolean[], slice: number, least: number): Stretch[] {
  const found: Stretch[] = [];
  let begun: number | null = null;
  for (let at = 0; at <= marks.length; at += 1) {
    if (marks[at]) begun ??= at;
    else if (begun !== null) {
      if ((at - begun) * slice >= least) found.push({ from: begun * slice, to: at * slice });
      begun = null;
    }
  }
  return found;
}
