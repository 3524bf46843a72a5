/** Who is signed in: a person by password and cookie, or a program's token as administrator. */

import { signal } from '@preact/signals';
import { get, onSignedOut, Refusal, send, token } from './api/client';
import { language } from './words/language';

/** What one may do; pages and buttons that need a right are not shown to whom lacks it, and the API refuses him all the same. */
const EVERY_RIGHT = [
  'see', 'hear', 'download', 'export', 'note', 'results', 'score', 'plan', 'coach', 'appeal', 'supervise', 'configure', 'health', 'audit', 'hold',
] as const;

export type Right = (typeof EVERY_RIGHT)[number];

export interface Session {
  user: string;
  name: string;
  role: 'agent' | 'supervisor' | 'qa' | 'operator' | 'admin';
  rights: readonly Right[];
  /** The extension that is his own. */
  agent: string | null;
  language: string | null;
  /** Whether telephone numbers are shown to him whole; who sees their ends searches by their last digits. */
  sees_numbers: boolean;
}

/** `undefined` until it is known, `null` when signed out. */
export const session = signal<Session | null | undefined>(undefined);

export const may = (right: Right): boolean => session.value?.rights.includes(right) ?? false;

onSignedOut(() => {
  session.value = null;
});

/** Who has the administrator's token is nobody by name, `token` in what he leaves behind; it opens no session, and has every right. */
const ADMINISTRATOR: Session = { user: 'token', name: '', role: 'admin', rights: EVERY_RIGHT, agent: null, language: null, sees_numbers: true };

async function whoAsks(): Promise<Session> {
  if (token.get() === null) return get<Session>('/session');
  await get('/queues');
  return ADMINISTRATOR;
}

/** Asks who the cookie or the token is. */
export async function recognise(): Promise<void> {
  takeTokenFromAddress();
  try {
    begin(await whoAsks());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    token.forget();
    session.value = null;
  }
}

export async function signIn(user: string, password: string): Promise<void> {
  token.forget();
  begin(await send<Session>('POST', '/session', { user, password }));
}

export async function signInWithToken(text: string): Promise<void> {
  token.set(text);
  try {
    begin(await whoAsks());
  } catch (error) {
    token.forget();
    throw error;
  }
}

export async function signOut(): Promise<void> {
  const byCookie = token.get() === null;
  token.forget();
  session.value = null;
  if (byCookie) await send('DELETE', '/session').catch(() => undefined);
}

function begin(signedIn: Session): void {
  if (signedIn.language) language.value = signedIn.language.startsWith('zh') ? 'zh' : 'en';
  session.value = signedIn;
}

/** `#token=…`, as `sanling demo` prints it: a fragment never leaves the browser, and it is taken out of the address at once. */
function takeTokenFromAddress(): void {
  const given = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (!given) return;
  token.set(decodeURIComponent(given));
  history.replaceState(null, '', location.pathname + location.search);
}
