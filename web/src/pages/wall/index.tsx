/** The wall: the house at a glance, for a screen that hangs over the room and for a supervisor's laptop. */

import { useState } from 'preact/hooks';
import { useKeys } from '../../keys';
import { known } from '../../live/house';
import { wall } from '../../words/wall';
import { Agents } from './agents';
import { Alarms } from './alarms';
import { Running, Recent } from './calls';
import { Feed } from './feed';
import { Headline } from './headline';
import { Queues } from './queues';
import { Rules } from './rules';

export function Wall() {
  const t = wall();
  const [big, setBig] = useState(false);
  useKeys(t.title, [{ key: 'f', what: t.big, run: () => toggle(!big) }]);

  const toggle = (on: boolean): void => {
    setBig(on);
    // A browser may refuse the full screen; the large letters help all the same.
    if (on) void document.documentElement.requestFullscreen?.().catch(() => undefined);
    else if (document.fullscreenElement) void document.exitFullscreen();
  };

  if (!known.value) return null;
  return (
    <div class={big ? 'wall big' : 'wall'}>
      <h1 class="unseen">{t.title}</h1>
      <Alarms />
      <Headline />
      <Rules />
      <Queues />
      <Agents big={big} />
      <Running />
      <Recent />
      <Feed />
    </div>
  );
}
