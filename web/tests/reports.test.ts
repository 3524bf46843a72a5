import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, until, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.begin();
  await world.load('calls', '--calls', '2', '--hold', '2', '--settle', '2', '--time', '4');
});
afterAll(() => world.end());

test('figures of the queues with their formulas, by half-hour with a chart', async () => {
  const page = await world.open('/reports');
  await page.getByRole('rowheader', { name: 'service' }).waitFor();
  expect(await page.getByRole('columnheader', { name: 'Service level' }).getAttribute('title')).toContain('A_T / (A + B');
  await page.getByRole('button', { name: 'half-hour' }).click();
  await page.waitForURL(/by=half-hour/);
  await page.locator('.chart canvas').waitFor();
  await page.getByRole('button', { name: 'Offered' }).click();
  await page.getByText('Chart of Offered').waitFor();
  await inspect(page, 'reports-en-light');
});

test('agents’ figures, chosen ones, in Chinese and dark', async () => {
  const page = await world.open('/reports?report=agents', { language: 'zh', theme: 'dark' });
  await page.getByRole('rowheader', { name: '1001' }).waitFor();
  await page.getByText('指标').click();
  await page.getByLabel('转接率').check();
  await page.getByRole('columnheader', { name: '转接率' }).waitFor();
  await inspect(page, 'reports-zh-dark');
});

test('the same figures as CSV', async () => {
  const page = await world.open('/reports');
  await page.getByRole('rowheader', { name: 'service' }).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Shift+D')]);
  const rows = readFileSync(await download.path(), 'utf8').split('\n');
  expect(rows[0]).toMatch(/^report,key,from,until,figure,value/);
  expect(rows.some((row) => row.startsWith('queues,service,') && row.includes(',service_level,'))).toBe(true);
});

test('on paper only the figures', async () => {
  const page = await world.open('/reports');
  await page.getByRole('rowheader', { name: 'service' }).waitFor();
  await page.emulateMedia({ media: 'print' });
  await until('the form is gone', async () => !(await page.locator('.search').isVisible()));
  expect(await page.locator('.bar').isVisible()).toBe(false);
});
