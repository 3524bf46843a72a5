/** Whether the switch is well, and if not, why. */

import { health } from '../../live/house';
import { State } from '../../parts/small';
import { operator } from '../../words/operator';

export function Health() {
  const t = operator();
  const now = health.value;
  if (!now) return null;
  return (
    <section class="panel" aria-labelledby="health">
      <h2 id="health" class="row">
        {t.health} <small>{t.version(now.version)}</small>
      </h2>
      <p>
        <State of={now.status} /> {now.reasons.length === 0 && t.well}
      </p>
      <ul class="reasons">
        {now.reasons.map((reason) => (
          <li key={reason} class="wrong">
            {reason}
          </li>
        ))}
      </ul>
    </section>
  );
}
