/** The figures that a room steers by. */

import type { ComponentChildren } from 'preact';
import { agents, queues, running, today } from '../../live/house';
import { percent, span } from '../../format';
import { now } from '../../clock';
import { Explained } from '../../parts/small';
import { term } from '../../words/terms';
import { wall } from '../../words/wall';

/** A caller who has waited so long is shown as late, and after twice that as very late. */
const LATE_MS = 20_000;

export function Headline() {
  const t = wall();
  const sum = (of: (queue: (typeof queues.value)[number]) => number): number => queues.value.reduce((total, queue) => total + of(queue), 0);
  const [within, counted] = [sum((queue) => queue.today.service_level.numerator), sum((queue) => queue.today.service_level.denominator)];
  const level = counted > 0 ? (within * 100) / counted : null;
  const formula = queues.value[0]?.today.service_level.formula ?? '';
  const threshold = today.value?.terms.service_level_ms;
  const inState = (state: string): number => agents.value.filter((agent) => agent.state === state).length;
  const loggedOn = agents.value.length - inState('offline');
  return (
    <section class="headline" aria-label={t.title}>
      <Big word={t.serviceLevel} tone={levelTone(level)}>
        <Explained
          by={
            <>
              {formula}
              <br />
              {t.of(String(within), String(counted))}
              {threshold && ` · T = ${threshold / 1_000} s`} · {t.allQueues}
            </>
          }
        >
          {percent(level)}
        </Explained>
      </Big>
      <Big word={t.waiting} tone={sum((queue) => queue.waiting) > 0 ? 'waiting' : ''}>
        {sum((queue) => queue.waiting)}
      </Big>
      <Longest />
      <Big word={t.inProgress}>{running.value.length}</Big>
      <Big word={t.ready} more={t.loggedOn(loggedOn)} tone={inState('ready') > 0 ? 'ready' : ''}>
        {inState('ready')}
      </Big>
      <Big
        word={t.answered}
        more={`${term('abandoned')} ${sum((queue) => queue.today.abandoned)} / ${t.offered} ${sum((queue) => queue.today.offered)}`}
      >
        {sum((queue) => queue.today.answered)}
      </Big>
    </section>
  );
}

/** Alone, because it changes each second. */
function Longest() {
  const since = queues.value
    .map((queue) => queue.longest_waiting_since)
    .filter((at) => at != null)
    .sort()[0];
  const waited = since ? now.value - Date.parse(since) : 0;
  const tone = waited > 2 * LATE_MS ? 'not-ready' : waited > LATE_MS ? 'waiting' : '';
  return (
    <Big word={wall().longest} tone={tone}>
      {since ? span(waited) : '–'}
    </Big>
  );
}

const levelTone = (level: number | null): string => (level === null ? '' : level >= 80 ? 'ready' : level >= 60 ? 'waiting' : 'not-ready');

function Big({ word, more, tone = '', children }: { word: string; more?: string; tone?: string; children: ComponentChildren }) {
  return (
    <div class={`figure tone-${tone}`}>
      <span class="word">{word}</span>
      <b>{children}</b>
      {more && <small>{more}</small>}
    </div>
  );
}
