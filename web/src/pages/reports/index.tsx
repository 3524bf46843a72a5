/** The reports: any figure of queues, agents, teams and scripts, as table and chart, on paper and as CSV. */

import { address, go, query } from '../../address';
import { get } from '../../api/client';
import type { Report } from '../../api/types';
import { serverNow } from '../../clock';
import { useKeys } from '../../keys';
import { about } from '../../live/house';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { save } from '../../save';
import { may } from '../../session';
import { figureName } from '../../words/figures';
import { reports } from '../../words/reports';
import { Chart } from './chart';
import { Form } from './form';
import { asked, columns, type Question, queryOf, questionOf } from './question';
import { Table } from './table';

/** Days are the house's: until its zone is known there is nothing to ask. */
export function Reports() {
  const zone = about.value?.zone;
  return zone ? <Asked zone={zone} /> : null;
}

function Asked({ zone }: { zone: string }) {
  const t = reports();
  const question = questionOf(query.value, serverNow(), zone);
  // To the minute, so that the same question is not another one each second.
  const path = asked(question, Math.ceil(serverNow() / 60_000) * 60_000, zone);
  const { answer, refusal, busy } = useLoaded(path, (signal) => get<Report>(path, signal));
  const look = (next: Question): void => go(address('/reports', queryOf(next)));
  const csv = (): void => void save(`${path}&format=csv`, `${question.kind}.csv`);
  useKeys(t.title, [
    { key: 'P', what: t.keys.print, run: () => print() },
    ...(may('export') ? [{ key: 'D', what: t.keys.csv, run: csv }] : []),
  ]);
  const charted = question.chart || (columns(question)[0] ?? '');
  return (
    <div class="reports" aria-busy={busy}>
      <header class="row">
        <h1>
          {t.title}: {t.kinds[question.kind]}{' '}
          <small>
            {question.from} – {question.until} {answer && `· ${t.of(answer.calls, answer.zone)}`}
          </small>
        </h1>
        <span class="buttons">
          <button type="button" onClick={() => print()}>
            {t.print} <kbd>P</kbd>
          </button>
          {may('export') && (
            <button type="button" onClick={csv}>
              {t.csv} <kbd>D</kbd>
            </button>
          )}
        </span>
      </header>
      <Form key={query.value.toString()} question={question} zone={zone} known={answer?.formulas ?? []} onAsk={look} />
      <Wrong>{refusal?.message}</Wrong>
      {answer?.rows.length === 0 && <p class="empty">{t.none}</p>}
      {answer && answer.rows.length > 0 && (
        <>
          {question.by !== '' && <Chart report={answer} zone={zone} figure={charted} title={t.chart(figureName(charted))} />}
          <Table report={answer} question={question} charted={charted} onChart={(chart) => look({ ...question, chart })} />
        </>
      )}
    </div>
  );
}
