/** The configuration's files: what is in force, what lies on the disk, and what one would like, checked as the switch would. */

import { useRef, useState } from 'preact/hooks';
import { address, go, query } from '../../address';
import { items, Refusal, send } from '../../api/client';
import type { ConfigError, ConfigText, ConfigVerdict } from '../../api/types';
import { useKeys } from '../../keys';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { configuration } from '../../words/configuration';
import { Difference } from './difference-view';
import { Verdict } from './verdict';

export function Configuration() {
  const t = configuration();
  const { answer, refusal } = useLoaded('config', (signal) => items<ConfigText>('/config', signal));
  const [edited, edit] = useState<Record<string, string>>({});
  const [verdict, setVerdict] = useState<ConfigVerdict | null>(null);
  const [wrong, setWrong] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);
  const files = answer ?? [];
  const file = files.find((file) => file.name === query.value.get('file')) ?? files[0];
  const choose = (name: string): void => go(address('/operation/configuration', { file: name }));

  const check = async (): Promise<void> => {
    const changed = Object.entries(edited).map(([name, text]) => ({ name, text }));
    try {
      setVerdict(await send<ConfigVerdict>('POST', '/config/check', { files: changed }));
      setWrong('');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setWrong(error.message);
    }
  };
  const goTo = (error: ConfigError): void => {
    choose(error.file.split('/').at(-1) ?? '');
    // The other file's text stands in the area after the next drawing.
    requestAnimationFrame(() => select(area.current, error.line ?? 1));
  };
  useKeys(t.title, [{ key: 'c', what: t.keys.check, run: () => void check() }]);

  return (
    <div class="configuration-page">
      <header class="row">
        <h1>
          <a href="/operation">{t.back}</a> / {t.title}
        </h1>
        <button class="main" type="button" onClick={() => void check()}>
          {t.check} <kbd>c</kbd>
        </button>
      </header>
      <p class="soft">{t.isAbout}</p>
      <Wrong>{refusal?.message ?? wrong}</Wrong>
      {file && (
        <>
          <nav class="files" aria-label={t.files}>
            {files.map((one) => (
              <button key={one.name} type="button" aria-pressed={one === file} onClick={() => choose(one.name)}>
                {one.name} <small>{mark(one, edited[one.name])}</small>
              </button>
            ))}
          </nav>
          <textarea
            ref={area}
            class="text"
            aria-label={t.text(file.name)}
            spellcheck={false}
            value={edited[file.name] ?? file.on_disk ?? ''}
            onInput={(event) => edit({ ...edited, [file.name]: event.currentTarget.value })}
          />
          <div class="beside">
            {verdict && <Verdict verdict={verdict} onPlace={goTo} />}
            <Difference before={file.in_force ?? ''} after={edited[file.name] ?? file.on_disk ?? ''} />
            {edited[file.name] !== undefined && (
              <button
                type="button"
                onClick={() => {
                  const { [file.name]: _, ...others } = edited;
                  edit(others);
                }}
              >
                {t.undo}
              </button>
            )}
          </div>
        </>
      )}
    </div>
  );
}

function mark(file: ConfigText, edited: string | undefined): string {
  const t = configuration();
  if (edited !== undefined && edited !== file.on_disk) return t.edited;
  if (file.in_force == null) return t.isNew;
  if (file.on_disk == null) return t.gone;
  return file.in_force === file.on_disk ? '' : t.onDisk;
}

/** Selects a line, and brings it into sight. */
function select(area: HTMLTextAreaElement | null, line: number): void {
  if (!area) return;
  const lines = area.value.split('\n');
  const from = lines.slice(0, line - 1).reduce((length, text) => length + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  area.scrollTop = ((line - 5) / lines.length) * area.scrollHeight;
}
