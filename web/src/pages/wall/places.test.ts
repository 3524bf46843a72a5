import { expect, test } from 'vitest';
import type { Agent } from '../../api/types';
import { byId, inOrder, page, teamsOf } from './places';

const agents = [
  { id: '1010', state: 'ready', team: 'b' },
  { id: '1002', state: 'talking', team: null },
  { id: '999', state: 'ready', team: 'a' },
] as Agent[];
const ids = (of: Agent[]): string[] => of.map(({ id }) => id);

test('few stand by what they do, many by their ids', () => {
  expect(ids(agents.toSorted(inOrder))).toEqual(['1002', '999', '1010']);
  expect(ids(agents.toSorted(byId))).toEqual(['999', '1002', '1010']);
  expect(teamsOf(agents)).toEqual(['a', 'b']);
});

test('pages go round, and there is always one', () => {
  expect(page(agents, 0, 2)).toMatchObject({ at: 0, of: 2, agents: [{ id: '1010' }, { id: '1002' }] });
  expect(page(agents, 3, 2)).toMatchObject({ at: 1, agents: [{ id: '999' }] });
  expect(page(agents, -1, 2).at).toBe(1);
  expect(page([], 5, 2)).toEqual({ agents: [], at: 0, of: 1 });
});
