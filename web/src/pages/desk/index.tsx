/** The supervisor's desk: into a call and out of it, agents' states, those who are to be called back. */

import { desk } from '../../words/desk';
import { Agents } from './agents';
import { CallBacks } from './call-backs';
import { Calls } from './calls';

export function Desk() {
  return (
    <div class="desk">
      <h1 class="unseen">{desk().title}</h1>
      <Calls />
      <Agents />
      <CallBacks />
    </div>
  );
}
