/** A real SIP phone, baresip: it registers as an agent, answers by itself, speaks a tone and writes down what it hears. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until, type World } from './world';

const HZ = 8_000;
const MODULES = ['/usr/lib/baresip/modules', '/usr/lib/x86_64-linux-gnu/baresip/modules', '/usr/lib/aarch64-linux-gnu/baresip/modules'];

export class Phone {
  private readonly folder = mkdtempSync(join(tmpdir(), 'sanling-phone-'));
  private readonly process: ChildProcess;

  private constructor(world: World, agent: string) {
    const modules = MODULES.find((path) => existsSync(path));
    if (!modules) throw new Error('baresip is missing: make e2e-tools');
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'mouth.wav'), wav(Int16Array.from({ length: HZ * 5 }, (_, n) => 8_000 * Math.sin((2 * Math.PI * 440 * n) / HZ))));
    // Ports beside those of the switch's own media.
    const rtp = 40_000 + (world.sipPort % 1_000) * 8;
    const lines = [
      'poll_method epoll', 'sip_listen 127.0.0.1:0', 'call_local_timeout 120', `audio_player aubridge,${agent}`,
      `audio_source aufile,${this.folder}/mouth.wav`, `audio_alert aubridge,${agent}`, `rtp_ports ${rtp}-${rtp + 7}`, 'jitter_buffer_delay 2-10',
      `module_path ${modules}`, 'module g711.so', 'module aufile.so', 'module aubridge.so', 'module sndfile.so', 'module_tmp account.so', 'module_app menu.so',
      `snd_path ${this.folder}`, 'statmode_default off',
    ];
    writeFileSync(join(this.folder, 'config'), `${lines.join('\n')}\n`);
    const account = `<sip:${agent}@sanling.local;transport=udp>;auth_pass=demo-${agent};answermode=auto;regint=600;outbound="sip:127.0.0.1:${world.sipPort};transport=udp";audio_codecs=pcma\n`;
    writeFileSync(join(this.folder, 'accounts'), account);
    writeFileSync(join(this.folder, 'contacts'), '');
    const log = openSync(join(this.folder, 'log'), 'w');
    this.process = spawn('baresip', ['-f', this.folder, '-s'], { stdio: ['ignore', log, log] });
    closeSync(log);
  }

  static async registered(world: World, agent: string): Promise<Phone> {
    const phone = new Phone(world, agent);
    await until(`${agent} is registered`, async () => {
      const { items } = await world.api<{ items: { id: string; contacts: number }[] }>('/agents');
      return items.some(({ id, contacts }) => id === agent && contacts === 1);
    });
    return phone;
  }

  /** What it heard in its latest call: how long, and each tenth of a second's level in dB below full scale. */
  heard(): { seconds: number; levels: number[] } {
    const dumps = readdirSync(this.folder).filter((name) => name.endsWith('-dec.wav')).sort();
    const newest = dumps.at(-1);
    if (!newest) throw new Error(`the phone heard nothing: ${readFileSync(join(this.folder, 'log'), 'utf8').slice(-2_000)}`);
    const samples = samplesOf(readFileSync(join(this.folder, newest)));
    const levels: number[] = [];
    for (let from = 0; from + HZ / 10 <= samples.length; from += HZ / 10) {
      const power = samples.subarray(from, from + HZ / 10).reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / (HZ / 10);
      levels.push(10 * Math.log10(power + 1e-12));
    }
    return { seconds: samples.length / HZ, levels };
  }

  async end(): Promise<void> {
    const ended = new Promise((done) => this.process.once('exit', done));
    this.process.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** 16-bit PCM, mono. */
function wav(samples: Int16Array): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(HZ, 24);
  head.writeUInt32LE(HZ * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

/** The sound of a file, whatever stands before it. */
function samplesOf(file: Buffer): Int16Array {
  const data = file.indexOf('data') + 8;
  return Int16Array.from({ length: Math.floor((file.length - data) / 2) }, (_, n) => file.readInt16LE(data + n * 2));
}
