/** `npm run playground`: a gateway over a sandbox CRM, and a customer's agent with key and mandate, for trying the examples. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PLAYGROUND_DIR, playgroundFile } from '../src/cli/playground.ts';
import { scriptOptions } from '../src/cli/script.ts';
import { newAgentKey } from '../src/client/index.ts';
import { grantMandate } from './agent.ts';
import { approveAsItComes } from './approver.ts';
import { setStage } from './setting.ts';

const values = scriptOptions({
  usage: `npm run playground [-- --auto-approve]

A gateway over a sandbox CRM until Ctrl-C, and in ${PLAYGROUND_DIR} an agent's key and mandate for the examples and parley mcp.
  --auto-approve   whatever a person is asked is approved; without it you are the person, with the sign-in it prints`,
  options: { 'auto-approve': { type: 'boolean', default: false } },
});

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

const directory = resolve(PLAYGROUND_DIR);
mkdirSync(directory, { recursive: true });
const path = (name: string) => resolve(directory, name);
writeFileSync(path('agent.json'), JSON.stringify(agent.privateJwk), { mode: 0o600 });
// What an earlier agent had begun is not this one's to go on with.
rmSync(path('agent.json.journal'), { force: true });
writeFileSync(path('mandate.txt'), await grantMandate(principal, agent, { iss, maxTermMonths: 36 }));
writeFileSync(
  path('playground.env'),
  `GATEWAY=${stage.origin}\nAGENT_KEY=${path('agent.json')}\nMANDATE=${path('mandate.txt')}\n`,
);
const { crm } = stage;
writeFileSync(
  path('playground.json'),
  playgroundFile({
    gateway: stage.origin,
    data: join(stage.directory, 'data'),
    key: path('agent.json'),
    mandate: path('mandate.txt'),
    crm: { origin: crm.origin, token: crm.token },
  }),
  { mode: 0o600 },
);
const { id, password } = stage.approver;
process.stdout.write(`gateway   ${stage.origin}
agent     key and mandate in ${PLAYGROUND_DIR}, named by ${PLAYGROUND_DIR}/playground.env: it may renew and validate for A-1001
mandate   another, for any action and account: npm run parley -- mandate --playground --action contract.cancel --account A-1002
people    ${stage.origin}/console/ as “${id}” with “${password}”${values['auto-approve'] ? ' (approving by themselves)' : ''}
try       npx node --env-file=${PLAYGROUND_DIR}/playground.env examples/http-agent.ts
stop      Ctrl-C
`);

let running = true;
const stop = async () => {
  running = false;
  await stage.strike();
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stop());
if (values['auto-approve']) {
  try {
    await approveAsItComes(stage.origin, stage.approver, () => !running);
  } catch (error) {
    // When the playground is stopped, the gateway goes away under the approver.
    if (running) process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (running) await stop();
  }
}
