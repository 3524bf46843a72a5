/** Waveform and time line on one axis, with the player. */

import { useComputed, useSignalEffect } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import type { Refusal } from '../../api/client';
import type { Call } from '../../api/types';
import { useKeys } from '../../keys';
import { Loud, Mute } from '../../parts/icons';
import type { Player, Side } from '../../sound/player';
import type { Sound } from '../../sound/source';
import { call as words } from '../../words/call';
import { Axis } from './axis';
import { Controls } from './controls';
import { Lanes } from './lanes';
import { Pauses } from './pauses';
import { qualityLanes } from './quality';
import { QualityLanes, whoseLane } from './quality-lanes';
import type { TimeLine } from './timeline';
import { Wave } from './wave';

interface Props {
  call: Call;
  line: TimeLine;
  sound: Sound | null;
  refusal: Refusal | null;
  player: Player;
  moment: number;
}

const ZOOM_MAX = 32;

export function Panel({ call, line, sound, refusal, player, moment }: Props) {
  const t = words();
  const [zoom, setZoom] = useState(1);
  const quality = qualityLanes(call, line.zero);
  const closer = (times: number): void => setZoom(Math.max(1, Math.min(ZOOM_MAX, zoom * times)));
  useKeys(t.sound, [
    { key: '+', what: t.keys.zoomIn, run: () => closer(2) },
    { key: '-', what: t.keys.zoomOut, run: () => closer(0.5) },
  ]);
  return (
    <section class="panel sound" aria-label={t.sound}>
      <Controls player={player} enabled={sound !== null} zoom={zoom} onZoom={closer} line={line} />
      <div class="tracks">
        <div class="gutter">
          <div class="axis" />
          {sound ? (['customer', 'agent'] as const).map((side) => <SideControl key={side} side={side} player={player} />) : null}
          {line.lanes.map((lane) => (
            <div key={lane.name} class="lane">
              {t.lanes[lane.name]}
            </div>
          ))}
          {quality.map((lane) => (
            <div key={lane.leg} class="lane" title={whoseLane(lane)}>
              {whoseLane(lane)}
            </div>
          ))}
        </div>
        <Scroll zoom={zoom} line={line} player={player}>
          <Axis line={line} zoom={zoom} />
          {sound && <Wave sound={sound} line={line} player={player} moment={moment} zoom={zoom} />}
          <Lanes line={line} />
          <QualityLanes lanes={quality} line={line} />
        </Scroll>
      </div>
      {!sound && <p class="soft">{silence(call, refusal)}</p>}
    </section>
  );
}

/** What one sees in place of a waveform. */
function silence(call: Call, refusal: Refusal | null): string {
  const t = words().noSound;
  const { recording } = call;
  if (!recording) return t.none;
  if (recording.state === 'missing') return t.missing(recording.reason ?? '');
  if (recording.state === 'removed') return t.removed(recording.reason ?? '');
  return refusal ? t.refused(refusal.message) : t.loading;
}

function SideControl({ side, player }: { side: Side; player: Player }) {
  const t = words();
  const muted = player.muted[side];
  const volume = player.volumes[side];
  return (
    <div class={`side ${side}`}>
      <button
        type="button"
        class="quiet"
        aria-pressed={muted.value}
        aria-label={t.mute(t[side])}
        onClick={() => {
          muted.value = !muted.value;
        }}
      >
        {muted.value ? <Mute /> : <Loud />} {t[side]}
      </button>
      <input
        type="range"
        min="0"
        max="2"
        step="0.05"
        value={volume.value}
        aria-label={t.volume(t[side])}
        onInput={(event) => {
          volume.value = Number(event.currentTarget.value);
        }}
      />
    </div>
  );
}

interface ScrollProps {
  zoom: number;
  line: TimeLine;
  player: Player;
  children: preact.ComponentChildren;
}

/** The tracks, as wide as the zoom makes them; a click goes to its moment, and the head that plays stays in sight. */
function Scroll({ zoom, line, player, children }: ScrollProps) {
  const outer = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const place = useComputed(() => ((player.time.value - line.from) / (line.to - line.from)) * 100);
  useSignalEffect(() => {
    const [box, mark] = [outer.current, head.current];
    if (!box || !mark) return;
    mark.style.left = `${place.value}%`;
    const x = (place.value / 100) * box.scrollWidth;
    if (player.playing.value && (x < box.scrollLeft || x > box.scrollLeft + box.clientWidth * 0.95)) box.scrollLeft = x - box.clientWidth * 0.1;
  });
  const jump = (event: MouseEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    player.seek(line.from + ((event.clientX - box.left) / box.width) * (line.to - line.from));
  };
  return (
    <div class="scroller" ref={outer} tabIndex={0} role="group" aria-label={words().timeLine}>
      <div class="inner" style={{ width: `${zoom * 100}%` }} onClick={jump}>
        {children}
        <div class="head-mark" ref={head} aria-hidden="true" />
        <LoopMark player={player} line={line} />
        <Pauses line={line} />
      </div>
    </div>
  );
}

function LoopMark({ player, line }: { player: Player; line: TimeLine }) {
  const { from, to } = player.loop.value;
  if (from === undefined) return null;
  const share = (seconds: number): string => `${(seconds / (line.to - line.from)) * 100}%`;
  return <div class="loop-mark" style={{ left: share(from - line.from), width: to === undefined ? '2px' : share(to - from) }} aria-hidden="true" />;
}
