/** The queue of work, and the way to its next call. */

import { address, go, path, query } from '../address';
import { items } from '../api/client';
import type { Scorecard, Task } from '../api/types';
import { order, tell } from '../parts/told';
import { language } from '../words/language';
import { quality } from '../words/quality';

/** Where a call is scored. */
export const scoringOf = (task: Task): string =>
  address(`/calls/${task.call_id}`, { score: 'form', agent: task.agent, card: task.scorecard, calibration: task.calibration ?? undefined });

/** Where a score is seen, beside its call. */
export const scoreAt = (score: { id: string; call_id: string }): string => `/calls/${score.call_id}?score=${score.id}`;

/** Goes to the next call of the queue, from one of its calls to the one behind it; when there is none, to the queue. */
export async function goToNext(): Promise<void> {
  await order(async () => {
    const open = await items<Task>('/qa/work');
    const calibration = query.peek().get('calibration');
    const here = open.findIndex((task) => path.peek() === `/calls/${task.call_id}` && (task.calibration ?? null) === calibration);
    const task = open[(here + 1) % Math.max(1, open.length)];
    const isOther = task && open.indexOf(task) !== here;
    if (!isOther) tell(quality().nothingOpen);
    go(isOther ? scoringOf(task) : '/quality');
  });
}

/** A text of a scorecard in the language in force. */
export const worded = (words: { zh: string; en: string }): string => words[language.value] || words.zh || words.en;

/** The version of a card that is used for new scores, or a certain one. */
export const cardOf = (cards: Scorecard[], id: string, version?: number): Scorecard | undefined =>
  cards.find((card) => card.id === id && (version === undefined ? card.in_force : card.version === version));

/** What an item is called by the newest card that has it; its id when none has. */
export function itemName(cards: Scorecard[], id: string): string {
  const found = cards.toSorted((a, b) => Number(b.in_force) - Number(a.in_force)).flatMap((card) => card.sections.flatMap((section) => section.items));
  const item = found.find((item) => item.id === id);
  return item ? worded(item.title) : id;
}
