/** What stands around every page: the way to the others, who is signed in, language, theme, and the keys. */

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { go } from '../address';
import { useKeys } from '../keys';
import { link } from '../live/stream';
import { mine, type Page } from '../pages';
import { Told } from '../parts/told';
import { session, signOut } from '../session';
import { nextTheme, theme } from '../theme';
import { language } from '../words/language';
import { shell } from '../words/shell';
import { term } from '../words/terms';
import { Help } from './help';

const otherLanguage = (): void => {
  language.value = language.value === 'zh' ? 'en' : 'zh';
};

export function Shell({ page, children }: { page: Page | undefined; children: ComponentChildren }) {
  const t = shell();
  const [help, setHelp] = useState(false);
  const title = page ? t.pages[page.name] : '';
  useEffect(() => {
    document.title = `${title} · 三铃 Sanling`;
  }, [title]);
  useKeys(t.everywhere, [
    ...mine().map((page) => ({ key: `g ${page.key}`, what: t.goTo(t.pages[page.name]), run: () => go(page.path) })),
    { key: 'T', what: t.nextTheme, run: nextTheme },
    { key: 'L', what: t.otherLanguage, run: otherLanguage },
    { key: '?', what: t.keys, run: () => setHelp(true) },
  ]);
  return (
    <>
      <a class="skip" href="#content">
        {t.skip}
      </a>
      <header class="bar">
        <Brand />
        <nav aria-label={t.navigation}>
          {mine().map((other) => (
            <a key={other.path} href={other.path} aria-current={other === page ? 'page' : undefined}>
              {t.pages[other.name]}
            </a>
          ))}
        </nav>
        <p class={`link ${link.value}`} role="status">
          {t.link[link.value]}
        </p>
        <button class="quiet" type="button" onClick={otherLanguage}>
          {t.language}
        </button>
        <button class="quiet" type="button" onClick={nextTheme} title={t.theme[theme.value]} aria-label={t.theme[theme.value]}>
          {{ auto: '◐', light: '☀', dark: '☾' }[theme.value]}
        </button>
        <button class="quiet" type="button" onClick={() => setHelp(true)} title={t.keys} aria-label={t.keys}>
          ?
        </button>
        <Who />
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Told />
      {help && <Help onClose={() => setHelp(false)} />}
    </>
  );
}

function Brand() {
  return (
    <p class="brand">
      <span class="bells" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      三铃 <small>Sanling</small>
    </p>
  );
}

function Who() {
  const who = session.value;
  if (!who) return null;
  return (
    <div class="who">
      <span>
        {who.name || who.user} <small>{term(who.role)}</small>
      </span>
      <button class="quiet" type="button" onClick={() => void signOut()}>
        {shell().signOut}
      </button>
    </div>
  );
}
