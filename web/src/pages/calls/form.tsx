/** The search form. Enter searches; a choice searches at once. */

import { agents, queues } from '../../live/house';
import { serverNow } from '../../clock';
import { session } from '../../session';
import { calls } from '../../words/calls';
import { term } from '../../words/terms';
import { days, DIRECTIONS, type Filter, FIRST, MORE, OUTCOMES, PARTIES, RECORDINGS, RULES, type Search, searchOf } from './filters';

/** Among which words one chooses; the rest is written. */
const CHOICES: Partial<Record<Filter, string[]>> = {
  direction: DIRECTIONS,
  outcome: OUTCOMES,
  first: PARTIES,
  broken: RULES,
  recording: RECORDINGS,
};

type Look = (search: Search) => void;

export function Form({ search, onSearch }: { search: Search; onSearch: Look }) {
  const t = calls();
  const shortcut = (word: string, ago: number, long: number) => (
    <button class="quiet" type="button" onClick={() => onSearch({ ...search, ...days(serverNow(), ago, long) })}>
      {word}
    </button>
  );
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(searchOf(new FormData(event.currentTarget)));
      }}
    >
      {FIRST.map((name) => (
        <Field key={name} name={name} search={search} onSearch={onSearch} />
      ))}
      <span>
        {shortcut(t.when.today, 0, 1)}
        {shortcut(t.when.yesterday, 1, 1)}
        {shortcut(t.when.week, 6, 7)}
      </span>
      <div class="buttons">
        <button class="main" type="submit">
          {t.search}
        </button>
        <button type="button" onClick={() => onSearch({})}>
          {t.reset}
        </button>
      </div>
      <details class="more" open={MORE.some((name) => search[name])}>
        <summary>{t.more}</summary>
        <div>
          {MORE.map((name) => (
            <Field key={name} name={name} search={search} onSearch={onSearch} />
          ))}
        </div>
      </details>
    </form>
  );
}

function Field({ name, search, onSearch }: { name: Filter; search: Search; onSearch: Look }) {
  const t = calls();
  const chosen = (event: Event): void => {
    const { form } = event.currentTarget as HTMLInputElement;
    if (form) onSearch(searchOf(new FormData(form)));
  };
  const field = { name, defaultValue: search[name] ?? '' };
  const words = CHOICES[name];
  if (words) return <Choice label={t.fields[name]} {...field} words={words} said={term} onChange={chosen} />;
  switch (name) {
    case 'queue':
      return <Choice label={t.fields.queue} {...field} words={queues.value.map((queue) => queue.id)} said={(id) => id} onChange={chosen} />;
    case 'running':
      return (
        <label class="tick">
          <input name={name} type="checkbox" value="true" defaultChecked={search.running === 'true'} onChange={chosen} /> {t.onlyRunning}
        </label>
      );
    case 'since':
    case 'until':
      return (
        <label>
          {t.fields[name]}
          <input {...field} type="datetime-local" />
        </label>
      );
    case 'agent':
      return (
        <label>
          {t.fields.agent}
          <input {...field} list="known-agents" size={8} />
          <datalist id="known-agents">
            {agents.value.map((agent) => (
              <option key={agent.id} value={agent.id}>
                {agent.name}
              </option>
            ))}
          </datalist>
        </label>
      );
    default:
      return (
        <label>
          {t.fields[name]}
          <input {...field} {...WRITTEN[name]} placeholder={hint(name)} />
        </label>
      );
  }
}

/** How wide a field is, and what may stand in it: what the API would refuse is told before it is asked. */
const WRITTEN: Partial<Record<Filter, { size: number; inputMode?: 'tel' | 'numeric' | 'decimal'; pattern?: string }>> = {
  number: { size: 13, inputMode: 'tel' },
  caller: { size: 13, inputMode: 'tel' },
  called: { size: 13, inputMode: 'tel' },
  words: { size: 14 },
  longer: { size: 6, pattern: '\\d+(ms|s|m|h)' },
  shorter: { size: 6, pattern: '\\d+(ms|s|m|h)' },
  waited: { size: 6, pattern: '\\d+(ms|s|m|h)' },
  score_above: { size: 5, inputMode: 'numeric', pattern: '\\d+' },
  score_below: { size: 5, inputMode: 'numeric', pattern: '\\d+' },
  mos_below: { size: 5, inputMode: 'decimal', pattern: '[1-4](\\.\\d+)?' },
};

function hint(name: Filter): string {
  const { hints } = calls();
  if (name === 'number' || name === 'caller' || name === 'called') return session.value?.sees_numbers ? hints.number : hints.lastDigits;
  if (name === 'longer' || name === 'shorter' || name === 'waited') return hints.duration;
  if (name === 'mos_below') return hints.mos;
  return name.startsWith('score') ? hints.score : '';
}

interface ChoiceProps {
  label: string;
  name: string;
  defaultValue: string;
  words: string[];
  said: (word: string) => string;
  onChange: (event: Event) => void;
}

function Choice({ label, name, defaultValue, words, said, onChange }: ChoiceProps) {
  // A chosen word is among the choices even before they are known.
  const all = words.includes(defaultValue) || !defaultValue ? words : [defaultValue, ...words];
  return (
    <label>
      {label}
      <select name={name} onChange={onChange}>
        <option value="">{calls().all}</option>
        {all.map((word) => (
          <option key={word} value={word} selected={word === defaultValue}>
            {said(word)}
          </option>
        ))}
      </select>
    </label>
  );
}
