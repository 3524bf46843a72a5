/** Who stands in which column of the ladder, and which message goes from where to where. Pure. */

import type { SipMessage, SipTrace } from '../../api/types';

export interface Column {
  name: string;
  peer: string;
}

/** The switch stands after the first leg: the caller left of it, all others right. */
const SWITCH = 1;

const columnOf = (leg: number): number => (leg < SWITCH ? leg : leg + 1);

export function columns({ legs }: SipTrace): Column[] {
  const parties = legs.map(({ party, peer }) => ({ name: party ?? peer, peer }));
  return parties.toSpliced(SWITCH, 0, { name: '三铃', peer: '' });
}

export function arrows({ items }: SipTrace): { message: SipMessage; from: number; to: number }[] {
  return items.map((message) => {
    const party = columnOf(message.leg);
    return message.direction === 'in' ? { message, from: party, to: SWITCH } : { message, from: SWITCH, to: party };
  });
}
