/** How the rules of service were kept today: each rate with its formula, all queues together. */

import type { Figure } from '../../api/types';
import { percent } from '../../format';
import { today } from '../../live/house';
import { Explained } from '../../parts/small';
import { figureName } from '../../words/figures';
import { wall } from '../../words/wall';

const SHOWN = [
  'three_ring_rate', 'seven_second_hold_rate', 'customer_first_rate', 'greeting_in_time_rate', 'hold_reason_rate', 'hold_promise_kept_rate',
  'rona_rate', 'abandon_rate', 'silent_rate',
];

export function Rules() {
  const t = wall();
  // Its lines stand there before their figures are known, so that what is below them does not move.
  const report = today.value ?? { rows: [], formulas: [] };
  return (
    <section class="rules" aria-labelledby="rules">
      <h2 id="rules">{t.rules}</h2>
      <ul>
        {SHOWN.map((name) => {
          const { numerator, denominator } = together(report.rows.flatMap((row) => row.figures.filter((figure) => figure.name === name)));
          const formula = report.formulas.find((formula) => formula.name === name);
          return (
            <li key={name}>
              <Explained
                by={
                  <>
                    {formula?.formula}
                    <br />
                    {t.of(String(numerator), String(denominator))}
                  </>
                }
              >
                <span class="word">{figureName(name)}</span> <b>{percent(denominator > 0 ? (numerator * 100) / denominator : null)}</b>
              </Explained>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** A rate over all queues is that of their sums, not the mean of their rates. */
function together(figures: Figure[]): { numerator: number; denominator: number } {
  const sum = (of: (figure: Figure) => number): number => figures.reduce((total, figure) => total + of(figure), 0);
  return { numerator: sum((figure) => figure.numerator ?? 0), denominator: sum((figure) => figure.denominator ?? 0) };
}
