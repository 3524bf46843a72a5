/** What the results are asked: by whom or what, of which time, of which card, agent, team. */

import type { Scorecard } from '../../api/types';
import { serverNow } from '../../clock';
import { agents } from '../../live/house';
import { worded } from '../../quality/work';
import { may } from '../../session';
import { quality } from '../../words/quality';
import { dayIn, later } from '../../zone';
import { BY, type Question } from './question';

interface Props {
  question: Question;
  zone: string;
  cards: Scorecard[];
  onAsk: (change: Partial<Question>) => void;
}

export function Asked({ question, zone, cards, onAsk }: Props) {
  const t = quality();
  const today = (): string => dayIn(zone, serverNow());
  const last = (word: string, days: number) => (
    <button class="quiet" type="button" onClick={() => onAsk({ from: later(today(), 1 - days), until: today() })}>
      {word}
    </button>
  );
  const inForce = cards.filter((card) => card.in_force);
  const teams = [...new Set(agents.value.flatMap((agent) => (agent.team ? [agent.team] : [])))].sort();
  return (
    <form class="search" onSubmit={(event) => event.preventDefault()}>
      <span class="choice" role="group" aria-label={t.by}>
        {BY.map((by) => (
          <button key={by} type="button" aria-pressed={by === question.by} onClick={() => onAsk({ by, sort: '' })}>
            {t.byWhat[by]}
          </button>
        ))}
      </span>
      <label>
        {t.from}
        <input type="date" value={question.from} required onChange={(event) => onAsk({ from: event.currentTarget.value })} />
      </label>
      <label>
        {t.until}
        <input type="date" value={question.until} required onChange={(event) => onAsk({ until: event.currentTarget.value })} />
      </label>
      <span>
        {last(t.today, 1)}
        {last(t.week, 7)}
        {last(t.month, 28)}
        {last(t.quarter, 91)}
      </span>
      {inForce.length > 1 && (
        <Among label={t.card} value={question.scorecard} words={inForce.map((card) => [card.id, worded(card.title)])} onChange={(scorecard) => onAsk({ scorecard })} />
      )}
      {may('score') && <Among label={t.columns.team} value={question.team} words={teams.map((team) => [team, team])} onChange={(team) => onAsk({ team })} />}
      {may('score') && (
        <Among label={t.columns.agent} value={question.agent} words={agents.value.map(({ id, name }) => [id, `${id} ${name}`])} onChange={(agent) => onAsk({ agent })} />
      )}
    </form>
  );
}

function Among({ label, value, words, onChange }: { label: string; value: string; words: [string, string][]; onChange: (word: string) => void }) {
  const all = value === '' || words.some(([id]) => id === value) ? words : [[value, value] as [string, string], ...words];
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{quality().all}</option>
        {all.map(([id, word]) => (
          <option key={id} value={id}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
