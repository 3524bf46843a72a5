import { expect, test } from 'vitest';
import { gauges } from './metrics';

test('plain figures are read, comments and labels passed over', () => {
  const text = '# HELP sanling_up x\nsanling_up 1\nsanling_agents{state="ready"} 3\nsanling_rows_waiting 12.5\n# EOF\n';
  expect([...gauges(text)]).toEqual([['sanling_up', 1], ['sanling_rows_waiting', 12.5]]);
});
