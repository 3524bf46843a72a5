/** The one door to the API: who asks is added to every request, and what is refused becomes a `Refusal` that has the switch's own words. */

import { heardTime } from '../clock';

const API = '/api/v1';

/** What the API said instead of an answer: a problem document (RFC 9457), or no answer at all (status 0). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly problem: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** A program's token, kept for this tab alone. Who signs in with a password has a cookie instead, which no script can read. */
export const token = {
  get: (): string | null => sessionStorage.getItem('token'),
  set: (text: string): void => sessionStorage.setItem('token', text),
  forget: (): void => sessionStorage.removeItem('token'),
};

let signedOut = (): void => {};

/** Whoever draws the sign-in page wants to know when an answer was 401. */
export function onSignedOut(then: () => void): void {
  signedOut = then;
}

export interface Asking {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The answer as it comes, for streams and sounds. */
export async function ask(path: string, { method = 'GET', body, headers = {}, signal }: Asking = {}): Promise<Response> {
  const bearer = token.get();
  const answer = await fetch(API + path, {
    method,
    cache: 'no-store',
    credentials: bearer ? 'omit' : 'same-origin',
    headers: {
      ...headers,
      // A foreign site's form cannot send it: with the cookie it is asked for.
      ...(method === 'GET' ? {} : { 'X-Sanling': 'page' }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new Refusal(0, error instanceof Error ? error.message : String(error));
  });
  heardTime(answer.headers.get('date'));
  if (answer.ok) return answer;
  if (answer.status === 401 && path !== '/session') signedOut();
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<Refusal> {
  const problem: unknown = await answer.json().catch(() => null);
  const told = typeof problem === 'object' && problem !== null ? (problem as Record<string, unknown>) : {};
  return new Refusal(answer.status, String(told.detail ?? told.title ?? answer.statusText), told);
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await ask(path, signal ? { signal } : {})).json()) as T;
}

export async function send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const answer = await ask(path, { method, body });
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** Lists come as `{items}`. */
export async function items<T>(path: string, signal?: AbortSignal): Promise<T[]> {
  return (await get<{ items: T[] }>(path, signal)).items;
}
