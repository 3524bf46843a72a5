/** Numbers and times as these pages write them, the same in both languages. Pure. */

const two = (n: number): string => String(n).padStart(2, '0');

/** A length of time: `0:07`, `12:30`, `1:02:03`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A place on a recording: `1:02.5`; before its beginning `−0:04.0`. */
export function place(seconds: number): string {
  const tenths = Math.round(Math.abs(seconds) * 10);
  return `${seconds < 0 && tenths > 0 ? '−' : ''}${span(Math.floor(tenths / 10) * 1_000)}.${tenths % 10}`;
}

/** `09:30:00`. */
export function clock(at: string | number): string {
  const date = new Date(at);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `2026-11-21`, of this computer's calendar. */
export function day(at: string | number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The time alone when it was today, else with its day: `11-21 09:30:00`, in another year `2025-11-21 09:30:00`. */
export function moment(at: string, now: number): string {
  const [date, today] = [day(at), day(now)];
  if (date === today) return clock(at);
  return `${date.slice(0, 4) === today.slice(0, 4) ? date.slice(5) : date} ${clock(at)}`;
}

/** `97.5 %`; a dash where there is nothing to divide by. */
export function percent(value: number | null | undefined, digits = 1): string {
  return value == null ? '–' : `${value.toFixed(value === 100 ? 0 : digits)}%`;
}

/** Bytes: `512 B`, `1.2 MB`. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = count < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${(count / 1_000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** Between two times of the API, in milliseconds. */
export const between = (from: string, to: string | number): number => new Date(to).getTime() - Date.parse(from);
