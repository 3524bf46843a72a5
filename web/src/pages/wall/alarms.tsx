/** What somebody must do something about. */

import { computed } from '@preact/signals';
import { health, queues, running } from '../../live/house';
import { wall } from '../../words/wall';

/** States in which an agent is there for the next caller, sooner or later. */
const AT_WORK = ['ready', 'reserved', 'ringing', 'talking', 'wrap-up'];

const abandonedQueues = computed(() =>
  queues.value.filter((queue) => queue.waiting > 0 && AT_WORK.every((state) => !queue.agents[state])),
);

const poorLegs = computed(() => running.value.flatMap((call) => (call.quality ?? []).filter((leg) => leg.poor).map((leg) => ({ call, leg }))));

export function Alarms() {
  const t = wall();
  const reasons = health.value?.reasons ?? [];
  return (
    <ul class="alarms" role="alert">
      {reasons.map((reason) => (
        <li key={reason}>
          {t.alarm.health}: {reason}
        </li>
      ))}
      {abandonedQueues.value.map((queue) => (
        <li key={queue.id}>{t.alarm.nobody(queue.id, queue.waiting)}</li>
      ))}
      {poorLegs.value.map(({ call, leg }) => (
        <li key={`${call.id} ${leg.leg}`}>
          <a href={`/calls/${call.id}`}>{t.alarm.poor(leg.agent ?? call.caller, leg.mos_min ?? null)}</a>
        </li>
      ))}
    </ul>
  );
}
