import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, until, World } from './world';

interface Items<T> {
  items: T[];
}
interface Task {
  call_id: string;
  agent: string;
  who: string;
  state: string;
}
interface Score {
  id: string;
  call_id: string;
  agent: string;
  who: string;
  score: number;
  passed: boolean;
  answers: { item: string; answer: string; points: number | null; won: number | null; note: string | null; found: { answer: string } | null }[];
  appeal: { state: string; items: string[]; answer: { score_before: number | null } | null } | null;
}
interface Call {
  id: string;
  agent: string | null;
  connected_at: string | null;
  released_at: string | null;
  hung_up_first: string | null;
  holds: unknown[];
  recording: { state: string } | null;
}
interface Row {
  key: string;
  n: number;
  mean: number;
  passed: number;
  from: string | null;
}

/** Items of the shipped card that the switch leaves to who listens, in its order, each with the keys that answer it. */
const BY_EAR: [item: string, keys: string][] = [
  ['greeting', '5'],
  ['listening', '4'],
  ['needs', '5'],
  ['right', '10'],
  ['words', '5'],
  ['anything-else', '1'],
  ['farewell', '0'],
  ['respect', '1'],
  ['secrets', '1'],
];

let world: World;
beforeAll(async () => {
  // The demo's conversations are short, and so that a queue is long enough all of them are drawn.
  const plan = (text: string): string => text.replace('per_agent = 3', 'per_agent = 50').replace('of = { longer = "30s" }', 'of = { longer = "2s" }');
  world = await World.begin({ demo: true, config: { 'scorecards.toml': plan } });
  await until('calls of 1001 and of others have ended', async () => {
    const { items } = await world.api<Items<Call>>('/calls?limit=200');
    const over = items.filter((call) => call.released_at && call.connected_at && call.recording?.state === 'complete');
    // Whoever hangs up on the customer has lost all: the agent who will object has not.
    const of = (agent: string): number => over.filter((call) => call.agent === agent && call.hung_up_first === 'caller').length;
    return of('1001') >= 3 && new Set(over.map((call) => call.agent)).size >= 3 && over.some((call) => call.holds.length > 0) && over.length >= 6;
  }, 240);
}, 300_000);
afterAll(() => world.end());

const queue = async (): Promise<Task[]> => (await world.api<Items<Task>>('/qa/work?who=li-qa')).items;
const scores = async (of = ''): Promise<Score[]> => (await world.api<Items<Score>>(`/qa/scores?counted=true${of}`)).items;
const chosen = async (page: Page): Promise<string> => ((await page.locator('.item.chosen').getAttribute('id')) ?? '').replace('item-', '');
const total = async (page: Page): Promise<string> => (await page.locator('.scoring-panel output').textContent()) ?? '';

/** The form of a call, loaded. */
async function opened(page: Page): Promise<void> {
  await page.locator('.scoring-panel .item').first().waitFor();
  await page.locator('.wave > div').waitFor();
}

/** Answers by keyboard all that is open. `otherwise` says which keys for an item. */
async function answer(page: Page, otherwise: Record<string, string> = {}): Promise<void> {
  for (const [item, keys] of BY_EAR) {
    if ((await page.locator(`#item-${item} [aria-pressed=true]`).count()) > 0) continue;
    await until(`${item} is next`, async () => (await chosen(page)) === item, 5);
    for (const key of otherwise[item] ?? keys) await page.keyboard.press(key);
  }
  // What the switch could not measure in so short a call.
  for (;;) {
    const open = page.locator('.item.open').first();
    if ((await open.count()) === 0) return;
    await page.keyboard.press('1');
  }
}

