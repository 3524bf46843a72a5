/** The keys that are in force, the page's own first. */

import { inForce } from '../keys';
import { Dialog } from '../parts/dialog';
import { Key } from '../parts/small';
import { shell } from '../words/shell';

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={shell().keys} onClose={onClose}>
      <div class="help">
        {inForce().map((layer) => (
          <section key={layer.title}>
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
