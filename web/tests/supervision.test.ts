import { afterAll, beforeAll, expect, test } from 'vitest';
import { Phone } from './phone';
import { until, World } from './world';

let world: World;
let phone: Phone;
let load: Promise<void>;
beforeAll(async () => {
  world = await World.begin();
  phone = await Phone.registered(world, '1000');
  load = world.load('calls', '--calls', '1', '--settle', '2', '--time', '60');
});
afterAll(async () => {
  await phone.end();
  await load.catch(() => undefined);
  await world.end();
}, 120_000);

interface Call {
  id: string;
  segments: { agent: string; role: string; ending: string }[];
}

test('a supervisor listens to a call from his desk, and his phone hears it', async () => {
  // His own phone is chosen already: he is agent 1000.
  const page = await world.openAs('wang-supervisor', '/desk');
  await page.getByRole('button', { name: 'Listen' }).waitFor();
  expect(await page.locator('label', { hasText: 'My phone' }).getByRole('combobox').inputValue()).toBe('1000');
  await page.keyboard.press('j');
  await page.keyboard.press('a');
  await page.locator('.told').getByText('1000 rings').waitFor();
  await page.locator('td', { hasText: '1000 listening' }).waitFor();
  const heardFrom = Date.now();
  await page.waitForTimeout(4_000);
  const listened = (Date.now() - heardFrom) / 1_000;
  await page.keyboard.press('q');
  await page.locator('.told').getByText('left').waitFor();
  await until('he is not beside it any more', async () => (await page.locator('td', { hasText: '1000 listening' }).count()) === 0);
  // The call goes on without him.
  await page.getByRole('button', { name: 'Listen' }).waitFor();
  const { items } = await world.api<{ items: Call[] }>('/calls?running=true');
  expect(items[0]?.segments.filter(({ agent }) => agent === '1000')).toMatchObject([{ role: 'listening', ending: 'left' }]);

  await until('the phone has written down what it heard', async () => phone.heard().seconds > listened - 1.5);
  const { levels } = phone.heard();
  const loud = levels.filter((level) => level > -45).length;
  console.log(`the supervisor's phone heard ${(levels.length / 10).toFixed(1)} s, of it ${(loud / 10).toFixed(1)} s of sound, up to ${Math.max(...levels).toFixed(1)} dBFS`);
  expect(loud / 10).toBeGreaterThan(1);
});
