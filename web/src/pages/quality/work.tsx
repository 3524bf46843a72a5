/** The queue of who scores: what is open, soonest due first; how far the plans are with each agent; what he has done this week. */

import { items } from '../../api/client';
import type { Appeal, Plan, Score, Scorecard, Task } from '../../api/types';
import { now, serverNow } from '../../clock';
import { moment, span } from '../../format';
import { useKeys } from '../../keys';
import { about } from '../../live/house';
import { useNews } from '../../live/news';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { scoringOf, cardOf, worded } from '../../quality/work';
import { session } from '../../session';
import { quality } from '../../words/quality';
import { dayIn, midnight, monday } from '../../zone';
import { lineOf, useLines } from './lines';
import { Plans } from './plans';
import { Done } from './done';

/** Weeks are the house's: until its zone is known there is nothing to ask. */
export function Work() {
  const zone = about.value?.zone;
  return zone ? <Known zone={zone} /> : null;
}

function Known({ zone }: { zone: string }) {
  const t = quality();
  const cards = useLoaded('scorecards', (signal) => items<Scorecard>('/qa/scorecards', signal));
  const open = useLoaded('work', (signal) => items<Task>('/qa/work', signal));
  const plans = useLoaded('plans', (signal) => items<Plan>('/qa/plans', signal));
  const who = session.value?.user ?? '';
  const since = new Date(midnight(zone, monday(dayIn(zone, serverNow())))).toISOString();
  const done = useLoaded(`${who} ${since}`, (signal) => items<Score>(`/qa/scores?who=${encodeURIComponent(who)}&since=${since}&limit=500`, signal));
  const appeals = useLoaded('appeals', (signal) => items<Appeal>('/qa/appeals?state=open', signal));
  useNews(() => [open, plans, done, appeals].forEach((list) => list.again()));
  const tasks = open.answer ?? [];
  const lines = useLines(tasks.map(scoringOf));
  useKeys(t.views.work, lines.keys);
  const counted = (done.answer ?? []).filter((score) => !score.calibration && score.score != null);
  const mean = counted.length > 0 ? counted.reduce((sum, score) => sum + (score.score ?? 0), 0) / counted.length : null;
  const late = tasks.filter((task) => Date.parse(task.due_at) < serverNow()).length;
  return (
    <>
      <dl class="headline">
        <Figure word={t.open} value={String(tasks.length)} />
        <Figure word={t.overdue} value={String(late)} tone={late > 0 ? 'missed' : ''} />
        <Figure word={t.openAppeals} value={String(appeals.answer?.length ?? '–')} to="/quality/appeals" />
        <Figure word={t.doneThisWeek} value={String(done.answer?.length ?? '–')} />
        <Figure word={t.mean} value={mean === null ? '–' : mean.toFixed(1)} />
      </dl>
      <Wrong>{open.refusal?.message ?? done.refusal?.message ?? plans.refusal?.message}</Wrong>
      <div class="columns">
        <section class="panel" aria-labelledby="queue">
          <h2 id="queue">
            {t.queue} <small>{tasks.length}</small>
          </h2>
          {open.answer && tasks.length === 0 && <p class="empty">{t.queueEmpty}</p>}
          {tasks.length > 0 && (
            <div class="scroll" tabIndex={0} role="group" aria-labelledby="queue">
              <table class="lined">
                <thead>
                  <tr>
                    {[t.columns.call, t.columns.agent, t.columns.queue, t.columns.talk, t.columns.why, t.columns.due].map((word) => (
                      <th key={word} scope="col">
                        {word}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {tasks.map((task, line) => (
                    <tr key={task.id} {...lineOf(lines, line)}>
                      <td>
                        <a href={scoringOf(task)}>{moment(task.arrived_at, now.peek())}</a>
                      </td>
                      <td>{task.agent}</td>
                      <td>{task.queue}</td>
                      <td>{span(task.talk_ms)}</td>
                      <td class="soft">{why(task, cards.answer ?? [])}</td>
                      <td class={Date.parse(task.due_at) < now.value ? 'tone-missed' : ''}>{moment(task.due_at, now.peek()).slice(0, -3)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </section>
        <Plans plans={plans.answer ?? []} cards={cards.answer ?? []} />
      </div>
      <Done scores={done.answer ?? []} />
    </>
  );
}

/** Drawn by a plan, or for a calibration; by which card, where there are several. */
function why(task: Task, cards: Scorecard[]): string {
  const card = cardOf(cards, task.scorecard);
  const title = cards.filter((card) => card.in_force).length > 1 && card ? ` · ${worded(card.title)}` : '';
  return (task.calibration ? quality().calibration : `${task.plan} ${task.period}`) + title;
}

function Figure({ word, value, tone = '', to }: { word: string; value: string; tone?: string; to?: string }) {
  return (
    <div class="figure">
      <dt class="word">{word}</dt>
      <dd>
        <b class={tone && `tone-${tone}`}>{to ? <a href={to}>{value}</a> : value}</b>
      </dd>
    </div>
  );
}
