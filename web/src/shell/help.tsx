/** The keys that are in force, the page's own first. */

import { inForce, type Keys } from '../keys';
import { Dialog } from '../parts/dialog';
import { Key } from '../parts/small';
import { shell } from '../words/shell';

/** A key that a more particular layer has taken is not in force in those behind it. */
function layers(): Keys[] {
  const taken = new Set<string>();
  return inForce().map(({ title, keys }) => {
    const own = keys.filter(({ key }) => !taken.has(key));
    for (const { key } of own) taken.add(key);
    return { title, keys: own };
  });
}

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={shell().keys} onClose={onClose}>
      <div class="help">
        {layers().map((layer) => (
          <section key={layer.title + layer.keys[0]?.key}>
            <h3>{layer.title}</h3>
            <dl>
              {layer.keys.map(({ key, what }) => (
                <div key={key}>
                  <dt>
                    <Key of={key} />
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
