/** The player's buttons, each with its key. */

import { place } from '../../format';
import { useKeys } from '../../keys';
import { Pause, Play } from '../../parts/icons';
import { order } from '../../parts/told';
import { mixed, type Player, skipping, speed, SPEEDS } from '../../sound/player';
import { call as words } from '../../words/call';
import type { TimeLine } from './timeline';

const flip = (choice: typeof skipping): void => {
  choice.value = choice.value === 'yes' ? 'no' : 'yes';
};

const faster = (by: number): void => {
  const at = SPEEDS.findIndex((known) => known === speed.value) + by;
  speed.value = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))] ?? 1;
};

interface Props {
  player: Player;
  enabled: boolean;
  zoom: number;
  onZoom: (times: number) => void;
  line: TimeLine;
}

export function Controls({ player, enabled, zoom, onZoom, line }: Props) {
  const t = words();
  const mute = (side: 'customer' | 'agent') => (): void => {
    player.muted[side].value = !player.muted[side].value;
  };
  const toggle = (): void => void order(() => player.toggle());
  const unloop = (): void => {
    player.loop.value = {};
  };
  const jump = (by: 1 | -1): void => {
    // A little after an event one wants the one before it, not the same again.
    const places = line.lanes.flatMap((lane) => [...lane.spans.map((span) => span.from), ...lane.ticks.map((tick) => tick.at)]).sort((a, b) => a - b);
    const now = player.time.value;
    const next = by > 0 ? places.find((at) => at > now + 0.05) : places.findLast((at) => at < now - 0.5);
    if (next !== undefined) player.seek(next);
  };
  useKeys(t.sound, [
    { key: ' ', what: t.keys.play, run: toggle },
    { key: 'k', what: t.keys.play, run: toggle },
    { key: 'j', what: t.keys.back, run: () => player.step(-5) },
    { key: 'l', what: t.keys.on, run: () => player.step(5) },
    { key: 'ArrowLeft', what: t.keys.backOne, run: () => player.step(-1) },
    { key: 'ArrowRight', what: t.keys.onOne, run: () => player.step(1) },
    { key: '0', what: t.keys.begin, run: () => player.seek(0) },
    { key: 'n', what: t.keys.next, run: () => jump(1) },
    { key: 'p', what: t.keys.previous, run: () => jump(-1) },
    // While a score is given, n and digits are the form's.
    { key: '.', what: t.keys.next, run: () => jump(1) },
    { key: ',', what: t.keys.previous, run: () => jump(-1) },
    { key: '<', what: t.keys.slower, run: () => faster(-1) },
    { key: '>', what: t.keys.faster, run: () => faster(1) },
    { key: '=', what: t.keys.normal, run: () => void (speed.value = 1) },
    { key: 's', what: t.keys.skip, run: () => flip(skipping) },
    { key: '1', what: t.keys.muteCustomer, run: mute('customer') },
    { key: '2', what: t.keys.muteAgent, run: mute('agent') },
    { key: 'o', what: t.keys.mixed, run: () => flip(mixed) },
    { key: '[', what: t.loopFrom, run: () => player.loopFrom() },
    { key: ']', what: t.loopTo, run: () => player.loopTo() },
    { key: '\\', what: t.noLoop, run: unloop },
  ]);
  const looping = player.loop.value.from !== undefined;
  return (
    <div class="controls">
      <button class="main play" type="button" disabled={!enabled} onClick={toggle}>
        {player.playing.value ? <Pause /> : <Play />} {player.playing.value ? t.pause : t.play}
      </button>
      <output class="number" aria-label={t.position}>
        {place(player.time.value)} <span class="soft">/ {place(line.to)}</span>
      </output>
      <label class="inline">
        {t.speed}
        <select value={String(speed.value)} onChange={(event) => void (speed.value = Number(event.currentTarget.value))}>
          {SPEEDS.map((known) => (
            <option key={known} value={String(known)}>
              {known}×
            </option>
          ))}
        </select>
      </label>
      <button type="button" aria-pressed={skipping.value === 'yes'} onClick={() => flip(skipping)}>
        {t.skip} <kbd>s</kbd>
      </button>
      <button type="button" aria-pressed={mixed.value === 'yes'} onClick={() => flip(mixed)}>
        {t.mixed} <kbd>o</kbd>
      </button>
      <span class="choice" role="group" aria-label={t.loop}>
        <button type="button" title={t.loopFrom} aria-label={t.loopFrom} aria-pressed={looping} onClick={() => player.loopFrom()}>
          {t.loop} <kbd>[</kbd>
        </button>
        <button type="button" title={t.loopTo} aria-label={t.loopTo} onClick={() => player.loopTo()}>
          <kbd>]</kbd>
        </button>
        <button type="button" title={t.noLoop} aria-label={t.noLoop} disabled={!looping} onClick={unloop}>
          ✕
        </button>
      </span>
      <span class="choice zoom" role="group" aria-label={t.zoom}>
        <button type="button" aria-label={t.keys.zoomOut} title={t.keys.zoomOut} disabled={zoom <= 1} onClick={() => onZoom(0.5)}>
          −
        </button>
        <button type="button" aria-label={t.keys.zoomIn} title={t.keys.zoomIn} onClick={() => onZoom(2)}>
          +
        </button>
      </span>
    </div>
  );
}
