/** Where a call's sound comes from: its picture, and an address that an audio element can play. */

import { ask, get, Refusal, token } from '../api/client';
import { type Picture, peaksOf, picture } from './peaks';

/** Enough for a wide screen at the closest zoom; a slice of an hour's call is then half a second. */
const POINTS = 8_000;

export interface Sound {
  picture: Picture;
  /** Asked for when it is to be played, and not before: who plays what is in the audit log. */
  url: () => Promise<string>;
  /** Gives memory back. */
  end: () => void;
}

interface Peaks {
  duration_ms: number;
  channels: { who: 'customer' | 'agent'; peaks: number[] }[];
  silences: [number, number][];
  over_talk: [number, number][];
}

export async function soundOf(call: string, signal: AbortSignal): Promise<Sound> {
  const path = `/calls/${call}/recording`;
  const drawn = await get<Peaks>(`${path}/peaks?points=${POINTS}`, signal).then(fromPeaks, (error: unknown) => {
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  });
  // With a cookie the audio element fetches what it plays, piece by piece. It can send no token: then all of it is fetched here.
  if (drawn && token.get() === null) return { picture: drawn, url: async () => `/api/v1${path}`, end: () => {} };
  let url = '';
  const fetched = async (): Promise<Blob> => {
    const blob = await (await ask(path, { signal })).blob();
    url = URL.createObjectURL(blob);
    return blob;
  };
  const shown = drawn ?? (await decoded(await fetched()));
  return {
    picture: shown,
    url: async () => {
      if (!url) await fetched();
      return url;
    },
    end: () => URL.revokeObjectURL(url),
  };
}

function fromPeaks({ duration_ms, channels, silences, over_talk }: Peaks): Picture {
  const side = (who: string): number[] => (channels.find((channel) => channel.who === who)?.peaks ?? []).map((peak) => peak / 127);
  const stretch = ([from, to]: [number, number]): { from: number; to: number } => ({ from: from / 1_000, to: to / 1_000 });
  return {
    duration: duration_ms / 1_000,
    customer: side('customer'),
    agent: side('agent'),
    silences: silences.map(stretch),
    overTalk: over_talk.map(stretch),
  };
}

async function decoded(blob: Blob): Promise<Picture> {
  const context = new OfflineAudioContext(2, 1, 8_000);
  const sound = await context.decodeAudioData(await blob.arrayBuffer());
  const side = (channel: number): number[] => peaksOf(sound.getChannelData(Math.min(channel, sound.numberOfChannels - 1)), POINTS);
  return picture(side(0), side(1), sound.duration);
}
