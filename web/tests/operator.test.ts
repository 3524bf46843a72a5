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

test('disks, ports, versions and since when it runs; a disk that is short of what is to be free says so', async () => {
  const page = await world.openAs('ops', '/operation');
  const standing = page.locator('.standing');
  await standing.getByText(/^Sanling \d.* · rustc \d.* · SQLite 3\..* · libopus \d/).waitFor();
  expect(await standing.locator('li').count()).toBe(3);
  await standing.getByText('200 of 200 pairs free, 0 used').waitFor();
  await standing.getByText(/since .* · up \d+ min/).waitFor();
  expect(await standing.getByText('1.0 GB are to be free').count()).toBe(2);
  const { disks } = await world.api<{ disks: { of: string; free_percent: number }[] }>('/status');
  // More than there is: retention would make room, and there is nothing to remove.
  const wanted = Math.min(90, Math.ceil(disks.find(({ of }) => of === 'recordings')?.free_percent ?? 0) + 5);
  world.change('switch.toml', (text) => text.replace('free_space = "1GB"', `free_space = "${wanted}%"`));
  await page.keyboard.press('Shift+R');
  await page.getByText('in force').waitFor({ timeout: 60_000 });
  await standing.locator('.state.tone-room-short').waitFor();
  const again = page.waitForResponse((answer) => answer.url().endsWith('/status'));
  await page.keyboard.press('r');
  expect((await again).status()).toBe(200);
  await standing.getByText('the oldest recordings are removed').waitFor();
  await inspect(page, 'operator-short-en-light');
  world.change('switch.toml', (text) => text.replace(`free_space = "${wanted}%"`, 'free_space = "1GB"'));
  await page.keyboard.press('Shift+R');
  await standing.locator('.state.tone-room-short').waitFor({ state: 'detached', timeout: 60_000 });
}, 180_000);

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
