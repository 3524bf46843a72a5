/** How far the sampling plans are with each agent in this week, or on this day. */

import type { Plan, Scorecard } from '../../api/types';
import { span } from '../../format';
import { agents } from '../../live/house';
import { cardOf, worded } from '../../quality/work';
import { quality } from '../../words/quality';
import { term } from '../../words/terms';

export function Plans({ plans, cards }: { plans: Plan[]; cards: Scorecard[] }) {
  const t = quality();
  return (
    <section class="panel plans" aria-labelledby="plans">
      <h2 id="plans">{t.plans}</h2>
      {plans.length === 0 && <p class="empty">{t.noPlans}</p>}
      {plans.map((plan) => (
        <One key={plan.id} plan={plan} card={cardOf(cards, plan.scorecard)} />
      ))}
    </section>
  );
}

/** More calls than this are a bar. */
const MARKS_MAX = 8;

function Marks({ of, drawn, done }: { of: number; drawn: number; done: number }) {
  if (of > MARKS_MAX) {
    return (
      <svg class="share" width="120" height="10" aria-hidden="true">
        <rect width="120" height="10" rx="2" />
        <rect class="drawn" width={(120 * drawn) / of} height="10" rx="2" />
        <rect class="done" width={(120 * done) / of} height="10" rx="2" />
      </svg>
    );
  }
  return (
    <span class="marks" aria-hidden="true">
      {Array.from({ length: of }, (_, at) => (
        <i key={at} class={at < done ? 'done' : at < drawn ? 'drawn' : ''} />
      ))}
    </span>
  );
}

function One({ plan, card }: { plan: Plan; card: Scorecard | undefined }) {
  const t = quality();
  const shares = new Map(plan.agents.map((share) => [share.agent, share]));
  // Who takes calls, and whoever had one drawn.
  const known = agents.value.filter((agent) => agent.role === 'agent' && (!plan.team || agent.team === plan.team)).map((agent) => agent.id);
  const all = [...new Set([...known, ...shares.keys()])].sort();
  const names = new Map(agents.value.map((agent) => [agent.id, agent.name]));
  const said = [
    t.planIs(plan.per_agent, term(plan.every)),
    plan.queue && t.of.queue(plan.queue),
    plan.team && t.of.team(plan.team),
    plan.longer_ms != null && t.of.longer(span(plan.longer_ms)),
    plan.shorter_ms != null && t.of.shorter(span(plan.shorter_ms)),
    plan.broken && term(plan.broken),
    t.sharedBy(plan.to.join(', ')),
  ].filter(Boolean);
  return (
    <>
      <p class="strong">
        {plan.id} <small>{plan.period}</small>
      </p>
      <p class="soft">
        {card && `${worded(card.title)} · `}
        {said.join(' · ')}
      </p>
      <ul class="shares">
        {all.map((id) => {
          const { drawn, done } = shares.get(id) ?? { drawn: 0, done: 0 };
          const words = t.planDone(done, drawn, plan.per_agent);
          return (
            <li key={id} title={words}>
              <span>{names.get(id) || id}</span>
              <Marks of={Math.max(plan.per_agent, drawn)} drawn={drawn} done={done} />
              <span class="number">
                {done} / {plan.per_agent}
              </span>
              <span class="unseen">{words}</span>
            </li>
          );
        })}
      </ul>
    </>
  );
}
