/** A line for each agent, team or item. A head puts the lines in order, the worst first; what stands in them leads to the scores. */

import type { ResultRow, Scorecard } from '../../api/types';
import { percent } from '../../format';
import { itemName } from '../../quality/work';
import { quality } from '../../words/quality';
import { figure } from '../call/scoring/total';
import type { Question } from './question';

/** Of the items by which most was lost. */
const LOST_SHOWN = 3;

interface Props {
  rows: ResultRow[];
  question: Question;
  cards: Scorecard[];
  name: (key: string) => string;
  /** Where the scores behind a row stand; of one item of it. Those of agents without a team stand nowhere by themselves. */
  behind: (row: ResultRow, item?: string) => string;
  onSort: (column: string) => void;
}

export function ResultTable({ rows, question, cards, name, behind, onSort }: Props) {
  const t = quality();
  const ofItems = question.by === 'item';
  const head = (column: string, word: string) => (
    <th scope="col" aria-sort={question.sort === column ? 'descending' : undefined}>
      <button class="quiet" type="button" aria-pressed={question.sort === column} onClick={() => onSort(question.sort === column ? '' : column)}>
        {word}
      </button>
    </th>
  );
  return (
    <div class="panel scroll" tabIndex={0} role="group" aria-label={t.views.results}>
      <table class="figures results">
        <thead>
          <tr>
            <th scope="col">{t.byWhat[question.by]}</th>
            {head('n', t.columns.n)}
            {head('mean', t.columns.mean)}
            <td />
            {head('pass_rate', t.columns.passRate)}
            {head('fatal_rate', t.columns.fatalRate)}
            {ofItems && <th scope="col">{t.columns.lostIn}</th>}
            {ofItems && head('not_applicable', t.columns.notApplicable)}
            {ofItems && head('overruled', t.columns.overruled)}
            {!ofItems && (
              <th scope="col" class="left">
                {t.columns.lost}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">{name(row.key)}</th>
              <td>
                {ofItems || row.key === '' ? (
                  row.n
                ) : (
                  <a href={behind(row)} title={t.behind(row.n)}>
                    {row.n}
                  </a>
                )}
              </td>
              <td class="strong">{figure(row.mean)}</td>
              <td class="bar-cell">
                <svg class="share" role="presentation" width="120" height="10">
                  <rect width="120" height="10" rx="2" />
                  <rect class="part" width={1.2 * (row.mean ?? 0)} height="10" rx="2" />
                </svg>
              </td>
              <td title={`${row.passed} / ${row.n}`}>{percent(row.pass_rate)}</td>
              <td title={`${row.fatal} / ${row.n}`} class={row.fatal > 0 ? 'tone-missed' : ''}>
                {percent(row.fatal_rate)}
              </td>
              {ofItems && (
                <td>
                  <a href={behind(row)} title={t.behind(row.n - row.passed)}>
                    {row.n - row.passed}
                  </a>
                </td>
              )}
              {ofItems && <td>{row.not_applicable}</td>}
              {ofItems && <td>{row.overruled}</td>}
              {!ofItems && (
                <td class="left lost">
                  {row.lost.slice(0, LOST_SHOWN).map(({ item, n, weight }) => {
                    const lost = (
                      <>
                        {itemName(cards, item)} <small>{weight > 0 ? `−${weight}` : t.fatal}</small>
                      </>
                    );
                    return row.key === '' ? (
                      <span key={item}>{lost}</span>
                    ) : (
                      <a key={item} href={behind(row, item)} title={t.behind(n)}>
                        {lost}
                      </a>
                    );
                  })}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
