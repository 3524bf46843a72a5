import { expect, test } from 'vitest';
import type { Found, Scorecard, ScorecardItem } from '../api/types';
import { type Answers, begun, type Given, isOverruled, itemsOf, lacking, score, typed, written } from './answers';

const words = { zh: '', en: '' };
const item = (id: string, weight: number, more: Partial<ScorecardItem> = {}): ScorecardItem => ({
  id,
  title: words,
  weight,
  kind: 'yes-no',
  fatal: false,
  not_applicable: false,
  ...more,
});

/** The card of src/qa/tests.rs. */
const CARD: Scorecard = {
  id: 'service',
  version: 1,
  in_force: true,
  title: words,
  pass: 85,
  sections: [
    { id: 'service', title: words, items: [item('rings', 10), item('right', 30, { kind: 'points', points: 3 }), item('polite', 20)] },
    { id: 'rest', title: words, items: [item('hold', 40, { not_applicable: true }), item('respect', 0, { fatal: true, not_applicable: true })] },
  ],
};

const YES: Given = { answer: 'yes' };
const NO: Given = { answer: 'no' };
const LEFT: Given = { answer: 'not-applicable' };
const points = (points: number): Given => ({ answer: 'points', points });
const answers = (...given: Given[]): Answers => Object.fromEntries(itemsOf(CARD).map(({ id }, at) => [id, given[at] ?? { answer: '' }]));

const found = (answer: string): Found => ({ answer, reason: { code: 'answered-in-rings', values: {} } });

test('a score is the share of the weight that applied: the cases of src/qa/scoring.rs', () => {
  for (const [given, ...expected] of [
    [[YES, points(3), YES, YES, YES], 100, true],
    [[YES, points(3), YES, NO, YES], 60, false],
    [[YES, points(2), YES, YES, YES], 90, true],
    [[YES, points(2), YES, LEFT, YES], 83.3, false],
    [[YES, points(3), NO, YES, YES], 80, false],
    [[YES, points(3), YES, YES, NO], 0, false],
    [[NO, points(0), NO, LEFT, YES], 0, false],
    [[LEFT, LEFT, LEFT, LEFT, LEFT], null, false],
  ] as [Given[], number | null, boolean][]) {
    const { score: percent, passed } = score(CARD, answers(...given));
    expect([percent, passed]).toEqual(expected);
  }
  expect(score(CARD, answers(YES, points(3), YES, YES, NO)).fatal).toEqual(['respect']);
});

test('the pass mark is met by what is shown', () => {
  const given = answers(YES, points(3), YES, NO, YES);
  expect([60, 61].map((pass) => score({ ...CARD, pass }, given).passed)).toEqual([true, false]);
});

test('what is not answered yet is left out, and told', () => {
  expect(score(CARD, answers(YES, points(0)))).toEqual({ score: 25, passed: false, fatal: [], open: ['polite', 'hold', 'respect'] });
});

test('digits are points, and 1 and 0 yes and no', () => {
  const ten = item('ten', 20, { kind: 'points', points: 10 });
  expect(typed(item('x', 5), 1, null)).toEqual({ given: YES, mayGoOn: false });
  expect(typed(item('x', 5), 0, null)).toEqual({ given: NO, mayGoOn: false });
  expect(typed(item('x', 5), 4, null)).toBeNull();
  expect(typed(ten, 1, null)).toEqual({ given: points(1), mayGoOn: true });
  expect(typed(ten, 0, 1)).toEqual({ given: points(10), mayGoOn: false });
  expect(typed(ten, 7, 1)).toEqual({ given: points(7), mayGoOn: false });
  expect(typed(ten, 0, null)).toEqual({ given: points(0), mayGoOn: false });
  expect(typed(item('five', 5, { kind: 'points', points: 5 }), 6, null)).toBeNull();
});

test('a form is lacking an answer, then a reason why it is not as the switch found it', () => {
  const known = { rings: found('yes') };
  const given = { ...begun(known), ...answers(NO, points(1), YES, LEFT) };
  expect(lacking(CARD, given, known)).toEqual({ item: 'rings', what: 'reason' });
  given.rings = { answer: 'no', note: 'the first phone was not his' };
  expect(lacking(CARD, given, known)).toEqual({ item: 'respect', what: 'answer' });
  given.respect = YES;
  expect(lacking(CARD, given, known)).toBeNull();
  expect([isOverruled(known.rings, given.rings), isOverruled(known.rings, YES), isOverruled(null, NO)]).toEqual([true, false, false]);
});

test('answers are written in the card’s order, with points only where there are points', () => {
  const given = answers(YES, points(2), { answer: 'no', note: ' curt ', points: undefined }, LEFT, YES);
  expect(written(CARD, given)).toEqual([
    { item: 'rings', answer: 'yes' },
    { item: 'right', answer: 'points', points: 2 },
    { item: 'polite', answer: 'no', note: 'curt' },
    { item: 'hold', answer: 'not-applicable' },
    { item: 'respect', answer: 'yes' },
  ]);
});
