import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, until, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.begin({ demo: true });
});
afterAll(() => world.end());

test('the wall shows who calls, who answers, and how it goes, without being asked again', async () => {
  const page = await world.open('/');
  await page.getByRole('heading', { name: /^Calls in progress [1-9]/ }).waitFor();
  await page.locator('.tile.tone-talking').first().waitFor();
  await page.locator('.feed li').first().waitFor();
  // An order given elsewhere is seen here by its event.
  const agent = await world.sendOff('meal');
  await page.locator('.tile', { hasText: agent }).getByText('not ready · meal').waitFor();
  await inspect(page, 'wall-en-light');
});

test('a figure tells its formula to who points at it', async () => {
  const page = await world.open('/');
  await page.locator('.headline .explained').hover();
  await page.locator('.headline').getByRole('tooltip').getByText('A_T / (A + B').waitFor();
  await page.locator('.rules .explained', { hasText: 'Three rings' }).getByText('answered offers with rings ≤ N').waitFor({ state: 'attached' });
});

test('in Chinese and dark, on the wall in large letters', async () => {
  const page = await world.open('/', { language: 'zh', theme: 'dark', width: 1920, height: 1080 });
  await page.getByText('今日服务水平').waitFor();
  await page.keyboard.press('f');
  await page.locator('.wall.big').waitFor();
  const size = await page.locator('.headline b').first().evaluate((figure) => Number.parseFloat(getComputedStyle(figure).fontSize));
  expect(size).toBeGreaterThan(1080 * 0.07);
  await inspect(page, 'wall-zh-dark-big');
});

test('the keyboard leads everywhere, and ? tells how', async () => {
  const page = await world.open('/');
  await page.locator('.tile').first().waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('full screen').waitFor();
  await inspect(page, 'keys');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+L');
  await page.getByRole('heading', { name: '坐席' }).waitFor();
  await page.keyboard.press('Shift+T');
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
});

test('the first picture is there within a second', async () => {
  const page = await world.open('/');
  await page.locator('.tile').first().waitFor();
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.POSITIVE_INFINITY);
  console.log(`first contentful paint: ${Math.round(paint)} ms`);
  expect(paint).toBeLessThan(1_000);
});

test('after the switch has died and is back, the wall is right again by itself', async () => {
  const other = await World.begin();
  const page = await other.open('/');
  await page.locator('.link.live').waitFor();
  await other.kill();
  await page.locator('.link.lost').waitFor();
  other.change('agents.toml', (text) => text.replace('name = "班长"', 'name = "大班长"'));
  await other.start();
  await page.locator('.link.live').waitFor();
  await page.locator('.tile', { hasText: '大班长' }).waitFor();
  await other.end();
});

test('after a sleep of the computer the stream is opened anew and the present state loaded', async () => {
  const page = await world.open('/');
  await page.locator('.link.live').waitFor();
  let [streams, agents] = [0, 0];
  page.on('request', (request) => {
    if (request.url().endsWith('/events')) streams += 1;
    if (request.url().endsWith('/agents')) agents += 1;
  });
  // A clock that jumps by an hour is what a sleep looks like from inside.
  await page.evaluate(() => {
    const real = Date.now;
    Date.now = () => real() + 3_600_000;
  });
  await until('a new stream and a new state', async () => streams > 0 && agents > 0);
  await page.locator('.link.live').waitFor();
});
