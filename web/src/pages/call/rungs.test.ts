import { expect, test } from 'vitest';
import type { SipMessage, SipTrace } from '../../api/types';
import { arrows, columns } from './rungs';

const message = (leg: number, direction: string): SipMessage => ({ leg, direction, at: '', line: '', method: 'INVITE', protocol: 'udp', text: '' });
const TRACE: SipTrace = {
  legs: [
    { call_id: 'a', party: '13800001234', peer: '192.0.2.7:5060' },
    { call_id: 'b', party: null, peer: '192.0.2.8:5060' },
    { call_id: 'c', party: '1002', peer: '192.0.2.9:5060' },
  ],
  items: [message(0, 'in'), message(1, 'out'), message(2, 'in'), message(0, 'out')],
};

test('the caller stands left of the switch, the others right of it', () => {
  expect(columns(TRACE).map((column) => column.name)).toEqual(['13800001234', '三铃', '192.0.2.8:5060', '1002']);
});

test('a message goes from its sender to whom it is for', () => {
  expect(arrows(TRACE).map(({ from, to }) => [from, to])).toEqual([[0, 1], [1, 2], [3, 1], [1, 0]]);
});
