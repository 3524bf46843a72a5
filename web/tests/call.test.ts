import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, until, World } from './world';

interface Call {
  id: string;
  released_at: string | null;
  holds: unknown[];
  recording: { state: string; duration_ms: number } | null;
}

let world: World;
let held: Call;
beforeAll(async () => {
  world = await World.begin({ demo: true });
  // The third caller of the demo is put on hold for twelve seconds, and hears after seven that he is not forgotten.
  const ended = (call: Call): boolean => call.holds.length > 0 && call.recording?.state === 'complete';
  held = await until('a call with a hold has ended', async () => (await world.api<{ items: Call[] }>('/calls?limit=100')).items.find(ended), 110);
}, 150_000);
afterAll(() => world.end());

/** The moment that the player shows, in seconds. */
async function shown(page: Page): Promise<number> {
  const [minutes, seconds] = ((await page.getByLabel('Position').textContent()) ?? '').split('/')[0]?.split(':').map(Number) as [number, number];
  return minutes * 60 + seconds;
}

async function opened(query = '', looks: Parameters<World['open']>[1] = {}): Promise<Page> {
  const page = await world.open(`/calls/${held.id}${query}`, looks);
  await page.locator('.wave > div').waitFor();
  return page;
}

test('waveform, time line, events, record and decisions of a held call', async () => {
  const page = await opened('?t=12.5');
  await until('the moment of the link', async () => (await shown(page)) === 12.5);
  await page.locator('.gutter').getByText('Holds').waitFor();
  await page.locator('svg.lane title', { hasText: 'held' }).first().waitFor({ state: 'attached' });
  await page.locator('svg.lane title', { hasText: 'hold patience exceeded' }).first().waitFor({ state: 'attached' });
  await page.locator('.events').getByText('call retrieved').waitFor();
  await page.locator('.facts').getByText('SHA-256').waitFor();
  await page.locator('.decisions').getByText('by longest-idle').first().waitFor();
  await inspect(page, 'call-en-light');
});

test('the keyboard plays, steps, changes the speed, mutes, and goes from event to event', async () => {
  const page = await opened();
  await page.keyboard.press('Space');
  await until('it plays', async () => (await shown(page)) > 0.5);
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.keyboard.press('k');
  await page.getByRole('button', { name: 'Play' }).waitFor();
  const stopped = await shown(page);
  await page.keyboard.press('l');
  expect(await shown(page)).toBeCloseTo(stopped + 5, 0);
  for (const key of ['>', '>', '2', 's']) await page.keyboard.press(key);
  expect(await page.getByLabel('Speed').inputValue()).toBe('1.5');
  await page.locator('.side.agent button[aria-pressed=true]').waitFor();
  await page.getByRole('button', { name: /^Skip silence/, pressed: true }).waitFor();
  await page.keyboard.press('0');
  await page.keyboard.press('n');
  const first = await shown(page);
  await page.keyboard.press('n');
  expect(await shown(page)).toBeGreaterThan(first);
});

test('each side has its own volume, measured at the ear', async () => {
  const page = await opened();
  // What goes to the loudspeaker is heard instead by two meters, one an ear.
  await page.evaluate(() => {
    const connect = AudioNode.prototype.connect as (...of: unknown[]) => AudioNode;
    const ears = { left: 0, right: 0 };
    Object.assign(globalThis, { ears });
    AudioNode.prototype.connect = function (this: AudioNode, ...to: unknown[]) {
      if (to[0] instanceof AudioDestinationNode) {
        const splitter = this.context.createChannelSplitter(2);
        connect.call(this, splitter);
        for (const [ear, name] of (['left', 'right'] as const).entries()) {
          const meter = this.context.createAnalyser();
          connect.call(splitter, meter, ear);
          const samples = new Float32Array(meter.fftSize);
          setInterval(() => {
            meter.getFloatTimeDomainData(samples);
            ears[name] = Math.max(ears[name] * 0.5, ...samples.map(Math.abs));
          }, 20);
        }
      }
      return connect.apply(this, to);
    } as typeof AudioNode.prototype.connect;
  });
  const ears = (): Promise<{ left: number; right: number }> =>
    page.evaluate(() => (globalThis as unknown as { ears: { left: number; right: number } }).ears);
  await page.keyboard.press('o');
  await page.keyboard.press('1');
  await page.keyboard.press('Space');
  await until('only the agent’s ear hears', async () => {
    const { left, right } = await ears();
    return right > 0.01 && left === 0;
  });
  await page.keyboard.press('1');
  await page.keyboard.press('2');
  await until('only the customer’s ear hears', async () => {
    const { left, right } = await ears();
    return left > 0.01 && right < 0.000_1;
  });
});

