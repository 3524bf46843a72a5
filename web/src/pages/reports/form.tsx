/** What is asked: kind, days, slices, whose; and which figures are shown. */

import type { Report } from '../../api/types';
import { serverNow } from '../../clock';
import { agents, queues } from '../../live/house';
import { figureName } from '../../words/figures';
import { reports } from '../../words/reports';
import { dayIn, later } from '../../zone';
import { columns, type Kind, KINDS, type Question, SLICES } from './question';

interface Props {
  question: Question;
  zone: string;
  known: Report['formulas'];
  onAsk: (question: Question) => void;
}

export function Form({ question, zone, known, onAsk }: Props) {
  const t = reports();
  const set = (change: Partial<Question>): void => onAsk({ ...question, ...change });
  const back = (days: number): string => later(dayIn(zone, serverNow()), -days);
  const period = (word: string, from: number, until: number) => (
    <button class="quiet" type="button" onClick={() => set({ from: back(from), until: back(until) })}>
      {word}
    </button>
  );
  const chosen = columns(question);
  return (
    <form class="search" onSubmit={(event) => event.preventDefault()}>
      <span class="choice" role="group" aria-label={t.report}>
        {KINDS.map((kind: Kind) => (
          <button key={kind} type="button" aria-pressed={kind === question.kind} onClick={() => set({ kind, figures: [], chart: '' })}>
            {t.kinds[kind]}
          </button>
        ))}
      </span>
      <label>
        {t.from}
        <input type="date" value={question.from} required onChange={(event) => set({ from: event.currentTarget.value })} />
      </label>
      <label>
        {t.until}
        <input type="date" value={question.until} required onChange={(event) => set({ until: event.currentTarget.value })} />
      </label>
      <span>
        {period(t.today, 0, 0)}
        {period(t.yesterday, 1, 1)}
        {period(t.week, 6, 0)}
        {period(t.month, 29, 0)}
      </span>
      <span class="choice" role="group" aria-label={t.by}>
        {SLICES.map((by) => (
          <button key={by} type="button" aria-pressed={by === question.by} onClick={() => set({ by })}>
            {t.slices[by]}
          </button>
        ))}
      </span>
      <Among label={t.queue} value={question.queue} words={queues.value.map((queue) => queue.id)} onChange={(queue) => set({ queue })} />
      <Among label={t.agent} value={question.agent} words={agents.value.map((agent) => agent.id)} onChange={(agent) => set({ agent })} />
      <details class="figures-chosen">
        <summary>
          {t.figures} <small>{chosen.length}</small>
        </summary>
        <ul>
          {known.map(({ name }) => (
            <li key={name}>
              <label>
                <input
                  type="checkbox"
                  checked={chosen.includes(name)}
                  onChange={(event) =>
                    set({ figures: event.currentTarget.checked ? [...chosen, name] : chosen.filter((other) => other !== name) })
                  }
                />{' '}
                {figureName(name)}
              </label>
            </li>
          ))}
        </ul>
      </details>
    </form>
  );
}

function Among({ label, value, words, onChange }: { label: string; value: string; words: string[]; onChange: (word: string) => void }) {
  const all = value === '' || words.includes(value) ? words : [value, ...words];
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{reports().all}</option>
        {all.map((word) => (
          <option key={word} value={word}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
