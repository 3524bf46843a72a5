import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, TOKEN, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.begin();
});
afterAll(() => world.end());

async function signIn(user: string, password: string): Promise<Page> {
  const page = await world.open('/', { token: null });
  await page.getByLabel('User').fill(user);
  await page.getByLabel('Password').fill(password);
  await page.keyboard.press('Enter');
  return page;
}

const pages = (page: Page): Promise<string[]> => page.locator('.bar nav a').allTextContents();

test('a wrong password is refused, whoever it is', async () => {
  const [known, unknown] = [await signIn('li-qa', 'wrong'), await signIn('nobody', 'wrong')];
  const said = await known.getByRole('alert').textContent();
  expect(said).toContain('password');
  await unknown.getByRole('alert').getByText(said ?? '').waitFor();
});

test('each role has its own pages, and others refuse it', async () => {
  const expected = {
    'li-qa': ['Wall', 'Calls', 'Quality', 'Reports'],
    'wang-supervisor': ['Wall', 'Calls', 'Desk', 'Quality', 'Reports'],
    ops: ['Wall', 'Calls', 'Reports', 'Operation'],
    admin: ['Wall', 'Calls', 'Desk', 'Quality', 'Reports', 'Operation'],
    '1001': ['Wall', 'Calls', 'Quality', 'Reports'],
  };
  for (const [user, his] of Object.entries(expected)) {
    const page = await signIn(user, `demo-${user}`);
    await page.locator('.bar nav a').first().waitFor();
    expect(await pages(page), user).toEqual(his);
    if (his.includes('Operation')) continue;
    await page.goto(`${world.url}/operation`);
    await page.getByText('needs a right that you do not have').waitFor();
  }
});

test('a session lasts over a new page, ends with signing out, and its cookie is out of reach of scripts', async () => {
  const page = await signIn('wang-supervisor', 'demo-wang-supervisor');
  await page.locator('.tile').first().waitFor();
  await page.reload();
  await page.locator('.who').getByText('王班长').waitFor();
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('who may not see numbers sees their ends', async () => {
  await world.load('calls', '--calls', '1', '--hold', '1', '--settle', '1', '--time', '3');
  const page = await signIn('li-qa', 'demo-li-qa');
  await page.locator('.tile').first().waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await page.locator('.found td.caller').first().waitFor();
  for (const caller of await page.locator('.found td.caller').allTextContents()) expect(caller).toMatch(/\*{4}|^\d{4}$/);
});

test('a wrong token is refused in the switch’s words, the right one lets in', async () => {
  const page = await world.open('/', { token: null });
  await page.getByRole('button', { name: 'With a token' }).click();
  await inspect(page, 'sign-in');
  await page.getByLabel('token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('token').waitFor();
  await page.getByLabel('token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.locator('.tile').first().waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('a token in the address lets in and is gone from the address', async () => {
  const page = await world.open(`/#token=${TOKEN}`, { token: null });
  await page.locator('.tile').first().waitFor();
  await page.waitForURL(`${world.url}/`);
});
