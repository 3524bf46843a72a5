/** Signing in: a person with name and password, or an administrator's token. */

import { useState } from 'preact/hooks';
import { Refusal } from '../api/client';
import { Wrong } from '../parts/small';
import { signIn, signInWithToken } from '../session';
import { language } from '../words/language';
import { shell } from '../words/shell';

export function SignIn() {
  const t = shell();
  const [byToken, setByToken] = useState(false);
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);

  const enter = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const field = (name: string): string => String(form.get(name) ?? '').trim();
    setBusy(true);
    setWrong('');
    try {
      await (byToken ? signInWithToken(field('token')) : signIn(field('user'), field('password')));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setWrong(error.status === 0 ? t.noAnswer : error.message);
      setBusy(false);
    }
  };

  return (
    <main class="gate">
      <form onSubmit={(event) => void enter(event as unknown as SubmitEvent)}>
        <h1>
          <span class="bells" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          三铃 <small>Sanling</small>
        </h1>
        <div class="choice" role="group">
          <button type="button" aria-pressed={!byToken} onClick={() => setByToken(false)}>
            {t.withPassword}
          </button>
          <button type="button" aria-pressed={byToken} onClick={() => setByToken(true)}>
            {t.withToken}
          </button>
        </div>
        {byToken ? (
          <>
            <p class="soft">
              {t.tokenIs} <code>cat data/admin.token</code>
            </p>
            <label key="token">
              {t.token}
              <input name="token" type="password" autocomplete="off" required spellcheck={false} autoFocus />
            </label>
          </>
        ) : (
          <>
            <label key="user">
              {t.user}
              <input name="user" autocomplete="username" autocapitalize="none" required spellcheck={false} autoFocus />
            </label>
            <label key="password">
              {t.password}
              <input name="password" type="password" autocomplete="current-password" required />
            </label>
          </>
        )}
        <Wrong>{wrong}</Wrong>
        <button class="main" type="submit" disabled={busy}>
          {t.signIn}
        </button>
        <button
          class="quiet"
          type="button"
          onClick={() => {
            language.value = language.value === 'zh' ? 'en' : 'zh';
          }}
        >
          {t.language}
        </button>
      </form>
    </main>
  );
}
