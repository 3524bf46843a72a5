/** The keys that are in force, the page's own first. */

import { inForce, type Key } from '../keys';
import { Dialog } from '../parts/dialog';
import { Key as Sign } from '../parts/small';
import { shell } from '../words/shell';

/** By title, then by what they do. A key that a more particular layer has taken is not in force in those behind it. */
function layers(): Map<string, Map<string, Key[]>> {
  const taken = new Set<string>();
  const all = new Map<string, Map<string, Key[]>>();
  for (const { title, keys } of inForce()) {
    const layer = all.get(title) ?? new Map<string, Key[]>();
    for (const key of keys) {
      if (taken.has(key.key)) continue;
      taken.add(key.key);
      all.set(title, layer);
      layer.set(key.what, [...(layer.get(key.what) ?? []), key]);
    }
  }
  return all;
}

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={shell().keys} onClose={onClose}>
      <div class="help">
        {[...layers()].map(([title, layer]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {[...layer].map(([what, keys]) => (
                <div key={what}>
                  <dt>
                    <Signs keys={keys} />
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** Of many that do the same, such as digits, the first and the last. */
function Signs({ keys }: { keys: Key[] }) {
  const [first, last] = [keys[0], keys.at(-1)];
  if (keys.length < 3) return keys.map(({ key }) => <Sign key={key} of={key} />);
  return (
    <>
      {first && <Sign of={first.key} />} – {last && <Sign of={last.key} />}
    </>
  );
}
