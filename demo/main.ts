/** `npm run demo`: a customer's AI renews a real contract record, with a person signing off, and the receipt is verified offline. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../protocol/base/json.ts';
import type { Money } from '../protocol/base/money.ts';
import { isFinalState, type OperationView } from '../protocol/operation.ts';
import { PLAYGROUND_DIR } from '../src/cli/playground.ts';
import { scriptOptions } from '../src/cli/script.ts';
import { verifyCommand } from '../src/cli/verify.ts';
import { type BuyerGoals, type Client, fileJournal, makeClient, newAgentKey } from '../src/client/index.ts';
import { acceptedTerms, grantMandate, seeThrough } from './agent.ts';
import { approveAsPerson } from './approver.ts';
import { type CrmRecord, heldTerms, nextTermLine, recordLine, say, scene } from './say.ts';
import { setStage } from './setting.ts';

const CONTRACT = 'K-1001';
const eur = (amount: number): Money => ({ amount, currency: 'EUR' });
/** The customer's own wishes and limits: only their agent knows them. */
const WISH = { unit_price: { ...eur(4300) }, term_months: 24, seats: 32 };
const TERM_MONTHS_MAX = 36;
const GOALS: BuyerGoals = {
  terms: {
    unit_price: { wish: WISH.unit_price, most: eur(4720), weight: 5 },
    term_months: { wish: WISH.term_months, most: TERM_MONTHS_MAX },
    seats: { wish: WISH.seats },
    notice_days: { wish: 60, most: 60 },
  },
};

const values = scriptOptions({
  usage: `npm run demo [-- --auto-approve] [-- --out DIR]

A customer's agent renews a contract at a company: they negotiate, a person signs off, the sandbox CRM changes, the receipt is verified.
  --auto-approve   the person is played; without it you are the person, with the sign-in it prints
  --out DIR        where the receipt and the company's keys are left (default: ${join(PLAYGROUND_DIR, 'demo')})

Exit: 0 the CRM changed as agreed and the receipt verifies, 1 it did not come to that.`,
  options: {
    'auto-approve': { type: 'boolean', default: false },
    out: { type: 'string', default: join(PLAYGROUND_DIR, 'demo') },
  },
});

