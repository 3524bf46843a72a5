/** What a report is asked: the address has it, the form shows it. Pure. */

import type { Figure } from '../../api/types';
import { percent, span } from '../../format';
import { between, dayIn } from '../../zone';

export const KINDS = ['queues', 'agents', 'teams', 'scripts'] as const;
export type Kind = (typeof KINDS)[number];
export const SLICES = ['', 'day', 'half-hour'] as const;

export interface Question {
  kind: Kind;
  /** Days of the house's calendar, both with. */
  from: string;
  until: string;
  by: (typeof SLICES)[number];
  queue: string;
  agent: string;
  /** Columns, in order; empty: the usual ones of the report. */
  figures: string[];
  /** Which of them is drawn. */
  chart: string;
}

const USUAL: Record<Kind, string[]> = {
  queues: [
    'service_level', 'offered', 'answered', 'abandoned', 'abandon_rate', 'average_speed_of_answer', 'longest_wait', 'average_handle_time',
    'three_ring_rate', 'seven_second_hold_rate', 'customer_first_rate', 'greeting_in_time_rate', 'survey_mean',
  ],
  agents: [
    'handled', 'agent_answer_rate', 'three_ring_rate', 'average_handle_time', 'average_talk_time', 'average_hold_time', 'seven_second_hold_rate',
    'hold_reason_rate', 'customer_first_rate', 'logged_on_time', 'occupancy', 'adherence', 'survey_mean',
  ],
  teams: [
    'handled', 'agent_answer_rate', 'three_ring_rate', 'average_handle_time', 'average_talk_time', 'average_hold_time', 'seven_second_hold_rate',
    'customer_first_rate', 'logged_on_time', 'occupancy', 'utilisation', 'adherence', 'survey_mean',
  ],
  scripts: ['begun', 'helped_rate', 'done_rate', 'queued_rate', 'released_rate', 'cut_short_rate', 'prompts_said'],
};

const among = <T extends string>(words: readonly T[], text: string | null, otherwise: T): T => words.find((word) => word === text) ?? otherwise;

export function questionOf(query: URLSearchParams, now: number, zone: string): Question {
  const text = (name: string): string => query.get(name) ?? '';
  return {
    kind: among(KINDS, query.get('report'), 'queues'),
    from: text('from') || dayIn(zone, now),
    until: text('until') || dayIn(zone, now),
    by: among(SLICES, query.get('by'), ''),
    queue: text('queue'),
    agent: text('agent'),
    figures: text('figures').split(',').filter(Boolean),
    chart: text('chart'),
  };
}

/** For the address: what is as usual is left out. */
export function queryOf(question: Question): Record<string, string | undefined> {
  const { kind, figures, ...plain } = question;
  return { ...plain, report: kind === 'queues' ? '' : kind, figures: figures.join(',') };
}

export const columns = (question: Question): string[] => (question.figures.length > 0 ? question.figures : USUAL[question.kind]);

/** What the API is asked: from the first day's midnight to that after the last, or to now. */
export function asked({ kind, from, until, by, queue, agent }: Question, now: number, zone: string): string {
  const given = { ...between(zone, from, until, now), by, queue, agent };
  return `/reports/${kind}?${new URLSearchParams(Object.entries(given).filter(([, value]) => value))}`;
}

export function shown(figure: Figure | undefined): string {
  if (!figure || figure.value == null) return '–';
  if (figure.unit === 'percent') return percent(figure.value);
  if (figure.unit === 'ms') return span(figure.value);
  return figure.unit === 'mean' ? figure.value.toFixed(2) : String(figure.value);
}
