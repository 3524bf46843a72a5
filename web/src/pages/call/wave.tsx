/** The waveform of both sides, each in its party's colour. */

import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import WaveSurfer from 'wavesurfer.js';
import type { Player } from '../../sound/player';
import type { Sound } from '../../sound/source';
import { colour, theme } from '../../theme';
import type { TimeLine } from './timeline';

const HEIGHT = 64;

interface Props {
  sound: Sound;
  line: TimeLine;
  player: Player;
  /** Where to begin, in seconds. */
  moment: number;
  zoom: number;
}

export function Wave({ sound, line, player, moment, zoom }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const drawn = useRef<WaveSurfer | null>(null);
  const progress = (): void => {
    const share = player.time.value / sound.picture.duration;
    drawn.current?.getRenderer().renderProgress(share);
  };
  useEffect(() => {
    if (!box.current) return;
    player.take(sound);
    player.seek(moment);
    const wave = WaveSurfer.create({
      container: box.current,
      // It draws, and the player plays: without an address it loads nothing.
      peaks: [sound.picture.customer, sound.picture.agent],
      duration: sound.picture.duration,
      height: HEIGHT,
      cursorWidth: 0,
      hideScrollbar: true,
      // The whole panel takes clicks.
      interact: false,
      cspNonce: document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.content ?? '',
      splitChannels: channels(),
    });
    wave.on('ready', () => {
      drawn.current = wave;
      progress();
    });
    return () => {
      drawn.current = null;
      wave.destroy();
    };
  }, [sound]);

  useSignalEffect(progress);
  useEffect(() => {
    drawn.current?.setOptions({ splitChannels: channels() });
  }, [theme.value]);

  const long = line.to - line.from;
  const share = (seconds: number): string => `${(seconds / long) * 100}%`;
  return (
    <div
      class="wave"
      data-zoom={zoom}
      ref={box}
      style={{ marginLeft: share(-line.from), width: share(sound.picture.duration) }}
      aria-hidden="true"
    />
  );
}

/** What has been played is in full colour. */
function channels() {
  return (['customer', 'agent'] as const).map((side) => ({
    waveColor: colour(`--${side}-soft`),
    progressColor: colour(`--${side}`),
    height: HEIGHT,
  }));
}
