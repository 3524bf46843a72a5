/**
 * The stream of events: kept open, opened anew when it breaks, and after a sleep of the laptop.
 *
 * Each opening begins with the present state, which the listener loads; what happened meanwhile is in it, so that nothing has to be made
 * up for. By fetch and not EventSource, which can send no token.
 */

import { signal } from '@preact/signals';
import { ask, Refusal } from '../api/client';
import type { Happening } from '../api/types';
import { reader } from './sse';

/** The switch says something each 15 s at least; a stream that is silent for so long is dead, whatever TCP says. */
const SILENCE_MAX_MS = 40_000;
/** A second's timer that comes so late has slept. */
const SLEPT_MS = 10_000;
const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 10_000;

export const link = signal<'connecting' | 'live' | 'lost'>('connecting');

export interface Listener {
  /** The stream is open, or has a hole: load the present state. */
  began(): void;
  heard(event: Happening): void;
}

/** Listens until the returned function is called. */
export function listen(listener: Listener): () => void {
  const over = new AbortController();
  void keepListening(listener, over.signal);
  return () => over.abort();
}

async function keepListening(listener: Listener, over: AbortSignal): Promise<void> {
  let wait = WAIT_FIRST_MS;
  while (!over.aborted) {
    const opened = Date.now();
    link.value = 'connecting';
    try {
      await once(listener, over);
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return;
    }
    if (over.aborted) return;
    link.value = 'lost';
    if (Date.now() - opened > WAIT_MAX_MS) wait = WAIT_FIRST_MS;
    await pause(wait, over);
    wait = Math.min(wait * 2, WAIT_MAX_MS);
  }
}

/** One connection, to its end. */
async function once(listener: Listener, over: AbortSignal): Promise<void> {
  const dead = new AbortController();
  const unwatch = watch(() => dead.abort());
  try {
    const answer = await ask('/events', { signal: AbortSignal.any([over, dead.signal]) });
    if (!answer.body) return;
    link.value = 'live';
    listener.began();
    const read = reader();
    const stream = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await stream.read();
      if (done) return;
      unwatch.alive();
      for (const sent of read(value)) {
        if (sent.event === 'gap') listener.began();
        else listener.heard(JSON.parse(sent.data) as Happening);
      }
    }
  } finally {
    unwatch.end();
  }
}

/** Calls `lost` when nothing has been heard for too long, when the computer has slept, and when its network has changed. */
function watch(lost: () => void): { alive: () => void; end: () => void } {
  let [heard, ticked] = [Date.now(), Date.now()];
  const timer = setInterval(() => {
    const slept = Date.now() - ticked > SLEPT_MS;
    ticked = Date.now();
    if (slept || Date.now() - heard > SILENCE_MAX_MS) lost();
  }, 1_000);
  addEventListener('online', lost);
  return {
    alive: () => {
      heard = Date.now();
    },
    end: () => {
      clearInterval(timer);
      removeEventListener('online', lost);
    },
  };
}

/** Waits, but not when the network is back or the page is looked at again. */
function pause(ms: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      document.removeEventListener('visibilitychange', done);
      over.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    document.addEventListener('visibilitychange', done);
    over.addEventListener('abort', done);
  });
}
