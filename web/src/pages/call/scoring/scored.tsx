/** A score that was given, and what can be done with it: changed by who gave it, objected to by the agent, the objection answered. */

import { useState } from 'preact/hooks';
import { go } from '../../../address';
import { send } from '../../../api/client';
import type { Answer, Call, Score, Scorecard } from '../../../api/types';
import { useKeys } from '../../../keys';
import { tell } from '../../../parts/told';
import { asGiven } from '../../../quality/answers';
import { goToNext } from '../../../quality/work';
import { may, session } from '../../../session';
import type { Player } from '../../../sound/player';
import { quality } from '../../../words/quality';
import { scoring as words } from '../../../words/scoring';
import { Form } from './form';
import { Given } from './given';
import { Objecting } from './objecting';
import { figure } from './total';

interface Props {
  call: Call;
  score: Score;
  card: Scorecard | undefined;
  cards: Scorecard[];
  player: Player;
  onChange: () => void;
}

export function Scored({ call, score, card, cards, player, onChange }: Props) {
  const t = words();
  const [doing, set] = useState<'change' | 'answer' | 'object' | null>(null);
  const appealIsOpen = score.appeal?.state === 'open';
  // The switch says who may: not who gave the score, as long as there is another.
  const another = may('score') && appealIsOpen && !score.appeal?.may_answer;
  const kind = score.appeal?.may_answer ? 'answer' : may('score') && !score.appeal && !score.calibration && score.who === session.value?.user ? 'change' : null;
  const mayObject = may('appeal') && !score.appeal && !score.calibration && session.value?.agent === score.agent;
  const give = async (answers: Answer[], text: string, changed: boolean): Promise<void> => {
    const changedScore =
      kind === 'answer'
        ? await send<Score>('POST', `/qa/scores/${score.id}/answer`, { text, ...(changed ? { answers } : {}) })
        : await send<Score>('PUT', `/qa/scores/${score.id}`, { answers, note: text });
    tell(t.given(figure(changedScore.score)));
    set(null);
    onChange();
  };
  useKeys(t.title, [
    ...(kind && card ? [{ key: 'e', what: t.keys.change, run: () => set(kind) }] : []),
    ...(mayObject ? [{ key: 'O', what: t.keys.object, run: () => set('object') }] : []),
    { key: 'Escape', what: t.close, run: () => (doing ? set(null) : go(`/calls/${call.id}`, { replace: true })) },
  ]);
  if (card && kind && doing === kind) {
    const found = Object.fromEntries(score.answers.flatMap(({ item, found }) => (found ? [[item, found]] : [])));
    const begin = Object.fromEntries(score.answers.map((answer) => [answer.item, asGiven({ ...answer, points: answer.points ?? null, note: answer.note ?? null })]));
    return (
      <>
        <p class="strong">{kind === 'answer' ? t.answering : t.changing}</p>
        {kind === 'answer' && <blockquote>{score.appeal?.text}</blockquote>}
        <Form
          name={`${score.id} ${kind}`}
          kind={kind}
          card={card}
          found={found}
          begin={begin}
          text={kind === 'change' ? (score.note ?? '') : ''}
          contested={score.appeal?.items ?? []}
          player={player}
          onGive={give}
          onClose={() => set(null)}
        />
      </>
    );
  }
  return (
    <>
      <div class="buttons">
        {kind && card && (
          <button class={kind === 'answer' ? 'main' : ''} type="button" onClick={() => set(kind)}>
            {kind === 'answer' ? t.answerIt : t.change} <kbd>e</kbd>
          </button>
        )}
        {mayObject && (
          <button type="button" onClick={() => set('object')}>
            {t.object} <kbd>O</kbd>
          </button>
        )}
        {score.calibration && (
          <a class="button" href={`/quality/calibrations/${score.calibration}`}>
            {t.seeCalibration}
          </a>
        )}
        {may('score') && (
          <button class={kind === 'answer' ? '' : 'main'} type="button" onClick={() => void goToNext()}>
            {quality().next} <kbd>N</kbd>
          </button>
        )}
      </div>
      {another && <p class="soft">{t.anotherAnswers}</p>}
      <Given score={score} cards={cards} player={player} />
      {doing === 'object' && <Objecting score={score} cards={cards} onDone={onChange} onClose={() => set(null)} />}
    </>
  );
}
