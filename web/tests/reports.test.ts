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

test('days are the house’s, wherever the browser is', async () => {
  const written = (at: number): { day: string; clock: string } => {
    const [day, clock] = new Date(at + 8 * 3_600_000).toISOString().split('T');
    return { day: day ?? '', clock: (clock ?? '').slice(0, 5) };
  };
  const today = written(Date.now()).day;
  const midnight = new Date(`${today}T00:00:00+08:00`).toISOString();
  // Fourteen hours before UTC, and ten behind it: in one of them it is another day than in Shanghai.
  const drawn: string[] = [];
  for (const zone of ['Pacific/Kiritimati', 'Pacific/Honolulu']) {
    const page = await world.open('/', { zone });
    const asked = page.waitForRequest((request) => request.url().includes('/reports/queues?') && request.url().includes('by=half-hour'));
    await page.goto(`${world.url}/reports?by=half-hour`);
    expect(new URL((await asked).url()).searchParams.get('since'), zone).toBe(midnight);
    await page.getByRole('rowheader', { name: 'service' }).first().waitFor();
    expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe(today);
    const { rows } = await world.api<{ rows: { from: string }[] }>(`/reports/queues?by=half-hour&since=${midnight}`);
    const { day, clock } = written(Date.parse(rows[0]?.from ?? ''));
    expect(await page.locator('table.figures tbody td').first().textContent()).toBe(`${day.slice(5)} ${clock}`);
    // The chart's own words: what its legend says of the moment that is pointed at.
    const canvas = page.locator('.chart .u-over');
    const box = await canvas.boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 2, (box?.y ?? 0) + 40);
    await page.locator('.chart .u-legend').getByText(`${today} `).waitFor();
    drawn.push((await page.locator('.chart .u-legend .u-value').first().textContent()) ?? '');
    await page.getByRole('button', { name: 'yesterday' }).click();
    const before = new Date(Date.parse(`${today}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
    await until('yesterday', async () => (await page.getByLabel('From', { exact: true }).inputValue()) === before);
    await page.goto(`${world.url}/quality/results`);
    await until('the results’ last day', async () => (await page.getByLabel('Until and with').inputValue()) === today);
  }
  expect(drawn[0]).toBe(drawn[1]);
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