test('a call from the queue is scored by keyboard alone, and the next one is a key away', async () => {
  const page = await world.openAs('li-qa', '/quality');
  await page.locator('#queue').waitFor();
  // By the clock, within a minute or two, and without anybody who asks again.
  await until('calls are drawn', async () => (await page.locator('.quality tbody tr').count()) > 2, 100);
  await page.locator('.shares li').first().waitFor();
  await inspect(page, 'quality-work-en-light');
  const before = await queue();
  await page.keyboard.press('Shift+N');
  await page.waitForURL(/score=form/);
  await opened(page);
  const call = new URL(page.url()).pathname.split('/')[2] ?? '';
  expect(before.map((task) => task.call_id)).toContain(call);

  // What the switch knows stands there already; what it cannot know is open, the first of it chosen.
  expect(await page.locator('#item-three-rings [aria-pressed=true]').count()).toBe(1);
  expect(await chosen(page)).toBe('greeting');
  await page.keyboard.press('Shift+S');
  await page.getByRole('alert').getByText('is not answered').waitFor();
  // The player keeps its keys.
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.keyboard.press('k');
  await answer(page);
  expect(await page.locator('#item-right [aria-pressed=true]').textContent()).toBe('10');
  await page.locator('.total').getByText('all answered').waitFor();

  // An answer that is not as the switch found it asks for a reason.
  while ((await chosen(page)) !== 'three-rings') await page.keyboard.press('ArrowUp');
  const was = await page.locator('#item-three-rings [aria-pressed=true]').textContent();
  await page.keyboard.press(was === 'yes' ? '0' : '1');
  await until('its note has the keyboard', () => page.evaluate(() => document.activeElement?.tagName === 'TEXTAREA'));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+S');
  await page.getByRole('alert').getByText('is not as the switch found it').waitFor();
  await until('its note has the keyboard', () => page.evaluate(() => document.activeElement?.tagName === 'TEXTAREA'));
  await page.keyboard.type('heard it ring on');
  await page.keyboard.press('Enter');
  await page.locator('#item-three-rings .overruled').waitFor();
  await page.keyboard.press('w');
  await page.keyboard.type('Kind, but no goodbye.');
  await page.keyboard.press('Escape');
  await inspect(page, 'quality-form-en-light');

  const live = await total(page);
  await page.keyboard.press('Shift+S');
  await page.locator('.told').getByText(`Scored: ${live}.`).waitFor();
  await page.locator('.scoring-panel .sum').waitFor();
  expect(await total(page)).toBe(live);
  const [given] = await scores();
  expect(given).toMatchObject({ call_id: call, who: 'li-qa', note: 'Kind, but no goodbye.' });
  expect(given?.score.toFixed(1)).toBe(live);
  expect(given?.answers.find(({ item }) => item === 'three-rings')).toMatchObject({ answer: was === 'yes' ? 'no' : 'yes', note: 'heard it ring on', found: { answer: was } });
  expect((await queue()).map((task) => task.call_id)).not.toContain(call);
  await inspect(page, 'quality-given-en-light');

  await page.keyboard.press('Shift+N');
  await page.waitForURL((url) => url.searchParams.get('score') === 'form' && !url.pathname.endsWith(call));
  await opened(page);
  expect(await chosen(page)).toBe('greeting');

  const { items } = await world.api<Items<{ who: string; action: string }>>(`/audit?subject=${call}`);
  expect(items.map(({ who, action }) => `${who} ${action}`)).toContain('li-qa score.given');
}, 180_000);

