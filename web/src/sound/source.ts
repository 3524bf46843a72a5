/** Where a call's sound comes from: its picture, and an address that an audio element can play. */

import { ask, get, token } from '../api/client';
import type { Peaks } from '../api/types';

/** Enough for a wide screen at a close zoom; a slice of an hour's call is then half a second. */
const POINTS = 8_000;
/** The API's highest peak. */
const FULL = 127;

/** A stretch of the recording, in seconds. */
export interface Stretch {
  from: number;
  to: number;
}

export interface Picture {
  duration: number;
  /** The recording's first moment; null when it is not known. */
  beganAt: string | null;
  /** For each side the loudest sample of each slice, 0 to 1. */
  customer: number[];
  agent: number[];
  silences: Stretch[];
  overTalk: Stretch[];
}

export interface Sound {
  picture: Picture;
  /** Asked for when it is to be played, and not before: who plays what is in the audit log. */
  url: () => Promise<string>;
  /** Gives memory back. */
  end: () => void;
}

export async function soundOf(call: string, signal: AbortSignal): Promise<Sound> {
  const path = `/calls/${call}/recording`;
  const picture = drawn(await get<Peaks>(`${path}/peaks?points=${POINTS}`, signal));
  // With a cookie the audio element fetches what it plays, piece by piece. It can send no token: then all of it is fetched here.
  if (token.get() === null) return { picture, url: async () => `/api/v1${path}`, end: () => {} };
  let url = '';
  return {
    picture,
    url: async () => {
      url ||= URL.createObjectURL(await (await ask(path, { signal })).blob());
      return url;
    },
    end: () => URL.revokeObjectURL(url),
  };
}

function drawn({ duration_ms, began_at, channels, silences, over_talk }: Peaks): Picture {
  const side = (who: string): number[] => (channels.find((channel) => channel.who === who)?.peaks ?? []).map((peak) => peak / FULL);
  const stretch = ({ from_ms, to_ms }: { from_ms: number; to_ms: number }): Stretch => ({ from: from_ms / 1_000, to: to_ms / 1_000 });
  return {
    duration: duration_ms / 1_000,
    beganAt: began_at ?? null,
    customer: side('customer'),
    agent: side('agent'),
    silences: silences.map(stretch),
    overTalk: over_talk.map(stretch),
  };
}
