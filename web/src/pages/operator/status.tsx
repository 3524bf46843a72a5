/** What the switch stands on: its disks, its media ports, its versions, and since when it runs. What is short says so. */

import { useEffect } from 'preact/hooks';
import { get } from '../../api/client';
import type { Status as Standing } from '../../api/types';
import { now } from '../../clock';
import { bytes, moment, percent } from '../../format';
import { overhear } from '../../live/house';
import { useLoaded } from '../../parts/loading';
import { State, Wrong } from '../../parts/small';
import { operator } from '../../words/operator';
import { turn } from './again';

/** A disk fills without an event. */
const AGAIN_MS = 60_000;

type Disk = Standing['disks'][number];
type Ports = NonNullable<Standing['media_ports']>;

export function Status() {
  const t = operator();
  const { answer, refusal, again } = useLoaded(`status ${turn.value}`, (signal) => get<Standing>('/status', signal));
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), AGAIN_MS);
    // What is to be free is the configuration's to say.
    const deafen = overhear((event) => event.name.startsWith('config.') && again());
    return () => {
      clearInterval(timer);
      deafen();
    };
  }, []);
  return (
    <section class="panel standing" aria-labelledby="status">
      <h2 id="status" class="row">
        {t.status} {answer && <small>{t.runs(moment(answer.started_at, now.peek()), t.uptime(answer.uptime_ms))}</small>}
      </h2>
      <Wrong>{refusal?.message}</Wrong>
      {answer && (
        <>
          <ul>
            {answer.disks.map((disk) => (
              <DiskLine key={disk.of} disk={disk} />
            ))}
            {answer.media_ports && <PortsLine ports={answer.media_ports} />}
          </ul>
          <p class="soft">{t.versions(answer.versions)}</p>
        </>
      )}
    </section>
  );
}

function DiskLine({ disk }: { disk: Disk }) {
  const t = operator();
  const { free, total, free_percent, wanted } = disk;
  const known = free != null && total != null;
  return (
    <li>
      <span class="row">
        <b>{t.disks[disk.of as keyof typeof t.disks] ?? disk.of}</b>
        <State of={`room-${disk.state}`} />
      </span>
      <Bar used={known ? total - free : 0} total={total ?? 0} mark={known && wanted != null ? total - wanted : null} state={disk.state} />
      <small>
        {known ? t.free(bytes(free), bytes(total), percent(free_percent)) : t.silent} {wanted != null && ` · ${t.wanted(bytes(wanted))}`}
      </small>
      {disk.state === 'short' && <p class="wrong">{disk.of === 'recordings' ? t.shortRecordings : t.shortData}</p>}
      <small>
        <code>{disk.folder}</code>
      </small>
    </li>
  );
}

function PortsLine({ ports }: { ports: Ports }) {
  const t = operator();
  return (
    <li>
      <span class="row">
        <b>{t.ports}</b>
        <State of={`room-${ports.state}`} />
      </span>
      <Bar used={ports.used} total={ports.total} mark={null} state={ports.state} />
      <small>
        {t.portsFree(ports.free, ports.total, ports.used)} · {ports.range}
      </small>
      {ports.state === 'short' && <p class="wrong">{t.shortPorts}</p>}
    </li>
  );
}

/** Used, of all; the mark stands where it should not reach. The words beside it say the same. */
function Bar({ used, total, mark, state }: { used: number; total: number; mark: number | null; state: string }) {
  const at = (part: number): string => `${total > 0 ? Math.max(0, Math.min(100, (part * 100) / total)) : 0}%`;
  return (
    <svg class={`room tone-room-${state}`} width="100%" height="8" aria-hidden="true">
      <rect width="100%" height="8" rx="2" />
      <rect class="used" width={at(used)} height="8" rx="2" />
      {mark !== null && mark > 0 && <line x1={at(mark)} x2={at(mark)} y1="0" y2="8" />}
    </svg>
  );
}
