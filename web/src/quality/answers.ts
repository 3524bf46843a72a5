/** From answers to a score, by the same arithmetic as the switch's (src/qa/scoring.rs), so that it can be seen while it is given. Pure. */

import type { Answer, Found, Scorecard, ScorecardItem } from '../api/types';

/** What stands in a form: of an item nothing, or an answer, or only a note. */
export interface Given {
  answer: '' | 'yes' | 'no' | 'points' | 'not-applicable';
  points?: number | undefined;
  note?: string | undefined;
}

/** By item. */
export type Answers = Record<string, Given>;

export interface Scored {
  /** Percent with one decimal; null: nothing that is answered applies. */
  score: number | null;
  passed: boolean;
  /** Fatal items that are lost. */
  fatal: string[];
  /** Items that are not answered yet. */
  open: string[];
}

export const itemsOf = (card: Scorecard): ScorecardItem[] => card.sections.flatMap((section) => section.items);

/** What of an item is won, 0 to 1; null: it does not apply, or is not answered. */
export function won(item: ScorecardItem, given: Given | undefined): number | null {
  switch (given?.answer) {
    case 'yes':
      return 1;
    case 'no':
      return 0;
    case 'points':
      return item.points ? Math.min(given.points ?? 0, item.points) / item.points : null;
    default:
      return null;
  }
}

/** What does not apply or is not answered is left out, and the weights of the rest make up the whole; a fatal item that is lost costs all. */
export function score(card: Scorecard, answers: Answers): Scored {
  let [whole, sum] = [0, 0];
  const scored: Scored = { score: null, passed: false, fatal: [], open: [] };
  for (const item of itemsOf(card)) {
    const given = answers[item.id];
    const share = won(item, given);
    if (!given?.answer) scored.open.push(item.id);
    if (share === null) continue;
    if (item.fatal && share === 0) scored.fatal.push(item.id);
    whole += item.weight;
    sum += item.weight * share;
  }
  // What is a half but for the last bit of a sum of shares is a half.
  const perMille = scored.fatal.length > 0 ? 0 : whole > 0 ? Math.round((sum / whole) * 1_000 + 1e-6) : null;
  const passed = scored.fatal.length === 0 && perMille !== null && perMille >= card.pass * 10;
  return { ...scored, score: perMille === null ? null : perMille / 10, passed };
}

export const same = (one: { answer: string; points?: number | null | undefined }, other: { answer: string; points?: number | null | undefined }): boolean =>
  one.answer === other.answer && (one.points ?? null) === (other.points ?? null);

/** Whether what the switch found is answered otherwise. */
export const isOverruled = (found: Found | null | undefined, given: Given | undefined): boolean =>
  Boolean(found && given?.answer && !same(found, given));

/** May it be left out: because the card says so, or because the switch found it so. */
export const mayLeaveOut = (item: ScorecardItem, found: Found | null | undefined): boolean =>
  item.not_applicable || found?.answer === 'not-applicable';

/** A form before anybody has listened. */
export function begun(found: Record<string, Found>): Answers {
  return Object.fromEntries(Object.entries(found).map(([item, known]) => [item, asGiven(known)]));
}

export function asGiven({ answer, points, note }: { answer: string; points?: number | null; note?: string | null }): Given {
  return { answer: answer as Given['answer'], ...(points == null ? {} : { points }), ...(note ? { note } : {}) };
}

/** A digit on an item: points, or 1 for yes and 0 for no. Of items of ten points or more a second digit goes behind the first. */
export function typed(item: ScorecardItem, digit: number, before: number | null): { given: Given; mayGoOn: boolean } | null {
  if (item.kind === 'yes-no') return digit > 1 ? null : { given: { answer: digit === 1 ? 'yes' : 'no' }, mayGoOn: false };
  const most = item.points ?? 0;
  const longer = before === null ? digit : before * 10 + digit;
  const points = longer <= most ? longer : digit;
  if (points > most) return null;
  return { given: { answer: 'points', points }, mayGoOn: points > 0 && points * 10 <= most };
}

/** Why a form cannot be given yet: the item, and what it lacks. */
export function lacking(card: Scorecard, answers: Answers, found: Record<string, Found>): { item: string; what: 'answer' | 'reason' } | null {
  for (const { id } of itemsOf(card)) {
    const given = answers[id];
    if (!given?.answer) return { item: id, what: 'answer' };
    if (isOverruled(found[id], given) && !given.note?.trim()) return { item: id, what: 'reason' };
  }
  return null;
}

/** As the API takes them. */
export function written(card: Scorecard, answers: Answers): Answer[] {
  return itemsOf(card).map(({ id }) => {
    const { answer, points, note } = answers[id] ?? { answer: '' };
    return { item: id, answer, ...(answer === 'points' ? { points: points ?? 0 } : {}), ...(note?.trim() ? { note: note.trim() } : {}) };
  });
}
