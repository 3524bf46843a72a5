import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.begin();
});
afterAll(() => world.end());

test('health, figures, trunks and registrations at a glance', async () => {
  const page = await world.open('/operation');
  await page.getByText('The switch is well.').waitFor();
  await page.locator('.pairs').getByText('/ 200').waitFor();
  await page.locator('.lines').getByText('carrier').waitFor();
  await page.locator('.chips').getByText('no phone').first().waitFor();
  await inspect(page, 'operator-en-light');
});

test('a reload shows what has changed; a wrong configuration is refused with file, line and remedy', async () => {
  const page = await world.open('/operation');
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.getByText('nothing has changed').waitFor();
  world.change('agents.toml', (text) => text.replace('team = "service"', 'team = "first"'));
  await page.keyboard.press('Shift+R');
  await page.getByText('in force').waitFor();
  world.change('agents.toml', (text) => `${text}\nnonsense = 1\n`);
  await page.keyboard.press('Shift+R');
  await page.getByText(/agents\.toml:\d+/).waitFor();
  await inspect(page, 'operator-refused');
});

test('what was done stands in the audit log', async () => {
  const page = await world.open('/operation', { language: 'zh', theme: 'dark' });
  await page.getByText('config.reloaded').first().waitFor();
  expect(await page.getByRole('heading', { name: '审计日志' }).count()).toBe(1);
  await inspect(page, 'operator-zh-dark');
});
