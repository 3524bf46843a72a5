/** What the switch says of a configuration: errors at their places, slips, and what would change. */

import type { ConfigError, ConfigVerdict } from '../../api/types';
import { configuration } from '../../words/configuration';

interface Props {
  verdict: ConfigVerdict;
  /** Where there is a text to go to. */
  onPlace?: (error: ConfigError) => void;
}

export function Verdict({ verdict: { errors, warnings, changes }, onPlace }: Props) {
  const t = configuration();
  return (
    <section class="panel verdict" role="status">
      <p class={errors.length > 0 ? 'wrong' : 'tone-ok'}>{errors.length > 0 ? t.wrong(errors.length) : t.good(changes.length)}</p>
      <Errors errors={errors} onPlace={onPlace} />
      <ul>
        {changes.map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
      {warnings.length > 0 && <p class="soft">{t.warnings}</p>}
      <Errors errors={warnings} onPlace={onPlace} />
    </section>
  );
}

export function Errors({ errors, onPlace }: { errors: ConfigError[]; onPlace?: ((error: ConfigError) => void) | undefined }) {
  return (
    <ul class="errors">
      {errors.map((error) => {
        const place = [error.file, error.line, error.column].filter((part) => part != null && part !== '').join(':');
        return (
          <li key={`${place} ${error.message}`}>
            {onPlace ? (
              <button class="quiet" type="button" onClick={() => onPlace(error)}>
                <code>{place}</code>
              </button>
            ) : (
              <code>{place}</code>
            )}{' '}
            {error.message}
            {error.remedy && <span class="soft"> — {error.remedy}</span>}
          </li>
        );
      })}
    </ul>
  );
}
