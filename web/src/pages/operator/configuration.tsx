/** Taking a changed configuration into force; an error is shown at its place, as `sanling check` prints it. */

import { useState } from 'preact/hooks';
import { Refusal, send } from '../../api/client';
import type { ConfigError } from '../../api/types';
import { useKeys } from '../../keys';
import { operator } from '../../words/operator';
import { Errors } from '../configuration/verdict';
import { again } from './again';

interface Result {
  title: string;
  changes: string[];
  errors: ConfigError[];
}

export function Configuration() {
  const t = operator();
  const [result, setResult] = useState<Result | null>(null);
  const [busy, setBusy] = useState(false);
  const reload = async (): Promise<void> => {
    setBusy(true);
    try {
      const { changes } = await send<{ changes: string[] }>('POST', '/config/reload');
      setResult({ title: changes.length === 0 ? t.nothingChanged : t.changed(changes.length), changes, errors: [] });
      again();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const errors = (error.problem.errors ?? []) as ConfigError[];
      setResult({ title: errors.length > 0 ? t.refused(errors.length) : error.message, changes: [], errors });
    }
    setBusy(false);
  };
  useKeys(t.title, [{ key: 'R', what: t.keys.reload, run: () => void reload() }]);
  return (
    <section class="panel configuration" aria-labelledby="configuration">
      <h2 id="configuration" class="row">
        {t.configuration}
        <button type="button" disabled={busy} onClick={() => void reload()}>
          {t.reload} <kbd>R</kbd>
        </button>
      </h2>
      <p class="soft">
        {t.reloadIs} <a href="/operation/configuration">{t.look}</a>
      </p>
      <div role="status">
        {result && <p class={result.errors.length > 0 ? 'wrong' : ''}>{result.title}</p>}
        <ul>
          {result?.changes.map((change) => (
            <li key={change}>{change}</li>
          ))}
        </ul>
        <Errors errors={result?.errors ?? []} />
      </div>
    </section>
  );
}
