/** The operator's page: is the switch well, what carries it, and what has been done to it. */

import { may } from '../../session';
import { operator } from '../../words/operator';
import { Audit } from './audit';
import { Blocked } from './blocked';
import { Configuration } from './configuration';
import { Figures } from './figures';
import { Health } from './health';
import { Registrations } from './registrations';
import { Status } from './status';
import { Trunks } from './trunks';

export function Operator() {
  return (
    <div class="operation">
      <h1 class="unseen">{operator().title}</h1>
      <div>
        <Health />
        <Status />
        {may('configure') && <Configuration />}
        <Registrations />
      </div>
      <div>
        <Figures />
        <Trunks />
        <Blocked />
      </div>
      {may('audit') && <Audit />}
    </div>
  );
}
