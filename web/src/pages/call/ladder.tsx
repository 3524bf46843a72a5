/** The call's SIP: a column for each party, the switch between them, an arrow for each message, which opens. */

import { useState } from 'preact/hooks';
import { get } from '../../api/client';
import type { SipMessage, SipTrace } from '../../api/types';
import { place } from '../../format';
import { useLoaded } from '../../parts/loading';
import { Wrong } from '../../parts/small';
import { call as words } from '../../words/call';
import { arrows, columns } from './rungs';

export function Ladder({ id, zero }: { id: string; zero: number }) {
  const t = words();
  const [open, setOpen] = useState(false);
  const { answer, refusal } = useLoaded(open ? id : null, (signal) => get<SipTrace>(`/calls/${id}/sip`, signal));
  return (
    <section class="panel ladder" aria-labelledby="ladder">
      <h2 id="ladder" class="row">
        {t.ladder}
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? t.hide : t.show}
        </button>
      </h2>
      <Wrong>{refusal?.message}</Wrong>
      {open && answer && (answer.items.length > 0 ? <Rungs trace={answer} zero={zero} /> : <p class="empty">{t.noLadder}</p>)}
    </section>
  );
}

function Rungs({ trace, zero }: { trace: SipTrace; zero: number }) {
  const heads = columns(trace);
  return (
    <>
      <div class="rung heads">
        <span />
        <svg role="img" aria-label={heads.map((head) => head.name).join(', ')} height="34">
          {heads.map(({ name, peer }, at) => (
            <text key={at} x={middle(at, heads.length)} y="14" text-anchor="middle">
              <tspan class="name">{name}</tspan>
              <tspan x={middle(at, heads.length)} dy="15">
                {peer}
              </tspan>
            </text>
          ))}
        </svg>
      </div>
      <ol>
        {arrows(trace).map(({ message, from, to }, number) => (
          <Rung key={number} message={message} from={from} to={to} count={heads.length} second={(Date.parse(message.at) - zero) / 1_000} />
        ))}
      </ol>
    </>
  );
}

/** Of the column with this number, in the middle of its width. */
const middle = (at: number, count: number): string => `${((at + 0.5) / count) * 100}%`;

interface RungProps {
  message: SipMessage;
  from: number;
  to: number;
  count: number;
  second: number;
}

function Rung({ message, from, to, count, second }: RungProps) {
  const [open, setOpen] = useState(false);
  const [left, right] = [Math.min(from, to), Math.max(from, to)];
  const points = to > from ? '-7,-4 -7,4 0,0' : '7,-4 7,4 0,0';
  const tone = message.code == null ? 'request' : message.code < 300 ? 'good' : 'refused';
  return (
    <li>
      <button class="rung quiet" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class="number soft">{place(second)}</span>
        <svg height="30" aria-hidden="true" class={tone}>
          {Array.from({ length: count }, (_, at) => (
            <line key={at} class="life" x1={middle(at, count)} x2={middle(at, count)} y2="30" />
          ))}
          <line x1={middle(from, count)} x2={middle(to, count)} y1="22" y2="22" />
          <svg x={middle(to, count)} y="22" overflow="visible">
            <polygon points={points} />
          </svg>
          <text x={`${((left + right + 1) / 2 / count) * 100}%`} y="15" text-anchor="middle">
            {short(message)}
          </text>
        </svg>
        <span class="unseen">{message.line}</span>
      </button>
      {open && <pre>{message.text}</pre>}
    </li>
  );
}

/** `INVITE`, `200 OK (INVITE)`. */
const short = ({ code, line, method }: SipMessage): string => (code == null ? method : `${line.replace(/^SIP\/2\.0 /, '')} (${method})`);
