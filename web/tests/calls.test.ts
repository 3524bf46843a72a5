import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, until, World } from './world';

interface Found {
  items: { id: string; caller: string; agent: string | null; outcome: string | null; released_at: string | null }[];
}

let world: World;
beforeAll(async () => {
  world = await World.begin();
  await world.load('calls', '--calls', '3', '--hold', '2', '--settle', '2', '--time', '6');
  await until('calls have ended', async () => (await world.api<Found>('/calls')).items.filter((call) => call.released_at).length >= 3);
});
afterAll(() => world.end());

test('a search is in the address, and going back is the search before', async () => {
  const page = await world.open('/calls');
  await page.locator('.found tbody tr').first().waitFor();
  const all = await page.locator('.found tbody tr').count();
  const agent = (await world.api<Found>('/calls')).items.find((call) => call.agent)?.agent ?? '';
  await page.keyboard.press('/');
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT');
  await page.locator('input[name=agent]').fill(agent);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\?agent=/);
  await until('only his calls', async () => (await page.locator('.found td.agent').allTextContents()).every((of) => of === agent));
  await inspect(page, 'calls-en-light');
  await page.goBack();
  await until('all calls', async () => (await page.locator('.found tbody tr').count()) >= all);
});

test('who sees numbers masked looks for their last digits, and is told so', async () => {
  const page = await world.openAs('li-qa', '/calls');
  await page.locator('.found tbody tr').first().waitFor();
  const number = page.locator('input[name=number]');
  expect(await number.getAttribute('placeholder')).toBe('*5678');
  await number.fill('13812345678');
  await number.press('Enter');
  await page.getByRole('alert').getByText('look for the last digits that you see').waitFor();
  await number.fill('*000');
  await number.press('Enter');
  await until('95000 was called', async () => (await page.locator('.found tbody tr').count()) >= 3 && (await page.getByRole('alert').count()) === 0);
  const boss = await world.openAs('wang-supervisor', '/calls');
  expect(await boss.locator('input[name=number]').getAttribute('placeholder')).toBe('138* or *5678');
});

test('calls are found by a number’s end, a rule that was broken and words noted on them', async () => {
  const { items } = await world.api<Found>('/calls?outcome=answered');
  const [first] = items;
  if (!first) throw new Error('no call');
  const body = JSON.stringify({ text: 'promised a refund' });
  await world.api(`/calls/${first.id}/notes`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  const page = await world.open('/calls');
  await page.getByLabel('Words in notes').fill('refund promised');
  await page.getByLabel('Number', { exact: true }).fill(`*${first.caller.slice(-4)}`);
  await page.keyboard.press('Enter');
  await until('that call alone', async () => (await page.locator('.found tbody a').count()) === 1);
  expect(await page.locator('.found tbody a').getAttribute('href')).toBe(`/calls/${first.id}`);
  await page.getByLabel('Rule broken').selectOption('three-rings');
  await page.getByText('No call is like that').waitFor();
  await page.getByRole('button', { name: 'Everything' }).click();
  await page.getByText('More', { exact: true }).click();
  await page.getByLabel('Talk at least').fill('1h');
  await page.keyboard.press('Enter');
  await page.waitForURL(/longer=1h/);
  await page.getByText('No call is like that').waitFor();
});

test('a search is kept under a name, for everybody if one likes, and dropped', async () => {
  const page = await world.open('/calls?outcome=answered&waited=1s');
  await page.getByRole('button', { name: 'Keep this search' }).waitFor();
  await page.keyboard.press('Shift+S');
  await page.getByLabel('Name').fill('Waited for');
  await page.getByLabel('for everybody').check();
  await page.keyboard.press('Enter');
  await page.locator('.chip.chosen', { hasText: 'Waited for' }).waitFor();
  await page.getByRole('button', { name: 'Everything' }).click();
  await page.getByRole('link', { name: 'Waited for' }).click();
  await page.waitForURL(/outcome=answered&waited=1s/);
  await inspect(page, 'calls-kept-en-light');
  await page.getByRole('button', { name: 'Drop Waited for' }).click();
  await until('it is gone', async () => (await page.locator('.chip').count()) === 0);
});

test('what is found is taken away as a table', async () => {
  const page = await world.open('/calls?outcome=answered');
  await page.locator('.found tbody tr').first().waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Shift+D')]);
  const rows = readFileSync(await download.path(), 'utf8').trim().split('\n');
  expect(rows[0]).toContain('caller');
  expect(rows.length).toBeGreaterThan(3);
});

test('the keyboard alone finds and opens a call, and comes back to it', async () => {
  const page = await world.open('/calls?outcome=answered');
  await page.locator('.found tbody tr').nth(1).waitFor();
  await page.keyboard.press('j');
  const chosen = await page.locator('.found tr.chosen a').getAttribute('href');
  expect(await page.locator('.found tbody tr').nth(1).locator('a').getAttribute('href')).toBe(chosen);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${world.url}${chosen}`);
  await page.locator('.call-page').waitFor();
  await page.keyboard.press('u');
  await page.locator('.found').waitFor();
});

test('what the API refuses is said in its words', async () => {
  const page = await world.open('/calls?outcome=wonderful');
  await page.getByRole('alert').getByText('outcome is one of answered').waitFor();
});

test('older calls are a page away, and the newest are a key away', async () => {
  await world.load('setups', '--calls', '4', '--settle', '0', '--time', '3');
  const page = await world.open('/calls?outcome=answered');
  await page.locator('.found tbody tr').nth(49).waitFor();
  const oldest = await page.locator('.found tbody a').last().getAttribute('href');
  await page.keyboard.press('n');
  await page.waitForURL(/after=/);
  await until('other calls', async () => {
    const links = await page.locator('.found tbody a').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
    return links.length > 0 && links.every((link) => link < (oldest ?? ''));
  });
  await page.keyboard.press('Shift+N');
  await page.waitForURL(/outcome=answered$/);
});

test('in Chinese and dark', async () => {
  const page = await world.open('/calls', { language: 'zh', theme: 'dark' });
  await page.locator('.found .state', { hasText: '接通' }).first().waitFor();
  await inspect(page, 'calls-zh-dark');
});