test('the queue, an agent’s scores and the appeals follow what happens elsewhere', async () => {
  const task = (await queue()).find(({ agent }) => agent === '1001') ?? (await queue())[0];
  const mine = await world.openAs('li-qa', '/quality');
  const line = mine.locator(`section[aria-labelledby=queue] tbody a[href*="${task?.call_id}"]`);
  await line.first().waitFor();
  const agent = await world.openAs('1001', '/quality');
  const his = agent.locator(`tbody a[href*="${task?.call_id}"]`);
  await agent.locator('.views').waitFor();
  const appeals = await world.openAs('li-qa', '/quality/appeals');
  await appeals.getByText('No appeal.').waitFor();
  const boss = await world.openAs('wang-supervisor', '/quality/appeals');
  await boss.getByText('No appeal.').waitFor();
  let loads = 0;
  for (const page of [mine, agent, appeals, boss]) page.on('request', (request) => (loads += Number(request.isNavigationRequest())));

  // Given elsewhere: as the switch found it, and the rest in full.
  const by = async <T>(page: Page, method: string, path: string, data?: unknown): Promise<T> =>
    (await (await page.request.fetch(`${world.url}/api/v1${path}`, { method, data, headers: { 'X-Sanling': 'page' } })).json()) as T;
  const { items: cards } = await by<Items<{ in_force: boolean; sections: { items: { id: string; points: number | null }[] }[] }>>(mine, 'GET', '/qa/scorecards');
  const { found } = await by<{ found: Record<string, { answer: string; points: number | null }> }>(mine, 'GET', `/calls/${task?.call_id}/form?agent=${task?.agent}`);
  const answers = (cards.find((card) => card.in_force)?.sections ?? []).flatMap((section) => section.items).map(({ id, points }) => {
    const known = found[id];
    return known ? { item: id, answer: known.answer, points: known.points } : points ? { item: id, answer: 'points', points } : { item: id, answer: 'yes' };
  });
  const given = await by<Score>(mine, 'POST', '/qa/scores', { call_id: task?.call_id, agent: task?.agent, answers });
  expect(given.who).toBe('li-qa');
  await line.first().waitFor({ state: 'detached' });
  if (task?.agent === '1001') await his.first().waitFor();

  const objecting = task?.agent === '1001' ? agent : await world.openAs('admin', '/quality');
  await by(objecting, 'POST', `/qa/scores/${given.id}/appeal`, { text: 'The line was bad.' });
  await boss.getByText('The line was bad.').waitFor();
  expect(await boss.getByText('another answers').count()).toBe(0);
  await appeals.getByText('another answers').waitFor();
  await until('the open appeals are counted', async () => (await mine.locator('.headline').getByText('1', { exact: true }).count()) > 0);
  // Who gave the score sees why he does not answer, and the switch would not let him.
  await appeals.locator('tbody a').first().click();
  await appeals.getByText('You gave this score: another answers the objection.').waitFor();
  expect(await appeals.getByRole('button', { name: /Answer/ }).count()).toBe(0);
  await boss.locator('tbody a').first().click();
  await boss.locator('.appeal').waitFor();
  expect(await boss.getByRole('button', { name: /Answer/ }).count()).toBe(1);
  await by(boss, 'POST', `/qa/scores/${given.id}/answer`, { text: 'So it was.' });
  await appeals.getByText('So it was.').waitFor();
  expect(loads).toBe(0);
}, 120_000);

test('the switch’s moment is a key or a click away, and what is not given yet waits for who comes back', async () => {
  const [task] = await queue();
  const page = await world.openAs('li-qa', `/calls/${task?.call_id}?score=form`);
  await opened(page);
  await page.keyboard.press('3');
  await until('on to the next', async () => (await chosen(page)) === 'listening');
  const moment = page.locator('.found button').last();
  const at = await moment.textContent();
  const item = ((await moment.locator('xpath=ancestor::li[1]').getAttribute('id')) ?? '').replace('item-', '');
  while ((await chosen(page)) !== item) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.keyboard.press('Space');
  const shown = ((await page.getByLabel('Position').textContent()) ?? '').split('/')[0]?.trim() ?? '';
  const seconds = (text: string): number => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  // What led to it is heard too.
  expect(seconds(shown)).toBeGreaterThanOrEqual(Math.max(0, seconds(at ?? '') - 2.1));
  expect(seconds(shown)).toBeLessThan(seconds(at ?? '') + 3);
  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.waitForURL(/quality$/);
  await page.goBack();
  await opened(page);
  expect(await page.locator('#item-greeting [aria-pressed=true]').textContent()).toBe('3');
  // Closed, the digits are the player's again.
  await page.keyboard.press('Escape');
  await page.locator('.scoring-panel').waitFor({ state: 'detached' });
  // What is drawn without it takes the keys over after its picture.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))));
  await page.keyboard.press('2');
  await page.locator('.side.agent button[aria-pressed=true]').waitFor();
});

