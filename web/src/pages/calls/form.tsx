/** The search form. Enter searches; a choice searches at once. */

import { agents, queues } from '../../live/house';
import { serverNow } from '../../clock';
import { calls } from '../../words/calls';
import { term } from '../../words/terms';
import { days, type Filter, FILTERS, OUTCOMES, RECORDINGS, type Search } from './filters';

export function Form({ search, onSearch }: { search: Search; onSearch: (search: Search) => void }) {
  const t = calls();
  const read = (form: HTMLFormElement): Search => {
    const given = new FormData(form);
    return Object.fromEntries(FILTERS.map((name) => [name, String(given.get(name) ?? '').trim()]).filter(([, value]) => value));
  };
  const soon = (event: Event): void => onSearch(read((event.currentTarget as HTMLInputElement).form as HTMLFormElement));
  const field = (name: Filter) => ({ name, 'aria-label': t.fields[name], defaultValue: search[name] ?? '' });
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
        onSearch(read(event.currentTarget));
      }}
    >
      <label>
        {t.fields.caller}
        <input {...field('caller')} inputMode="tel" placeholder={t.hints.caller} size={14} />
      </label>
      <label>
        {t.fields.agent}
        <input {...field('agent')} list="known-agents" size={8} />
        <datalist id="known-agents">
          {agents.value.map((agent) => (
            <option key={agent.id} value={agent.id}>
              {agent.name}
            </option>
          ))}
        </datalist>
      </label>
      <Choice label={t.fields.queue} {...field('queue')} words={queues.value.map((queue) => queue.id)} onChange={soon} plain />
      <Choice label={t.fields.outcome} {...field('outcome')} words={OUTCOMES} onChange={soon} />
      <Choice label={t.fields.recording} {...field('recording')} words={RECORDINGS} onChange={soon} />
      <label>
        {t.fields.since}
        <input {...field('since')} type="datetime-local" />
      </label>
      <label>
        {t.fields.until}
        <input {...field('until')} type="datetime-local" />
      </label>
      <label class="tick">
        <input name="running" type="checkbox" value="true" defaultChecked={search.running === 'true'} onChange={soon} /> {t.onlyRunning}
      </label>
      <div class="buttons">
        <button class="main" type="submit">
          {t.search}
        </button>
        <button type="button" onClick={() => onSearch({})}>
          {t.reset}
        </button>
        {shortcut(t.when.today, 0, 1)}
        {shortcut(t.when.yesterday, 1, 1)}
        {shortcut(t.when.week, 6, 7)}
      </div>
    </form>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  defaultValue: string;
  words: string[];
  /** The words are names that the house has given, not the API's. */
  plain?: boolean;
  onChange: (event: Event) => void;
}

function Choice({ label, name, defaultValue, words, plain, onChange }: ChoiceProps) {
  // A chosen word is among the choices even before they are known.
  const all = words.includes(defaultValue) || !defaultValue ? words : [defaultValue, ...words];
  return (
    <label>
      {label}
      <select name={name} onChange={onChange}>
        <option value="">{calls().all}</option>
        {all.map((word) => (
          <option key={word} value={word} selected={word === defaultValue}>
            {plain ? word : term(word)}
          </option>
        ))}
      </select>
    </label>
  );
}
