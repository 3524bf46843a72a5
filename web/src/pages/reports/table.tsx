/** A line for each queue, agent, team or script, in each slice; each figure's head has its formula, and draws it. */

import type { Report } from '../../api/types';
import { figureName } from '../../words/figures';
import { reports } from '../../words/reports';
import { written } from '../../zone';
import { columns, type Question, shown } from './question';

interface Props {
  report: Report;
  question: Question;
  charted: string;
  onChart: (figure: string) => void;
}

export function Table({ report, question, charted, onChart }: Props) {
  const t = reports();
  const sliced = question.by !== '';
  const formulas = new Map(report.formulas.map((formula) => [formula.name, formula]));
  const shownColumns = columns(question).filter((name) => formulas.has(name));
  const when = (at: string): string => {
    const { day, clock } = written(at, report.zone);
    return question.by === 'day' ? day : `${day.slice(5)} ${clock.slice(0, 5)}`;
  };
  return (
    <div class="panel scroll" tabIndex={0} role="group" aria-label={t.title}>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">{t.key[question.kind]}</th>
            {sliced && <th scope="col">{t.slice}</th>}
            {shownColumns.map((name) => {
              const said = formulas.get(name);
              const explanation = [said?.formula, said?.meaning].filter(Boolean).join('\n');
              return (
                <th key={name} scope="col" title={explanation}>
                  {sliced ? (
                    <button class="quiet" type="button" aria-pressed={name === charted} onClick={() => onChart(name)}>
                      {figureName(name)}
                    </button>
                  ) : (
                    figureName(name)
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {report.rows.map((row) => {
            const figures = new Map(row.figures.map((figure) => [figure.name, figure]));
            return (
              <tr key={`${row.key} ${row.from}`}>
                <th scope="row">{row.key}</th>
                {sliced && <td>{when(row.from)}</td>}
                {shownColumns.map((name) => {
                  const figure = figures.get(name);
                  const parts = figure?.denominator == null ? undefined : `${figure.numerator} / ${figure.denominator}`;
                  return (
                    <td key={name} title={parts}>
                      {shown(figure)}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