test('a loop goes around, and a click on the time line goes to its moment', async () => {
  const page = await opened('?t=2');
  await until('the moment of the link', async () => (await shown(page)) === 2);
  await page.keyboard.press('[');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press(']');
  await page.locator('.loop-mark').waitFor();
  await page.keyboard.press('Space');
  await new Promise((done) => setTimeout(done, 2_500));
  expect(await shown(page)).toBeLessThan(3.2);
  await page.keyboard.press('Space');
  await page.keyboard.press('\\');
  const box = await page.locator('.inner').boundingBox();
  if (!box) throw new Error('no time line');
  await page.mouse.click(box.x + box.width / 2, box.y + 30);
  expect(await shown(page)).toBeGreaterThan(8);
});

test('a moment is noted by keyboard alone, stands on the time line, is changed and taken away', async () => {
  const page = await opened('?t=12.5');
  await until('the moment of the link', async () => (await shown(page)) === 12.5);
  await page.keyboard.press('m');
  await page.getByLabel('Note at 0:12.5').fill('said no when');
  await page.keyboard.press('Enter');
  await page.locator('.notes').getByText('said no when').waitFor();
  await page.locator('svg.lane title', { hasText: 'said no when' }).waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByLabel('Note at 0:12.5').fill('did not say when');
  await page.keyboard.press('Enter');
  await page.locator('.notes').getByText('did not say when').waitFor();
  await page.keyboard.press('0');
  await page.locator('.notes').getByRole('button', { name: '0:12.5' }).click();
  expect(await shown(page)).toBe(12.5);
  await inspect(page, 'call-notes-en-light');
  await page.getByRole('button', { name: 'Remove' }).click();
  await until('it is gone', async () => (await page.locator('.notes li').count()) === 0);
});

test('the SIP ladder shows each leg’s messages, which open', async () => {
  const page = await opened();
  await page.locator('.ladder').getByRole('button', { name: 'Show' }).click();
  await page.locator('.rung.heads').getByText('三铃').waitFor();
  const invite = page.locator('.ladder li', { hasText: /^.*INVITE sip:/ }).first();
  await invite.getByRole('button').click();
  await invite.locator('pre', { hasText: 'Call-ID:' }).waitFor();
  await page.locator('.ladder li', { hasText: '200 OK (BYE)' }).first().waitFor();
  await inspect(page, 'call-ladder-en-light');
});

test('who only looks at a call has not played it', async () => {
  const { items } = await world.api<{ items: Call[] }>('/calls?recording=complete');
  const other = items.find((call) => call.id !== held.id && call.recording && call.recording.duration_ms > 3_000);
  if (!other) throw new Error('no other call');
  const played = async (): Promise<boolean> =>
    (await world.api<{ items: { action: string }[] }>(`/audit?subject=${other.id}`)).items.some((entry) => entry.action === 'recording.played');
  const page = await world.open(`/calls/${other.id}`);
  await page.locator('.wave > div').waitFor();
  expect(await played()).toBe(false);
  await page.keyboard.press('Space');
  await until('it is played', played);
});

test('a recording is held and let go with a reason, and downloaded with one, all of it in the audit log', async () => {
  const page = await opened();
  for (const [key, title, done] of [
    ['Shift+H', 'Hold', 'is held'],
    ['Shift+H', 'Lift the hold', 'is lifted'],
  ] as const) {
    await page.keyboard.press(key);
    await page.getByLabel('Reason').fill('a complaint');
    await page.getByRole('dialog').getByRole('button', { name: title, exact: true }).click();
    await page.locator('.told').getByText(done).waitFor();
  }
  await page.keyboard.press('Shift+D');
  await page.getByLabel('Reason').fill('for the customer');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect(download.suggestedFilename()).toBe(`${held.id}.wav`);
  const { items } = await world.api<{ items: { action: string; detail: string }[] }>(`/audit?subject=${held.id}`);
  const said = items.map((entry) => `${entry.action} ${entry.detail}`).join('\n');
  for (const entry of ['recording.held', 'recording.hold_released', 'recording.downloaded', 'for the customer']) expect(said).toContain(entry);
});

test('in Chinese and dark, closer', async () => {
  const page = await opened('?t=20', { language: 'zh', theme: 'dark', width: 1280 });
  await page.keyboard.press('+');
  await page.locator('.gutter').getByText('保持').waitFor();
  await inspect(page, 'call-zh-dark');
});

test('a call that is not there is said to be not there', async () => {
  const page = await world.open('/calls/01JD3KQ5ZV8N2M4X6Y7T9W0ABC');
  await page.getByText('There is no such call').waitFor();
});
