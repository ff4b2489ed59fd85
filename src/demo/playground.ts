/** `npm run playground`: a gateway over a sandbox CRM, and a customer's agent with key and mandate, for trying the examples. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { newAgentKey } from '../client/index.ts';
import { grantMandate } from './agent.ts';
import { approveAsPerson, waitingSignoffs } from './approver.ts';
import { setStage } from './setting.ts';

const { values } = parseArgs({ options: { 'auto-approve': { type: 'boolean', default: false } } });
const LOOK_MS = 500;

const principal = await newAgentKey();
const agent = await newAgentKey();
const iss = 'https://nordwind.example';
const stage = await setStage({
  principal: {
    iss,
    key: { ...principal.publicJwk, kid: principal.keyid },
    subjects: ['contact:C-1001'],
    accounts: ['A-1001'],
  },
});

const directory = resolve('.parley');
mkdirSync(directory, { recursive: true });
const path = (name: string) => resolve(directory, name);
writeFileSync(path('agent.json'), JSON.stringify(agent.privateJwk), { mode: 0o600 });
writeFileSync(path('mandate.txt'), await grantMandate(principal, agent, { iss, maxTermMonths: 36 }));
writeFileSync(
  path('playground.env'),
  `GATEWAY=${stage.origin}\nAGENT_KEY=${path('agent.json')}\nMANDATE=${path('mandate.txt')}\n`,
);
const { id, password } = stage.approver;
process.stdout.write(`gateway   ${stage.origin}
agent     key and mandate in .parley, named by .parley/playground.env
people    ${stage.origin}/console/ as “${id}” with “${password}”${values['auto-approve'] ? ' (approving by themselves)' : ''}
try       node --env-file=.parley/playground.env examples/http-agent.ts
stop      Ctrl-C
`);

let running = true;
const stop = async () => {
  running = false;
  await stage.strike();
};
process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());
while (running && values['auto-approve']) {
  for (const url of await waitingSignoffs(stage.origin, stage.approver).catch(() => [])) {
    await approveAsPerson(stage.origin, url, stage.approver).catch(() => undefined);
  }
  await sleep(LOOK_MS);
}