test('two score one call apart, and see where they differ when both have', async () => {
  const [task] = await queue();
  const qa = await world.openAs('li-qa', `/calls/${task?.call_id}`);
  await qa.locator('.scores').getByRole('button', { name: 'Calibrate' }).waitFor();
  await qa.keyboard.press('Shift+K');
  await qa.getByRole('dialog').getByLabel('王班长').check();
  await inspect(qa, 'quality-calibrate-en-light');
  await qa.getByRole('dialog').getByRole('button', { name: 'Begin' }).click();
  await qa.locator('.told').getByText('in their queues').waitFor();

  const score = async (page: Page, otherwise: Record<string, string>): Promise<void> => {
    await page.getByRole('link', { name: 'Score it' }).click();
    await opened(page);
    await answer(page, otherwise);
    await page.keyboard.press('Shift+S');
    await page.locator('.told').getByText('Scored:').waitFor();
    await page.locator('.scoring-panel .sum').waitFor();
  };
  await qa.goto(`${world.url}/quality/calibrations`);
  await score(qa, {});
  const boss = await world.openAs('wang-supervisor', '/quality/calibrations');
  await boss.locator('tbody a').first().click();
  await boss.getByText('You have not scored yet').waitFor();
  expect(await boss.locator('.calibration table').count()).toBe(0);
  await score(boss, { right: '4', farewell: '1' });
  await boss.getByRole('link', { name: 'See the calibration' }).click();
  await boss.locator('.calibration table').waitFor();
  await boss.getByText('2 of 2 have scored').waitFor();
  expect((await boss.locator('td.other').allTextContents()).map((text) => text.trim()).sort()).toEqual(['4 / 10', 'yes']);
  await inspect(boss, 'quality-calibration-en-light');
  await boss.keyboard.press('d');
  await until('only the two', async () => (await boss.locator('.calibration tbody tr').count()) === 4);
  // It is no score of the agent's.
  expect((await scores()).filter((given) => given.call_id === task?.call_id)).toEqual([]);
});

