import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, until, World } from './world';

let world: World;
beforeAll(async () => {
  const reasons = '\n[[reason]]\nid = "meal"\ncode = "*17"\n[[reason]]\nid = "training"\ncode = "*18"\n[[reason]]\nid = "paperwork"\nname = "案头工作"\ncode = "*19"\n';
  world = await World.begin({ demo: true, config: { 'queues.toml': (text) => text + reasons } });
});
afterAll(() => world.end());

test('a supervisor changes an agent’s state, and sees it done', async () => {
  const page = await world.open('/desk');
  const agent = await world.sendOff('meal');
  await page.getByLabel(`State of ${agent}`).selectOption('not-ready training');
  await page.locator('.told').getByText(`${agent} 号坐席: done`).waitFor();
  await page.locator('tr', { hasText: agent }).getByText('not ready · training').waitFor();
});

test('the house’s own reasons are offered and shown by their names', async () => {
  const page = await world.open('/desk');
  const agent = await world.sendOff('meal');
  const choice = page.getByLabel(`State of ${agent}`);
  await choice.locator('option', { hasText: '案头工作' }).waitFor({ state: 'attached' });
  expect(await choice.locator('option').allTextContents()).toEqual([
    'Set …', 'ready', 'not ready', 'not ready: meal', 'not ready: training', 'not ready: 案头工作', 'not ready: meeting', 'log off',
  ]);
  await choice.selectOption('not-ready paperwork');
  await page.locator('tr', { hasText: agent }).getByText('not ready · 案头工作').waitFor();
  await page.goto(world.url);
  await page.locator('.tile', { hasText: agent }).getByText('案头工作').waitFor();
});

test('an order into a call goes to the switch, and its refusal comes back in its words', async () => {
  const page = await world.open('/desk');
  await page.locator('label', { hasText: 'My phone' }).getByRole('combobox').selectOption('1000');
  await page.getByRole('button', { name: 'Listen' }).first().waitFor();
  await inspect(page, 'desk-en-light');
  const asked = page.waitForRequest((request) => request.url().endsWith('/parties'));
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  expect((await asked).postDataJSON()).toEqual({ order: 'listen', supervisor: '1000' });
  // Nobody has registered the supervisor's phone: the switch says so.
  await page.locator('.told.wrong').getByText('1000').waitFor();
});

test('running calls come and go by themselves', async () => {
  const page = await world.open('/desk', { language: 'zh', theme: 'dark' });
  const heads = async (): Promise<string> => (await page.locator('td a[href^="/calls/"]').allTextContents()).join();
  await page.locator('td a[href^="/calls/"]').first().waitFor();
  const before = await heads();
  await until('other calls', async () => (await heads()) !== before);
  await inspect(page, 'desk-zh-dark');
});
