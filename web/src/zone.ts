/**
 * Days by the clock of the house, wherever the browser is: reports begin their days by `[reports] zone`, and who reads them in another zone
 * must mean the same days. Pure.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const kept = new Map<string, Intl.DateTimeFormat>();

function writer(zone: string): Intl.DateTimeFormat {
  let format = kept.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    kept.set(zone, format);
  }
  return format;
}

/** A moment as the zone's clock has it: `2026-11-21` and `09:30:00`. */
export function written(at: string | number, zone: string): { day: string; clock: string } {
  const parts = Object.fromEntries(writer(zone).formatToParts(new Date(at)).map(({ type, value }) => [type, value]));
  return { day: `${parts.year}-${parts.month}-${parts.day}`, clock: `${parts.hour}:${parts.minute}:${parts.second}` };
}

/** The day on which a moment falls. */
export const dayIn = (zone: string, at: string | number): string => written(at, zone).day;

/** So many days later, or earlier; days of a calendar have no hours. */
export const later = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/** The day's first moment, in milliseconds since 1970. Where the clock leaps over midnight, the first after the leap. */
export function midnight(zone: string, day: string): number {
  const wall = Date.parse(`${day}T00:00:00Z`);
  const ahead = (at: number): number => {
    const { day, clock } = written(at, zone);
    return Date.parse(`${day}T${clock}Z`) - at;
  };
  // A zone is ahead by what it is around that moment: of the two that may hold, the earlier moment that is of the day already.
  const moments = [wall - ahead(wall - DAY_MS), wall - ahead(wall + DAY_MS)].sort((a, b) => a - b);
  const found = moments.find((at) => dayIn(zone, at) >= day);
  if (found !== undefined && dayIn(zone, found - 1) < day) return found;
  let at = (moments[0] ?? wall) - 3 * 60 * MINUTE_MS;
  while (dayIn(zone, at) < day) at += MINUTE_MS;
  return at;
}

/** The Monday of the day's week. */
export function monday(day: string): string {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return later(day, -((weekday + 6) % 7));
}

/** What the API is asked of days, both with: from the first one's midnight to that after the last, or to now. */
export function between(zone: string, from: string, until: string, now: number): { since: string; until: string } {
  const end = Math.min(midnight(zone, later(until, 1)), now);
  return { since: new Date(midnight(zone, from)).toISOString(), until: new Date(end).toISOString() };
}
