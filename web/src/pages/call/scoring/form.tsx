/** The form: answered by digits, one item after the other, while the player keeps its keys. The total is reckoned as one goes. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer, Found, Scorecard } from '../../../api/types';
import { useKeys } from '../../../keys';
import { order } from '../../../parts/told';
import { type Answers, asGiven, type Given, isOverruled, itemsOf, lacking, mayLeaveOut, score, typed, written } from '../../../quality/answers';
import { itemName, worded } from '../../../quality/work';
import type { Player } from '../../../sound/player';
import { scoring as words } from '../../../words/scoring';
import { draft } from './draft';
import { Item } from './item';
import { Total } from './total';

/** Of a moment that is heard one hears what led to it. */
const LEAD_S = 2;

export interface Props {
  /** Under which it is kept while it is not given. */
  name: string;
  kind: 'new' | 'change' | 'answer';
  card: Scorecard;
  found: Record<string, Found>;
  begin: Answers;
  text: string;
  /** Items to which the agent objects. */
  contested: string[];
  player: Player;
  /** `changed`: an answer is another than at the beginning. */
  onGive: (answers: Answer[], text: string, changed: boolean) => Promise<void>;
  onClose: () => void;
}

export function Form({ name, kind, card, found, begin, text: before, contested, player, onGive, onClose }: Props) {
  const t = words();
  const items = itemsOf(card);
  const whole = items.reduce((sum, { weight }) => sum + weight, 0);
  const [{ answers, text }, write] = useState(() => draft.get(name) ?? { answers: begin, text: before });
  const [chosen, choose] = useState(() => contested[0] ?? items.find(({ id }) => !answers[id]?.answer)?.id ?? items[0]?.id ?? '');
  const [wrong, setWrong] = useState('');
  /** Points of an item that may yet get a second digit. */
  const pending = useRef<number | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => draft.set(name, { answers, text }), [answers, text]);
  useEffect(() => document.getElementById(`item-${chosen}`)?.scrollIntoView({ block: 'nearest' }), [chosen]);

  const item = items.find(({ id }) => id === chosen);
  const goTo = (id: string | undefined): void => {
    pending.current = null;
    if (id) choose(id);
  };
  const move = (by: number): void => goTo(items[items.findIndex(({ id }) => id === chosen) + by]?.id);
  const note = (id = chosen): void => {
    choose(id);
    // The field of an item that was just chosen is drawn first.
    setTimeout(() => document.querySelector<HTMLTextAreaElement>(`#item-${id} textarea`)?.focus());
  };
  const put = (id: string, given: Given): void => {
    setWrong('');
    write((was) => ({ ...was, answers: { ...was.answers, [id]: given } }));
  };
  /** By key: on to what is still open, or to the reason that is asked for. */
  const answer = (given: Given, stay = false): void => {
    if (!item) return;
    const whole = { ...given, note: answers[item.id]?.note };
    put(item.id, whole);
    if (stay) return;
    if (isOverruled(found[item.id], whole) && !whole.note?.trim()) return note(item.id);
    const at = items.indexOf(item);
    const open = [...items.slice(at + 1), ...items.slice(0, at)].find(({ id }) => !answers[id]?.answer);
    goTo(open?.id);
  };
  const digit = (value: number): void => {
    const meant = item && typed(item, value, pending.current);
    if (!meant) return;
    pending.current = meant.mayGoOn ? (meant.given.points ?? null) : null;
    answer(meant.given, meant.mayGoOn);
  };
  const hear = (ms: number): void => {
    player.seek(ms / 1_000 - LEAD_S);
    if (!player.playing.value) void order(() => player.toggle());
  };
  const moment = item && found[item.id]?.reason.at_ms;
  const give = (): void => {
    const lacks = lacking(card, answers, found);
    if (lacks) {
      const title = itemName([card], lacks.item);
      setWrong(lacks.what === 'answer' ? t.answerIsLacking(title) : t.reasonIsLacking(title));
      if (lacks.what === 'reason') note(lacks.item);
      else goTo(lacks.item);
      return;
    }
    if (kind === 'answer' && !text.trim()) {
      setWrong(t.textIsLacking);
      document.querySelector<HTMLTextAreaElement>('.total textarea')?.focus();
      return;
    }
    const now = written(card, answers);
    const changed = JSON.stringify(now) !== JSON.stringify(written(card, begin));
    setBusy(true);
    void order(async () => {
      await onGive(now, text.trim(), changed);
      draft.forget(name);
    }).finally(() => setBusy(false));
  };
  const known = item && found[item.id];
  useKeys(t.title, [
    { key: 'ArrowDown', what: t.keys.down, run: () => move(1) },
    { key: 'ArrowUp', what: t.keys.up, run: () => move(-1) },
    ...Array.from({ length: 10 }, (_, value) => ({ key: String(value), what: t.keys.digit, run: () => digit(value) })),
    { key: 'n', what: t.keys.leaveOut, run: () => item && mayLeaveOut(item, known) && answer({ answer: 'not-applicable' }) },
    { key: 'c', what: t.keys.note, run: () => note() },
    { key: 'Enter', what: t.keys.moment, run: () => moment != null && hear(moment) },
    { key: 'Backspace', what: t.keys.asFound, run: () => item && put(item.id, known ? asGiven(known) : { answer: '' }) },
    { key: 'w', what: t.keys.whole, run: () => document.querySelector<HTMLTextAreaElement>('.total textarea')?.focus() },
    { key: 'S', what: t.keys.give, run: give },
    { key: 'Escape', what: t.close, run: onClose },
  ]);
  return (
    <>
      <div class="sections">
        {card.sections.map((section) => (
          <section key={section.id} aria-label={worded(section.title)}>
            <h3>{worded(section.title)}</h3>
            <ol>
              {section.items.map((one) => (
                <Item
                  key={one.id}
                  item={one}
                  share={(one.weight * 100) / whole}
                  given={answers[one.id] ?? { answer: '' }}
                  found={found[one.id]}
                  contested={contested.includes(one.id)}
                  chosen={one.id === chosen}
                  onChoose={() => one.id !== chosen && goTo(one.id)}
                  onAnswer={(given) => put(one.id, given)}
                  onNote={(note) => put(one.id, { ...(answers[one.id] ?? { answer: '' }), note })}
                  onMoment={hear}
                />
              ))}
            </ol>
          </section>
        ))}
      </div>
      <Total
        card={card}
        scored={score(card, answers)}
        kind={kind}
        text={text}
        wrong={wrong}
        busy={busy}
        onText={(text) => {
          setWrong('');
          write((was) => ({ ...was, text }));
        }}
        onGive={give}
      />
    </>
  );
}
