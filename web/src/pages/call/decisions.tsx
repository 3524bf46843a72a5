/** Why the call was given to whom: each look of the matcher at it, newest first. */

import type { Decision } from '../../api/types';
import { clock } from '../../format';
import { call as words } from '../../words/call';

export function Decisions({ decisions }: { decisions: Decision[] }) {
  const t = words();
  return (
    <section class="panel decisions" aria-labelledby="decisions">
      <h2 id="decisions">{t.decisions}</h2>
      {decisions.length === 0 && <p class="empty">{t.noDecisions}</p>}
      <ol>
        {decisions.map((decision) => (
          <li key={decision.number}>
            <details open={decision.chosen !== null}>
              <summary>
                <time>{clock(decision.at)}</time> {decision.queue}
                {decision.step > 0 && ` (${t.step(decision.step)})`}:{' '}
                <b>{decision.chosen ? t.chosen(decision.chosen, decision.rule ?? '') : t.nobody}</b>
              </summary>
              <ul class="soft">
                {decision.considered.map(({ agent, verdict }) => (
                  <li key={agent}>
                    {agent}: {verdict}
                  </li>
                ))}
                {decision.others.map(({ verdict, count }) => (
                  <li key={verdict}>{t.others(count, verdict)}</li>
                ))}
              </ul>
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}
