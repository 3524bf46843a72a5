/** What the switch found of an item, in words: a code with its numbers becomes a sentence. */

import type { Found } from '../api/types';
import { language } from './language';
import { term } from './terms';

type Values = Record<string, number>;
type Say = (v: Values, word: string) => string;

const seconds = (ms: number | undefined): string => ((ms ?? 0) / 1_000).toFixed(1);
const rings = (n: number | undefined): string => (n === 1 ? '1 ring' : `${n ?? 0} rings`);
const holds = (n: number | undefined): string => (n === 1 ? 'one hold' : `${n ?? 0} holds`);
const times = (n: number | undefined): string => (n === 1 ? 'once' : `${n ?? 0} times`);

/** In both languages, so that none is forgotten in one. */
const SAID: Record<string, { en: Say; zh: Say }> = {
  'answered-in-rings': { en: (v) => `answered after ${rings(v.rings)}, ${v.limit} are allowed`, zh: (v) => `第 ${v.rings} 声接听，限 ${v.limit} 声` },
  'answered-late': { en: (v) => `answered after ${rings(v.rings)}, ${v.limit} are allowed`, zh: (v) => `第 ${v.rings} 声才接听，限 ${v.limit} 声` },
  'rang-out': { en: (v) => `let it ring out: ${rings(v.rings)}`, zh: (v) => `振铃 ${v.rings} 声未接` },
  'no-offer': { en: () => 'his phone did not ring for this call', zh: () => '这通电话没有振过他的话机' },
  'greeted-in-time': { en: (v) => `greeted after ${seconds(v.delay_ms)} s, ${seconds(v.within_ms)} s are allowed`, zh: (v) => `接通 ${seconds(v.delay_ms)} 秒后问候，限 ${seconds(v.within_ms)} 秒` },
  'greeted-late': { en: (v) => `greeted only after ${seconds(v.delay_ms)} s, ${seconds(v.within_ms)} s are allowed`, zh: (v) => `接通 ${seconds(v.delay_ms)} 秒才问候，限 ${seconds(v.within_ms)} 秒` },
  'not-greeted': { en: () => 'nobody greeted', zh: () => '没有问候' },
  'not-greeted-by-him': { en: () => 'another had the customer first', zh: () => '首先接待客户的是别人' },
  'no-greeting-due': { en: () => 'no greeting was due', zh: () => '此通话无须问候' },
  'holds-in-patience': { en: (v) => `${holds(v.holds)}, without a word for ${seconds(v.longest_ms)} s at most, ${seconds(v.patience_ms)} s are allowed`, zh: (v) => `保持 ${v.holds} 次，最长 ${seconds(v.longest_ms)} 秒无人应答，限 ${seconds(v.patience_ms)} 秒` },
  'hold-without-word': { en: (v) => `on hold without a word for ${seconds(v.longest_ms)} s, ${seconds(v.patience_ms)} s are allowed`, zh: (v) => `保持中 ${seconds(v.longest_ms)} 秒无人应答，限 ${seconds(v.patience_ms)} 秒` },
  'holds-with-reason': { en: (v, word) => `${holds(v.holds)} with a reason${word && `: ${word}`}`, zh: (v, word) => `保持 ${v.holds} 次，都说明了原因${word && `：${word}`}` },
  'hold-without-reason': { en: (v) => `${holds(v.holds)}, one without a reason`, zh: (v) => `保持 ${v.holds} 次，有一次没有说明原因` },
  'promises-kept': { en: (v) => `promised ${seconds(v.promised_ms)} s, took ${seconds(v.took_ms)} s`, zh: (v) => `承诺 ${seconds(v.promised_ms)} 秒，实际 ${seconds(v.took_ms)} 秒` },
  'promise-broken': { en: (v) => `promised ${seconds(v.promised_ms)} s, but took ${seconds(v.took_ms)} s`, zh: (v) => `承诺 ${seconds(v.promised_ms)} 秒，却用了 ${seconds(v.took_ms)} 秒` },
  'nothing-promised': { en: () => 'no time was promised', zh: () => '没有承诺时长' },
  'no-hold': { en: () => 'there was no hold', zh: () => '没有保持' },
  'customer-first': { en: () => 'the customer hung up first', zh: () => '客户先挂机' },
  'agent-first': { en: () => 'the agent hung up on the customer', zh: () => '坐席先于客户挂机' },
  'switch-first': { en: () => 'the line broke: nobody hung up', zh: () => '线路中断，无人挂机' },
  'script-release': { en: () => 'a script of service came to its end', zh: () => '话术走完后释放' },
  'not-his-end': { en: () => 'it did not end with him', zh: () => '通话不是在他这里结束的' },
  'sound-good': { en: (v) => `speech ${v.level_dbov} dBov, noise ${v.noise_dbov} dBov`, zh: (v) => `语音 ${v.level_dbov} dBov，噪声 ${v.noise_dbov} dBov` },
  'sound-bad': { en: (v, word) => `${word}: speech ${v.level_dbov} dBov, noise ${v.noise_dbov} dBov`, zh: (v, word) => `${word}：语音 ${v.level_dbov} dBov，噪声 ${v.noise_dbov} dBov` },
  'not-measured': { en: () => 'he was not heard long enough to be measured', zh: () => '话音太少，无法测量' },
  'microphone-open': { en: () => 'he talked while the customer was on hold', zh: () => '客户保持时他在说话' },
  'microphone-closed': { en: () => 'he did not talk while the customer was on hold', zh: () => '客户保持时他没有说话' },
  'scripts-followed': { en: (v, word) => `script ${word} to its end, ${times(v.said)} said`, zh: (v, word) => `话术“${word}”走完，播报 ${v.said} 次` },
  'script-cut-short': { en: (_, word) => `script ${word} was cut short`, zh: (_, word) => `话术“${word}”中断` },
  'no-script': { en: (_, word) => (word ? `script ${word} was not begun` : 'no script was begun'), zh: (_, word) => (word ? `没有用过话术“${word}”` : '没有用过话术') },
};

export const CODES = Object.keys(SAID);

export function reason({ reason: { code, values, word } }: Found): string {
  return SAID[code]?.[language.value](values, word ? term(word) : '') ?? code;
}

/** An answer, in a word: `yes`, `4 / 5`, `not applicable`. */
export function answered({ answer, points }: { answer: string; points?: number | null | undefined }, most?: number | null): string {
  if (answer !== 'points') return answer === '' ? '–' : term(answer);
  return most == null ? String(points ?? 0) : `${points ?? 0} / ${most}`;
}

