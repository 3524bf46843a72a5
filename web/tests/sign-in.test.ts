import { afterAll, beforeAll, test } from 'vitest';
import { inspect, TOKEN, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.begin();
});
afterAll(() => world.end());

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