test('an agent sees his own, objects to an item, is answered, and is coached with a moment of the call', async () => {
  const scored = (await scores()).map((score) => score.call_id);
  const { items: calls } = await world.api<Items<Call>>('/calls?agent=1001&first=caller&limit=200');
  const his = calls.find((call) => call.released_at && call.connected_at && call.agent === '1001' && !scored.includes(call.id))?.id;
  const qa = await world.openAs('li-qa', `/calls/${his}?score=form&agent=1001`);
  await opened(qa);
  await answer(qa);
  await qa.keyboard.press('Shift+S');
  await qa.locator('.scoring-panel .sum').waitFor();
  const before = Number(await total(qa));
  for (let n = 0; n < 3; n += 1) await qa.keyboard.press('ArrowRight');
  await qa.keyboard.press('Shift+C');
  await qa.getByRole('dialog').getByLabel('Text').fill('Say goodbye before you hang up.');
  await inspect(qa, 'quality-coach-en-light');
  await qa.keyboard.press('Control+Enter');
  await qa.locator('.told').getByText('can read it').waitFor();

  const agent = await world.openAs('1001', '/quality');
  await agent.locator('tbody tr').first().waitFor();
  expect(await agent.locator('.views a').allTextContents()).toEqual(['My scores 1', 'Results 2', 'Appeals 3', 'Coaching 4']);
  const agents = await agent.locator('tbody tr td:nth-child(2)').allTextContents();
  expect(agents.every((id) => id === '1001')).toBe(true);
  await inspect(agent, 'quality-mine-en-light');
  await agent.goto(`${world.url}/calls/${his}`);
  await agent.locator('.scores li a').first().waitFor();
  await agent.keyboard.press('q');
  await agent.locator('.scoring-panel .sum').waitFor();
  expect(await agent.getByRole('button', { name: 'Change' }).count()).toBe(0);
  await agent.keyboard.press('Shift+O');
  await agent.getByLabel(/Thanks, and says goodbye/).check();
  await agent.getByLabel('Why').fill('I did say goodbye, the line was cut.');
  await inspect(agent, 'quality-objecting-en-light');
  await agent.getByRole('button', { name: 'Send the objection' }).click();
  await agent.locator('.appeal').getByText('I did say goodbye').waitFor();
  expect(await agent.getByRole('button', { name: 'Object' }).count()).toBe(0);

  const boss = await world.openAs('wang-supervisor', '/quality/appeals');
  await boss.locator('tbody tr').first().waitFor();
  await inspect(boss, 'quality-appeals-en-light');
  await boss.keyboard.press('Enter');
  await boss.locator('.appeal').waitFor();
  await boss.keyboard.press('e');
  await until('the contested item is chosen', async () => (await chosen(boss)) === 'farewell');
  await boss.keyboard.press('1');
  await boss.keyboard.press('Shift+S');
  await boss.getByRole('alert').getByText('Write an answer').waitFor();
  await boss.keyboard.type('So you did.');
  await boss.keyboard.press('Escape');
  await inspect(boss, 'quality-answering-en-light');
  await boss.keyboard.press('Shift+S');
  await boss.locator('.appeal').getByText(/^Changed from/).waitFor();
  const given = (await scores('&agent=1001')).find((score) => score.call_id === his);
  expect(given?.appeal).toMatchObject({ state: 'changed', items: ['farewell'], answer: { score_before: before } });
  expect(given?.score).toBeGreaterThan(before);

  await agent.goto(`${world.url}/quality/appeals`);
  await agent.locator('tbody').getByText('changed').waitFor();
  await agent.keyboard.press('4');
  await agent.getByText('Say goodbye before you hang up.').waitFor();
  await agent.getByRole('link', { name: /0:03/ }).click();
  await agent.waitForURL(/t=3/);
  const { items } = await world.api<Items<{ who: string; action: string }>>(`/audit?subject=${his}`);
  const told = items.map(({ who, action }) => `${who} ${action}`);
  for (const entry of ['li-qa score.given', '1001 score.appealed', 'wang-supervisor appeal.answered']) expect(told).toContain(entry);
});

