/** What the switch carries now, of its metrics. */

import { bytes } from '../../format';
import { useKeys } from '../../keys';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { Refusal } from '../../api/client';
import { operator } from '../../words/operator';
import { again, turn } from './again';
import { gauges } from './metrics';

async function metrics(signal: AbortSignal): Promise<Map<string, number>> {
  const answer = await fetch('/metrics', { signal, cache: 'no-store' });
  if (!answer.ok) throw new Refusal(answer.status, answer.statusText);
  return gauges(await answer.text());
}

export function Figures() {
  const t = operator();
  const { answer, refusal } = useLoaded(`metrics ${turn.value}`, metrics);
  useKeys(t.title, [{ key: 'r', what: t.keys.again, run: again }]);
  const shown = (name: string): string => {
    const figure = (name: string): number => answer?.get(name) ?? 0;
    if (name === 'ports') return `${figure('sanling_media_ports_free')} / ${figure('sanling_media_ports')}`;
    if (name.endsWith('_bytes')) return bytes(figure(name));
    if (name.endsWith('_microseconds')) return `${(figure(name) / 1_000).toFixed(1)} ms`;
    return String(figure(name));
  };
  return (
    <section class="panel" aria-labelledby="figures">
      <h2 id="figures" class="row">
        {t.figures}
        <button class="quiet" type="button" onClick={again}>
          {t.again} <kbd>r</kbd>
        </button>
      </h2>
      <Wrong>{refusal?.message}</Wrong>
      <dl class="pairs">
        {Object.entries(t.figure).map(([name, word]) => (
          <div key={name}>
            <dt>{word}</dt>
            <dd>{answer && shown(name)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
