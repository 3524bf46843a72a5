/** Why agents are not ready, by name: the house's own reasons as its configuration calls them, the usual ones and the switch's as these pages do. */

import { about } from '../live/house';
import { term } from './terms';

export function reasonName(id: string): string {
  const name = about.value?.reasons.find((reason) => reason.id === id)?.name;
  return name && name !== id ? name : term(id);
}
