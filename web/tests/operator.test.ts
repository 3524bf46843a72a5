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

test('a wish is checked in the browser: errors at their lines, what differs, and what a reload would change', async () => {
  world.change('agents.toml', (text) => text.replace('\nnonsense = 1\n', ''));
  const page = await world.open('/operation/configuration?file=agents.toml');
  const text = page.getByLabel('Text of agents.toml');
  await text.waitFor();
  const shown = await text.inputValue();
  expect(shown).toContain('•••••• 1');
  expect(shown).not.toContain('"demo-');
  await text.fill(`${shown}\nnonsense = 1\n`);
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByRole('button', { name: /agents\.toml:\d+/ }).click();
  const marked = await text.evaluate((area) => {
    const { value, selectionStart, selectionEnd } = area as HTMLTextAreaElement;
    return value.slice(selectionStart, selectionEnd);
  });
  expect(marked).toBe('nonsense = 1');
  await inspect(page, 'configuration-en-light');
  await text.fill(shown.replace('"班长"', '"大班长"'));
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('A reload would change:').waitFor();
  await page.locator('.difference .new').getByText('大班长').waitFor();
});

test('what was done stands in the audit log', async () => {
  const page = await world.open('/operation', { language: 'zh', theme: 'dark' });
  await page.getByText('config.reloaded').first().waitFor();
  expect(await page.getByRole('heading', { name: '审计日志' }).count()).toBe(1);
  await inspect(page, 'operator-zh-dark');
});
