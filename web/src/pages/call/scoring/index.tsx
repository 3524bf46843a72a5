/**
 * The score of a call, beside its player. The address says which: `score=form` is one to be given (with agent, card, calibration), `score=ID`
 * one that was given. What is given already is shown in place of the form.
 */

import { address, go, query } from '../../../address';
import { get, items, send } from '../../../api/client';
import type { Answer, Call, FoundForm, Score, Scorecard } from '../../../api/types';
import { useLoaded } from '../../../parts/loading';
import { Wrong } from '../../../parts/small';
import { tell } from '../../../parts/told';
import { begun } from '../../../quality/answers';
import { cardOf, worded } from '../../../quality/work';
import { may, session } from '../../../session';
import type { Player } from '../../../sound/player';
import { scoring as words } from '../../../words/scoring';
import { shell } from '../../../words/shell';
import { Form } from './form';
import { Scored } from './scored';
import { figure } from './total';

interface Props {
  call: Call;
  scores: Score[];
  player: Player;
  /** A score was given, changed, objected to. */
  onChange: () => void;
}

const asked = (name: string): string => query.value.get(name) ?? '';

/** What the address asks for, or null: the panel is closed. */
export const isOpen = (): boolean => query.value.has('score');

const close = (call: Call): void => go(`/calls/${call.id}`, { replace: true });

export function Scoring({ call, scores, player, onChange }: Props) {
  const t = words();
  const [wanted, agent, card, calibration] = ['score', 'agent', 'card', 'calibration'].map(asked) as [string, string, string, string];
  const cards = useLoaded('scorecards', (signal) => items<Scorecard>('/qa/scorecards', signal));
  const path = address(`/calls/${call.id}/form`, { agent, scorecard: card });
  const form = useLoaded(wanted === 'form' && may('score') ? path : null, (signal) => get<FoundForm>(path, signal));
  const isMeant = (score: Score): boolean => {
    if (wanted !== 'form') return score.id === wanted;
    if (calibration) return score.calibration === calibration && score.who === session.value?.user;
    return !score.calibration && score.agent === (form.answer?.agent ?? agent) && score.scorecard === (form.answer?.scorecard ?? card);
  };
  const score = scores.find(isMeant);
  const about = form.answer && !score ? form.answer : null;
  const theCard = score ? cardOf(cards.answer ?? [], score.scorecard, score.version) : cardOf(cards.answer ?? [], about?.scorecard ?? '');
  const give = async (answers: Answer[], note: string): Promise<void> => {
    const body = { call_id: call.id, agent: about?.agent, answers, note, ...(calibration ? { calibration } : { scorecard: about?.scorecard }) };
    const given = await send<Score>('POST', '/qa/scores', body);
    tell(t.given(figure(given.score)));
    onChange();
  };
  return (
    <aside class="panel scoring-panel" aria-labelledby="scoring">
      <header class="row">
        <h2 id="scoring">
          {t.title} <small>{score?.agent ?? about?.agent}</small>
        </h2>
        <small>{theCard && `${worded(theCard.title)} · ${t.version(theCard.version)}`}</small>
        <button class="quiet" type="button" aria-label={t.close} title={t.close} onClick={() => close(call)}>
          ✕
        </button>
      </header>
      <Wrong>{form.refusal?.message ?? cards.refusal?.message}</Wrong>
      {!score && !about && !form.refusal && <p class="empty">{wanted === 'form' && may('score') ? shell().loading : t.none}</p>}
      {calibration && <p class="soft">{t.forCalibration}</p>}
      {about && <Choices form={about} cards={cards.answer ?? []} call={call} calibration={calibration} />}
      {about && theCard && (
        <Form
          key={`${about.agent} ${about.scorecard} ${calibration}`}
          name={`${call.id} ${about.agent} ${about.scorecard} ${calibration}`}
          kind="new"
          card={theCard}
          found={about.found}
          begin={begun(about.found)}
          text=""
          contested={[]}
          player={player}
          onGive={give}
          onClose={() => close(call)}
        />
      )}
      {score && cards.answer && <Scored key={score.id} call={call} score={score} card={theCard} cards={cards.answer} player={player} onChange={onChange} />}
    </aside>
  );
}

/** Who is scored, and by which card, where there is a choice. */
function Choices({ form, cards, call, calibration }: { form: FoundForm; cards: Scorecard[]; call: Call; calibration: string }) {
  const t = words();
  const inForce = cards.filter((card) => card.in_force);
  const look = (change: { agent?: string; card?: string }): void =>
    go(address(`/calls/${call.id}`, { score: 'form', agent: form.agent, card: form.scorecard, ...change }), { replace: true });
  if (calibration || (form.agents.length < 2 && inForce.length < 2)) return null;
  return (
    <div class="choices">
      <label>
        {t.agent}
        <select value={form.agent} onChange={(event) => look({ agent: event.currentTarget.value })}>
          {form.agents.map((agent) => (
            <option key={agent}>{agent}</option>
          ))}
        </select>
      </label>
      <label>
        {t.card}
        <select value={form.scorecard} onChange={(event) => look({ card: event.currentTarget.value })}>
          {inForce.map((card) => (
            <option key={card.id} value={card.id}>
              {worded(card.title)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