test('results are the scores’ own, by agent, team and item, and lead to them', async () => {
  const all = await scores();
  const page = await world.openAs('admin', '/quality/results');
  await page.locator('.results tbody tr').first().waitFor();
  const agent = all[0]?.agent ?? '';
  const his = all.filter((score) => score.agent === agent);
  const mean = his.reduce((sum, score) => sum + score.score, 0) / his.length;
  const line = page.locator('.results tbody tr').filter({ has: page.locator(`a[href*="agent=${agent}&"]`) }).first();
  const cells = (await line.locator('td').allTextContents()).map((text) => text.trim());
  expect(cells.slice(0, 2)).toEqual([String(his.length), mean.toFixed(1)]);
  await page.locator('.chart canvas').waitFor();
  await inspect(page, 'quality-results-en-light');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Shift+D')]);
  const table = readFileSync(await download.path(), 'utf8').trim().split('\r\n');
  expect(table[0]).toMatch(/^from,key,scores,mean,/);
  expect(table.some((row) => row.startsWith(`,${agent},${his.length},`))).toBe(true);
  const sliced = await world.api<Items<Row>>('/qa/results?every=day');
  expect(sliced.items.reduce((sum, row) => sum + row.n, 0)).toBe(all.length);
  expect(sliced.items.every((row) => row.from !== null)).toBe(true);

  await line.locator('.lost a').first().click();
  await page.waitForURL(/quality\/scores\?.*item=/);
  const item = new URL(page.url()).searchParams.get('item') ?? '';
  // Points may be all that there are: nothing is lost then.
  const lost = his.filter((score) => score.answers.some((given) => given.item === item && given.won !== null && given.won < 1));
  await until('the scores behind it', async () => (await page.locator('tbody tr').count()) === lost.length);

  await page.goto(`${world.url}/quality/results`);
  await page.getByRole('button', { name: 'Item', exact: true }).click();
  await page.getByRole('button', { name: 'Mean', exact: true }).click();
  await page.waitForURL(/sort=mean/);
  const farewell = page.locator('.results tbody tr', { hasText: 'Thanks, and says goodbye' });
  await farewell.waitFor();
  const won = all.filter((score) => score.answers.some((given) => given.item === 'farewell' && given.answer === 'yes')).length;
  expect((await farewell.locator('td').nth(5).textContent())?.trim()).toBe(String(all.length - won));
  await inspect(page, 'quality-items-en-light');
  await page.emulateMedia({ media: 'print' });
  await until('on paper only the figures', async () => !(await page.locator('.search').isVisible()) && !(await page.locator('.views').isVisible()));
});

test('who may not see what is refused by page and by API', async () => {
  const agent = await world.openAs('1001', '/quality/calibrations');
  await agent.getByText('There is no such page').waitFor();
  const asked = (page: Page, path: string): Promise<number> =>
    page.evaluate(async (path) => (await fetch(`/api/v1${path}`, { cache: 'no-store' })).status, path);
  for (const path of ['/qa/work', '/qa/plans', '/qa/scorers', '/qa/calibrations']) expect(await asked(agent, path), path).toBe(403);
  expect(await asked(agent, '/qa/results?agent=1002')).toBe(400);
  const others = (await scores()).find((score) => score.agent !== '1001');
  if (others) expect(await asked(agent, `/qa/scores/${others.id}`)).toBe(404);
  const ops = await world.openAs('ops', '/quality');
  await ops.getByText('needs a right that you do not have').waitFor();
  expect(await asked(ops, '/qa/results')).toBe(403);
  const qa = await world.openAs('li-qa', '/quality/results');
  await qa.getByRole('button', { name: 'Print' }).waitFor();
  expect(await qa.getByRole('button', { name: 'CSV' }).count()).toBe(0);
  expect(await asked(qa, '/qa/results?format=csv')).toBe(403);
});

test('in Chinese and dark', async () => {
  const looks = { language: 'zh', theme: 'dark' } as const;
  const page = await world.openAs('li-qa', '/quality', looks);
  await page.locator('.shares li').first().waitFor();
  await page.locator('.quality tbody tr').first().waitFor();
  await inspect(page, 'quality-work-zh-dark');
  for (const [path, ready, name] of [
    ['/quality/results', '.chart canvas', 'results'],
    ['/quality/scores', 'tbody tr', 'scores'],
    ['/quality/coaching', '.coaching li', 'coaching'],
    ['/quality/calibrations', 'tbody tr', 'calibrations'],
  ]) {
    await page.goto(world.url + path);
    await page.locator(ready ?? '').first().waitFor();
    await inspect(page, `quality-${name}-zh-dark`);
  }
  await page.locator('tbody a').first().click();
  await page.locator('.calibration table').waitFor();
  await inspect(page, 'quality-calibration-zh-dark');
  const [task] = await queue();
  await page.goto(`${world.url}/calls/${task?.call_id}?score=form`);
  await opened(page);
  await inspect(page, 'quality-form-zh-dark');
  await page.setViewportSize({ width: 1280, height: 720 });
  await inspect(page, 'quality-form-small-zh-dark');
});
