/** A call of another switch, recorded here (SIPREC): on the wall while it runs, and on its own page with who took part in it. */

import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspect, until, World } from './world';

let world: World;
let socket: Socket;
let answers: string[];

/** The other switch, as far as it has to speak: a recording session with two parties. */
const PEOPLE = [
  { id: 'p1', aor: 'sip:13900000000@branch.example', name: '张伟', stream: 's1', label: '96' },
  { id: 'p2', aor: 'sip:8001@branch.example', name: '8001 号坐席', stream: 's2', label: '97' },
];

function metadata(): string {
  const participants = PEOPLE.map(({ id, aor, name }) => `<participant participant_id="${id}"><nameID aor="${aor}"><name>${name}</name></nameID></participant>`);
  const streams = PEOPLE.map(({ stream, label }) => `<stream stream_id="${stream}" session_id="aGVsbG8="><label>${label}</label></stream>`);
  const sends = PEOPLE.map(({ id, stream }) => `<participantstreamassoc participant_id="${id}"><send>${stream}</send></participantstreamassoc>`);
  const all = ['<datamode>complete</datamode><session session_id="aGVsbG8="/>', ...participants, ...streams, ...sends].join('');
  return `<?xml version="1.0" encoding="UTF-8"?><recording xmlns="urn:ietf:params:xml:ns:recording:1">${all}</recording>`;
}

function request(method: string, number: number, to: string, headers: string[], body = ''): Buffer {
  const { port } = socket.address();
  const lines = [
    `${method} sip:record@127.0.0.1:${world.sipPort} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK${method}${number}`,
    'Max-Forwards: 70', 'From: <sip:branch@branch.example>;tag=src', `To: ${to}`, 'Call-ID: of-the-branch', `CSeq: ${number} ${method}`,
    `Contact: <sip:branch@127.0.0.1:${port}>;+sip.src`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const answer = (begins: string, cseq: string): string | undefined => answers.find((text) => text.startsWith(begins) && text.includes(`CSeq: ${cseq}`));

beforeAll(async () => {
  const source = '\n[[trunk]]\nid = "branch"\naccept_from = ["127.0.0.1"]\n[[recording_source]]\nid = "shanghai"\ntrunk = "branch"\n';
  world = await World.begin({ config: { 'routing.toml': (text) => text + source } });
  answers = [];
  socket = createSocket('udp4', (message) => answers.push(message.toString()));
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done));
}, 60_000);
afterAll(async () => {
  socket.close();
  await world.end();
});

test('it runs on the wall, and its page says whose it is and who took part', async () => {
  const wall = await world.open('/', { language: 'zh' });
  await wall.locator('.calls.running').waitFor();
  const line = (port: number, label: string): string => `m=audio ${port} RTP/AVP 8\r\na=sendonly\r\na=label:${label}\r\n`;
  const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n${line(41_000, '96')}${line(41_002, '97')}`;
  const part = (head: string, body: string): string => `--x\r\n${head}\r\n\r\n${body}\r\n`;
  const body = `${part('Content-Type: application/sdp', sdp)}${part('Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session', metadata())}--x--\r\n`;
  const to = `<sip:record@127.0.0.1:${world.sipPort}>`;
  const invite = request('INVITE', 1, to, ['Require: siprec', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed;boundary=x'], body);
  socket.send(invite, world.sipPort, '127.0.0.1');
  const ok = await until('200', async () => answer('SIP/2.0 200', '1 INVITE'));
  const ours = /^To: (.*)\r$/m.exec(ok)?.[1] ?? '';
  socket.send(request('ACK', 1, ours, []), world.sipPort, '127.0.0.1');

  const row = wall.locator('.calls.running li', { hasText: '13900000000 → 8001' });
  await row.getByText('外部录音').waitFor();
  await inspect(wall, 'external-wall-zh');

  const { items } = await world.api<{ items: { id: string }[] }>('/calls?running=true');
  expect(items).toHaveLength(1);
  await new Promise((done) => setTimeout(done, 1_500));
  socket.send(request('BYE', 2, ours, []), world.sipPort, '127.0.0.1');
  await until('200 to the BYE', async () => answer('SIP/2.0 200', '2 BYE'));
  await until('no call runs', async () => (await wall.locator('.calls.running li').count()) === 0);

  const page = await world.open(`/calls/${items[0]?.id}`);
  const facts = page.locator('.facts');
  for (const said of ['shanghai', '张伟 · sip:13900000000@branch.example · left', '8001 号坐席 · sip:8001@branch.example · right', 'aGVsbG8=']) {
    await facts.getByText(said, { exact: true }).waitFor();
  }
  await inspect(page, 'external-call-en');
});
