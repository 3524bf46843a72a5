/** Where the recording was filled with silence: that nothing is heard there is meant so. */

import { call as words } from '../../words/call';
import type { TimeLine } from './timeline';

export function Pauses({ line }: { line: TimeLine }) {
  const share = (seconds: number): string => `${(seconds / (line.to - line.from)) * 100}%`;
  const spans = line.lanes.find((lane) => lane.name === 'pauses')?.spans ?? [];
  return (
    <>
      {spans.map(({ from, to }) => (
        <div key={from} class="pause-mark" style={{ left: share(from - line.from), width: share(to - from) }} title={words().lanes.pauses} />
      ))}
    </>
  );
}