scene('Two companies');
const agentKey = await newAgentKey();
const principalKey = await newAgentKey();
const iss = 'https://nordwind.example';
const principal = { iss, subjects: ['contact:C-1001'], accounts: ['A-1001'] };
const stage = await setStage({
  principal: { ...principal, key: { ...principalKey.publicJwk, kid: principalKey.keyid } },
});
const exit = await play().catch((error: unknown) => {
  process.stderr.write(
    `\nThe demo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
});
await stage.strike();
process.exitCode = exit;

async function play(): Promise<number> {
  say(
    'setting',
    `a sandbox CRM (${stage.crm.origin}) with a few hundred records, and Cumulus Software’s gateway (${stage.origin})`,
  );
  const before = await stage.crm.record('contracts', CONTRACT);
  say('CRM', `contract ${CONTRACT} of Nordwind Logistik: ${recordLine(before)}`);

  const client = makeClient({
    gateway: stage.origin,
    key: agentKey,
    journal: fileJournal(join(stage.directory, 'agent-journal.jsonl')),
  });
  scene('The customer’s AI arrives');
  const profile = await client.discover();
  say(
    'agent',
    `reads ${stage.origin}/.well-known/parley: ${profile.company} offers ${(profile['actions'] as JsonObject[]).map(({ name }) => String(name)).join(', ')}`,
  );
  await client.register({ name: 'Nordwind procurement agent', contact: 'mailto:k.brandt@nordwind.example' });
  say('agent', `registers its key ${agentKey.keyid}, proven by its own signature`);
  const mandate = await grantMandate(principalKey, agentKey, { iss, maxTermMonths: TERM_MONTHS_MAX });
  say(
    'Katrin',
    `signs a mandate: renew contracts of account A-1001, at most ${TERM_MONTHS_MAX} months and 40 seats, for 30 days`,
  );

  scene('They negotiate');
  let view = await client.submit(
    'contract.renew',
    {
      contract: CONTRACT,
      proposal: WISH,
      message: 'We grow to 32 seats and would commit to two years. What can you do on price?',
    },
    mandate,
  );
  say('agent', `asks to renew ${CONTRACT} (${view.id})`);
  view = await seeThrough(client, await client.waitForTurn(view.id), { goals: GOALS, signoff });
  if (view.state !== 'completed') {
    say('gateway', `the operation ended as ${view.state}: ${JSON.stringify(view.problem ?? {})}`);
    // That it came to nothing is proven as well.
    if (isFinalState(view.state)) await verify(client, view, profile['keys']);
    return 1;
  }

  scene('The record changed, and anyone can check');
  const proven = await prove(client, view, before, profile['keys']);
  process.stdout.write(
    proven ? '\nDone: renewed, signed off, written once, and proven.\n' : '\nThe demo did not end as it should.\n',
  );
  return proven ? 0 : 1;
}

async function signoff(waiting: OperationView): Promise<void> {
  scene('A person signs off');
  const url = `${stage.origin}/console/signoffs/${waiting.signoff?.id ?? ''}`;
  say('gateway', `asks a person: ${waiting.signoff?.reasons.join(' ') ?? ''}`);
  say('gateway', `sign-off page: ${url}`);
  if (values['auto-approve']) {
    await approveAsPerson(stage.origin, url, stage.approver);
    say('Maria', '(played by --auto-approve) signs in, looks at the plan, approves it');
  } else {
    const { id, password } = stage.approver;
    say('you', `open the page, sign in as “${id}” with “${password}”, and decide; the demo waits`);
  }
}

/** Compares the CRM with what was agreed, and verifies the receipt with nothing but the company's published keys. */
async function prove(client: Client, view: OperationView, before: CrmRecord, keySet: unknown): Promise<boolean> {
  const after = await stage.crm.record('contracts', CONTRACT);
  say('CRM', `before: ${recordLine(before)}`);
  say('CRM', `after:  ${recordLine(after)}`);
  if (typeof after['next_start_date'] === 'string') say('CRM', `next:   ${nextTermLine(after)}`);
  const agreed = acceptedTerms(view);
  const held = heldTerms(after, agreed);
  const same = Object.entries(agreed).every(([name, value]) => JSON.stringify(held[name]) === JSON.stringify(value));
  const changed = same && after['revision'] === Number(before['revision']) + 1;
  say('check', changed ? 'the CRM holds exactly the agreed terms, written once' : 'THE CRM DIFFERS FROM THE AGREEMENT');
  const verdict = await verify(client, view, keySet);
  return changed && verdict === 0;
}

/** What anyone can check, whenever they like: the receipt stays when the demo is over. */
async function verify(client: Client, view: OperationView, keySet: unknown): Promise<number> {
  await mkdir(values.out, { recursive: true });
  const [receipt, keys] = [join(values.out, 'receipt.json'), join(values.out, 'company-keys.json')];
  await writeFile(receipt, JSON.stringify(await client.receipt(view.id)));
  await writeFile(keys, JSON.stringify({ keys: keySet }));
  process.stdout.write('\n');
  const verdict = await verifyCommand([receipt, '--keys', keys], {
    readFile: (path) => readFile(path, 'utf8'),
    out: (line) => process.stdout.write(`  ${line}\n`),
    err: (line) => process.stderr.write(`  ${line}\n`),
  });
  process.stdout.write(`\n  Again, offline, whenever you like:\n  ${verifying(receipt, keys)}\n`);
  return verdict;
}

/** As it is typed where the demo was started. */
function verifying(receipt: string, keys: string): string {
  const cli = relative('.', fileURLToPath(new URL('../src/cli/main.ts', import.meta.url)));
  // Elsewhere than in the checkout, npx would not find the Node.js that it brings.
  const node = cli.startsWith('..') ? [process.execPath] : ['npx', 'node'];
  return [...node, cli, 'verify', receipt, '--keys', keys].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
