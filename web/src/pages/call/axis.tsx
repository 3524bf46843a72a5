/** Minutes and seconds above the waveform. */

import { span } from '../../format';
import { marks, type TimeLine } from './timeline';

/** So many marks have room beside one another in a window of usual width. */
const MARKS = 14;

export function Axis({ line, zoom }: { line: TimeLine; zoom: number }) {
  const long = line.to - line.from;
  return (
    <svg class="axis" aria-hidden="true">
      {marks(line.from, line.to, long / (MARKS * zoom)).map((second) => {
        const x = `${((second - line.from) / long) * 100}%`;
        return (
          <g key={second}>
            <line x1={x} x2={x} y1="14" y2="20" />
            <text x={x} y="11" dx="2">
              {second < 0 ? `−${span(-second * 1_000)}` : span(second * 1_000)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
