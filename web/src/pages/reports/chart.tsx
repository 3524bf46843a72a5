/** One figure over time, a line for each queue, agent or team. */

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Report } from '../../api/types';
import { colour, theme } from '../../theme';
import { reports } from '../../words/reports';
import { written } from '../../zone';
import { lines, type Rows } from './lines';
import { shown } from './question';

const HEIGHT = 220;
/** A single moment stands in the middle of so much on both sides. */
const LONELY_S = 3_600;
const COLOURS = ['--agent', '--customer', '--blue', '--green', '--violet', '--amber', '--red', '--grey'];

/** The hour of the day; at midnight the day. */
function when(second: number, zone: string): string {
  const { day, clock } = written(second * 1_000, zone);
  return clock.startsWith('00:00') ? day.slice(5) : clock.slice(0, 5);
}

function moment(second: number, zone: string): string {
  const { day, clock } = written(second * 1_000, zone);
  return `${day} ${clock.slice(0, 5)}`;
}

/** As much of a report as a chart shows. */
type Charted = { formulas: Pick<Report['formulas'][number], 'name' | 'unit'>[] } & Rows;

export function Chart({ report, zone, figure, title }: { report: Charted; zone: string; figure: string; title: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const { times, series } = lines(report, figure);
    const unit = report.formulas.find((formula) => formula.name === figure)?.unit ?? 'count';
    const value = (_: uPlot, value: number | null): string => shown({ name: figure, unit, value, numerator: 0 });
    const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line') } };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        // Where its marks stand: at the hours and midnights of the house.
        tzDate: (second) => uPlot.tzDate(new Date(second * 1_000), zone),
        axes: [{ ...axis, values: (_, marks) => marks.map((mark) => when(mark, zone)) }, { ...axis, size: 60, values: (plot, marks) => marks.map((mark) => value(plot, mark)) }],
        scales: { x: { range: (_, from, to) => (times.length > 1 ? [from, to] : [from - LONELY_S, from + LONELY_S]) }, y: { range: (_, least, most) => [Math.min(0, least), unit === 'percent' ? 100 : most * 1.05 || 1] } },
        series: [
          { label: reports().slice, value: (_, second) => (second == null ? '–' : moment(second, zone)) },
          ...series.map(({ key }, at) => ({
            label: key,
            stroke: colour(COLOURS[at % COLOURS.length] ?? '--grey'),
            width: 2,
            points: { show: times.length < 40 },
            value,
          })),
        ],
      },
      [times, ...series.map((line) => line.values)],
      element,
    );
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [report, zone, figure, theme.value]);
  return (
    <figure class="panel chart" aria-label={title}>
      <figcaption>{title}</figcaption>
      <div ref={box} />
    </figure>
  );
}
