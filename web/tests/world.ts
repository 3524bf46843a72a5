/** A real switch with a temporary folder on free ports, real calls made by `sanling load` or `sanling demo`, and a real browser. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const BINARY = process.env.SANLING_BINARY ?? join(ROOT, 'target/debug/sanling');
const SCREENSHOTS = join(ROOT, 'target/screenshots');
const AXE = readFileSync(join(import.meta.dirname, '../node_modules/axe-core/axe.min.js'), 'utf8');

/** Chromium that talks to nobody but the switch. */
const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
];

export const TOKEN = 'a-token-for-the-tests';

export interface Options {
  /** Simulated agents and callers in the switch's own process: every rule happens within a minute. */
  demo?: boolean;
  /** Of the shipped configuration: what is otherwise, by file. */
  config?: Record<string, (text: string) => string>;
  /** Media ports: four a call. */
  ports?: number;
}

export interface Looks {
  language?: 'zh' | 'en';
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
  /** Without: the sign-in page. */
  token?: string | null;
  /** Where the browser's clock stands; where this computer's does when absent. */
  zone?: string;
}

export class World {
  private readonly folder = mkdtempSync(join(tmpdir(), 'sanling-web-'));
  private readonly contexts: BrowserContext[] = [];
  private process: ChildProcess | null = null;

  private constructor(
    private readonly sip: number,
    private readonly http: number,
    private readonly options: Options,
  ) {
    cpSync(join(ROOT, 'config'), join(this.folder, 'config'), { recursive: true });
  }

  static async begin(options: Options = {}): Promise<World> {
    const world = new World(await freePort(), await freePort(), options);
    for (const [file, how] of Object.entries(options.config ?? {})) world.change(file, how);
    await world.start();
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${this.http}`;
  }

  /** Where phones register. */
  get sipPort(): number {
    return this.sip;
  }

  /** Starts the switch, anew after `kill` with what its folder has. */
  async start(): Promise<void> {
    const media = 20_000 + (this.sip % 20) * 500;
    const set = [`sip.listen=["udp:127.0.0.1:${this.sip}"]`, `http.listen="127.0.0.1:${this.http}"`, `media.ports="${media}-${media + (this.options.ports ?? 400) - 1}"`];
    const folders = ['--config', 'config', '--data', 'data', '--recordings', 'recordings'];
    this.process = spawn(BINARY, [this.options.demo ? 'demo' : 'run', ...folders, ...set.flatMap((key) => ['--set', key])], {
      cwd: this.folder,
      env: { ...process.env, SANLING_ADMIN_TOKEN: TOKEN },
      stdio: 'ignore',
    });
    await until('the switch answers', async () => (await fetch(`${this.url}/healthz`).catch(() => null))?.ok);
  }

  async kill(): Promise<void> {
    const ended = new Promise((done) => this.process?.once('exit', done));
    this.process?.kill('SIGKILL');
    await ended;
  }

  /** Calls to the hotline, answered by simulated agents: `load('calls', '--calls', '3', '--hold', '4', '--time', '6')`. */
  async load(kind: 'calls' | 'setups', ...options: string[]): Promise<void> {
    await promisify(execFile)(BINARY, ['load', kind, '--target', `127.0.0.1:${this.sip}`, '--config', 'config', ...options], { cwd: this.folder });
  }

  /** Writes one of the configuration's files anew; a reload takes it. */
  change(file: string, how: (text: string) => string): void {
    const path = join(this.folder, 'config', file);
    writeFileSync(path, how(readFileSync(path, 'utf8')));
  }

  /** Makes an agent who is ready not ready, and says who it was. */
  sendOff(reason: string): Promise<string> {
    return until('an agent can be sent off', async () => {
      const { items } = await this.api<{ items: { id: string; state: string }[] }>('/agents');
      const agent = items.find((agent) => agent.state === 'ready')?.id;
      if (!agent) return null;
      const body = JSON.stringify({ state: 'not-ready', reason });
      const { state } = await this.api<{ state?: string }>(`/agents/${agent}/state`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
      return state === 'not-ready' ? agent : null;
    });
  }

  async api<T>(path: string, { as = TOKEN, ...init }: RequestInit & { as?: string } = {}): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1${path}`, { ...init, headers: { ...init.headers, Authorization: `Bearer ${as}` } });
    return (await answer.json()) as T;
  }

  /** A page of a browser that nobody has used before. What it writes to its console as an error fails the test at the end. */
  async open(path: string, { language = 'en', theme = 'light', width = 1440, height = 900, token = TOKEN, zone }: Looks = {}): Promise<Page> {
    const context = await chromium.launchPersistentContext(mkdtempSync(join(this.folder, 'browser-')), {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ARGUMENTS,
      viewport: { width, height },
      acceptDownloads: true,
      ...(zone ? { timezoneId: zone } : {}),
    });
    this.contexts.push(context);
    const page = context.pages()[0] ?? (await context.newPage());
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? String(error)));
    page.on('console', (message) => {
      // A refused or missing connection is the browser's own line, and what some tests are about.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.complaints.push(message.text());
    });
    await page.addInitScript(
      ([language, theme, token]) => {
        localStorage.setItem('language', localStorage.getItem('language') ?? language);
        localStorage.setItem('theme', localStorage.getItem('theme') ?? theme);
        if (token) sessionStorage.setItem('token', token);
      },
      [language, theme, token] as const,
    );
    await page.goto(this.url + path);
    return page;
  }

  /** The same of a person who is signed in, with the password of the shipped configuration. */
  async openAs(user: string, path: string, looks: Omit<Looks, 'token'> = {}): Promise<Page> {
    const page = await this.open('/', { ...looks, token: null });
    const answer = await page.request.post(`${this.url}/api/v1/session`, { data: { user, password: `demo-${user}` }, headers: { 'X-Sanling': 'page' } });
    expect(answer.status(), user).toBeLessThan(300);
    await page.goto(this.url + path);
    return page;
  }

  /** Errors of scripts, and breaches of the content security policy. */
  readonly complaints: string[] = [];

  async end(): Promise<void> {
    for (const context of this.contexts) await context.close();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
    expect(this.complaints).toEqual([]);
  }
}

/** Looks again and again until something is so; says what, when it does not come about. */
export async function until<T>(what: string, look: () => Promise<T | null | undefined | false>, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** No violation of the accessibility rules, and a picture of the page for people. */
export async function inspect(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  await page.evaluate(AXE);
  // Preloaded, style sheets of shadow trees would be copied into style elements, which the page's policy forbids axe as well.
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    return (await axe.run({ preload: false })).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
  });
  expect(violations).toEqual([]);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
