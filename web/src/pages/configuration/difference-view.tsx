/** What a file's text would change, as line by line. */

import { configuration } from '../../words/configuration';
import { difference, pieces } from './difference';

const AROUND = 2;
const SIGNS = { same: ' ', gone: '−', new: '+' };

export function Difference({ before, after }: { before: string; after: string }) {
  const t = configuration();
  const found = pieces(difference(before, after), AROUND);
  return (
    <section class="panel" aria-labelledby="difference">
      <h2 id="difference">{t.difference}</h2>
      {found.length === 0 && <p class="empty">{t.noDifference}</p>}
      {found.map((piece) => (
        <ol key={`${piece[0]?.number}`} class="difference">
          {piece.map((line) => (
            <li key={`${line.kind} ${line.number}`} class={line.kind}>
              <span class="number">{line.number}</span>
              <code>
                {SIGNS[line.kind]} {line.text}
              </code>
            </li>
          ))}
        </ol>
      ))}
    </section>
  );
}
