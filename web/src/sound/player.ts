/**
 * Plays a recording: left the customer, right the agent, each with its own volume, in both ears or in one each; faster, slower, without
 * silences, around in a loop.
 */

import { effect, signal } from '@preact/signals';
import { Refusal } from '../api/client';
import { kept } from '../kept';
import type { Sound, Stretch } from './source';

export type Side = 'customer' | 'agent';

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3] as const;

const flag = (text: string | null): 'yes' | 'no' => (text === 'yes' ? 'yes' : 'no');

// How one likes to listen stays from call to call.
export const speed = kept<number>('speed', (text) => SPEEDS.find((known) => String(known) === text) ?? 1);
export const skipping = kept<'yes' | 'no'>('skip-silence', flag);
/** Both sides in both ears; else the customer left, the agent right. */
export const mixed = kept<'yes' | 'no'>('mixed', (text) => (text === null ? 'yes' : flag(text)));

/** Of a silence this is left, so that one hears that there was one. */
const SILENCE_LEFT_S = 0.3;

export class Player {
  readonly audio = new Audio();
  readonly playing = signal(false);
  /** Seconds. */
  readonly time = signal(0);
  readonly loop = signal<Partial<Stretch>>({});
  readonly volumes = { customer: signal(1), agent: signal(1) };
  readonly muted = { customer: signal(false), agent: signal(false) };
  private sound: Sound | null = null;

  private graph: { context: AudioContext; sides: Record<Side, GainNode>; merger: ChannelMergerNode } | null = null;
  private frame = 0;
  private readonly untune: () => void;

  constructor() {
    const playing = (): void => {
      this.playing.value = !this.audio.paused;
      this.follow();
    };
    const moved = (): void => {
      this.time.value = this.audio.currentTime;
    };
    for (const name of ['play', 'pause', 'ended']) this.audio.addEventListener(name, playing);
    for (const name of ['seeking', 'timeupdate']) this.audio.addEventListener(name, moved);
    this.untune = effect(() => this.tune());
  }

  end(): void {
    this.audio.pause();
    this.audio.removeAttribute('src');
    this.untune();
    cancelAnimationFrame(this.frame);
    void this.graph?.context.close();
  }

  /** What is to be played. */
  take(sound: Sound): void {
    this.sound = sound;
  }

  async toggle(): Promise<void> {
    if (!this.audio.paused) {
      this.audio.pause();
      return;
    }
    if (!this.sound) return;
    this.graph ??= this.wire();
    this.tune();
    void this.graph.context.resume();
    if (!this.audio.src) {
      this.audio.src = await this.sound.url();
      this.audio.currentTime = this.time.value;
    }
    await this.audio.play().catch((error: DOMException) => {
      // Who presses again at once has broken off what he began.
      if (error.name !== 'AbortError') throw new Refusal(0, error.message);
    });
  }

  /** Before the sound is there it is only noted where it is to begin. */
  seek(seconds: number): void {
    this.time.value = Math.max(0, Math.min(this.sound?.picture.duration ?? 0, seconds));
    if (this.audio.src) this.audio.currentTime = this.time.value;
  }

  step(seconds: number): void {
    this.seek(this.time.value + seconds);
  }

  /** Where a loop begins or ends; one that would end before it begins begins anew. */
  loopFrom(): void {
    const [from, { to }] = [this.time.value, this.loop.value];
    this.loop.value = to !== undefined && to > from ? { from, to } : { from };
  }

  loopTo(): void {
    const [to, from] = [this.time.value, this.loop.value.from ?? 0];
    if (to > from) this.loop.value = { from, to };
  }

  /** The splitter's outputs go through a gain each into one ear or both. */
  private wire(): NonNullable<Player['graph']> {
    const context = new AudioContext();
    const splitter = context.createChannelSplitter(2);
    const merger = context.createChannelMerger(2);
    const sides = { customer: context.createGain(), agent: context.createGain() };
    context.createMediaElementSource(this.audio).connect(splitter);
    splitter.connect(sides.customer, 0);
    splitter.connect(sides.agent, 1);
    merger.connect(context.destination);
    return { context, sides, merger };
  }

  private tune(): void {
    this.audio.playbackRate = speed.value;
    const volume = (side: Side): number => (this.muted[side].value ? 0 : this.volumes[side].value);
    const [customer, agent, both] = [volume('customer'), volume('agent'), mixed.value === 'yes'];
    if (!this.graph) return;
    const { sides, merger } = this.graph;
    sides.customer.gain.value = customer;
    sides.agent.gain.value = agent;
    for (const [ear, side] of [sides.customer, sides.agent].entries()) {
      side.disconnect();
      side.connect(merger, 0, ear);
      if (both) side.connect(merger, 0, 1 - ear);
    }
  }

  /** While it plays, each picture: where we are, whether the loop is at its end, whether a silence begins. */
  private follow(): void {
    if (this.audio.paused) return;
    this.time.value = this.audio.currentTime;
    const { from, to } = this.loop.value;
    if (from !== undefined && to !== undefined && this.time.value >= to) this.seek(from);
    const silence = this.sound?.picture.silences.find((silence) => this.time.value >= silence.from + SILENCE_LEFT_S && this.time.value < silence.to - SILENCE_LEFT_S);
    if (skipping.value === 'yes' && silence) this.seek(silence.to - SILENCE_LEFT_S);
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.follow());
  }
}
