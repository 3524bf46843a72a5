/** Which phone rings when its supervisor listens or speaks: his own, or one that he chooses. */

import { computed } from '@preact/signals';
import { kept } from '../../kept';
import { agents } from '../../live/house';
import { session } from '../../session';
import { desk } from '../../words/desk';

const chosen = kept<string>('supervisor', (text) => text ?? '');

export const phone = computed(() => chosen.value || session.value?.agent || '');

export function Phone() {
  const t = desk();
  const supervisors = agents.value.filter((agent) => agent.role === 'supervisor');
  return (
    <label class="inline" title={t.phoneHint}>
      {t.phone}
      <select
        value={phone.value}
        onChange={(event) => {
          chosen.value = event.currentTarget.value;
        }}
      >
        <option value="">{t.noPhone}</option>
        {supervisors.map((agent) => (
          <option key={agent.id} value={agent.id}>
            {agent.id} {agent.name}
          </option>
        ))}
      </select>
    </label>
  );
}
