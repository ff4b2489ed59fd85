/** Leaves gateways of this very version with work in every state and writes their data directories down as text: `node test/golden/make.ts`.
 * One in front of a CRM that keeps keys, one of one where a write can be looked up, one where it cannot even be that. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MAPPING as MCP_MAPPING } from '../../adapters/mcp/rig/mapping.ts';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { appendRevocation } from '../../src/identity/revocations.ts';
import { SCHEMA_VERSION } from '../../src/store/schema.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const RULES = [
  {
    name: 'long',
    when: 'action == "contract.renew" && terms.term_months > 24',
    role: 'approver',
    reason: 'The term is longer than two years.',
  },
  {
    name: 'claims',
    when: 'action in ["refund.request", "sla.credit"]',
    role: 'approver',
    reason: 'A person looks at it.',
  },
];
/** Of the CRM's many records the ones that are touched. */
const KEPT = new Set(['A-1001', 'A-1003', 'C-1001', 'K-1001', 'K-1003', 'O-1002']);
const ACTIONS = ['contract.renew', 'contract.amend', 'data.validate', 'refund.request', 'sla.credit'];
const LOOK_MS = 50;
const DAY_MS = 86_400_000;
const SETTLING_MS = 1_500;
/** A search is so far behind, and is declared to be no further. */
const LATE_MS = 15_000;
const SHOWN_MS = 20_000;
const FOR_EVER = 100_000;
/** Two that are asked for together are both being written by then. */
const BESIDE_MS = 3_000;

interface Left {
  readonly gateway: TestGateway;
  readonly agent: TestAgent;
  readonly crm: Sandbox;
  /** What is asked for under, now and when it is opened. */
  readonly mandate: string;
  readonly ids: Record<string, string>;
}

const help = async ({ agent: { client } }: Left, topic: string): Promise<string> =>
  (await client.submit('human.handoff', { topic, message: 'Please call', urgency: 'normal' })).id;

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await sleep(LOOK_MS);
}
const isIn = ({ agent }: Left, id: string, state: string) =>
  until(async () => (await agent.client.read(id)).state === state);
const isWritten = ({ crm }: Left, id: string) =>
  until(async () => (await crm.ledger()).some(({ external_id }) => external_id.startsWith(id)));

async function asked({ agent: { client } }: Left, id: string): Promise<OperationView> {
  const view = await client.waitForTurn(id, ({ state }) => state === 'awaiting_signoff');
  if (view.state !== 'awaiting_signoff') throw new Error(`nobody is asked: ${JSON.stringify(view)}`);
  return view;
}
async function approved(left: Left, id: string): Promise<string> {
  const { signoff } = await asked(left, id);
  await left.gateway.approve(`${left.gateway.origin}/console/signoffs/${signoff?.id}`);
  return id;
}

/** From now on nobody can read: what is open stays open. */
async function blind(crm: Sandbox): Promise<void> {
  await crm.clearFaults();
  await crm.fault({ op: 'read', kind: '500-before', count: FOR_EVER });
}

async function renewals(left: Left): Promise<void> {
  const { agent, ids, mandate } = left;
  const talk = async (proposal: JsonObject, contract = 'K-1001') => {
    const { id } = await agent.client.submit('contract.renew', { contract, proposal }, mandate);
    return agent.client.waitForTurn(id);
  };
  ids['withdrawn'] = (await talk({ term_months: 12 })).id;
  await agent.client.withdraw(ids['withdrawn']);
  ids['rejected'] = (await talk({ term_months: 12 }, 'K-9999')).id;
  ids['negotiating'] = (await talk({ term_months: 24, seats: 50 })).id;
  const view = await talk({ term_months: 36, seats: 40 });
  const offer = view.offers?.findLast(({ by }) => by !== 'agent');
  if (offer === undefined) throw new Error('no offer');
  await agent.client.accept(view, offer);
  ids['awaiting_signoff'] = view.id;
  await asked(left, view.id);
}

/** Two that wait for a person, and hold what they claim. */
async function claims(left: Left): Promise<void> {
  const { agent, ids, mandate } = left;
  const day = new Date(Date.now() - 5 * DAY_MS).toISOString().slice(0, 10);
  const incident = { from: `${day}T08:00:00Z`, to: `${day}T11:00:00Z`, minutes_down: 180 };
  const order = { order: 'O-1002', want: 'refund', reason: 'It arrived broken.' };
  ids['refunding'] = (await agent.client.submit('refund.request', order, mandate)).id;
  ids['crediting'] = (await agent.client.submit('sla.credit', { contract: 'K-1001', incident }, mandate)).id;
  for (const name of ['refunding', 'crediting']) await asked(left, ids[name] ?? '');
}

async function keyed(left: Left): Promise<void> {
  const { agent, crm, ids, mandate } = left;
  ids['completed'] = await help(left, 'Done');
  await agent.client.waitForTurn(ids['completed']);
  await renewals(left);
  await claims(left);
  await blind(crm);
  await crm.fault({ op: 'write', kind: '500-after', count: 1 });
  ids['unknown'] = await help(left, 'Unknown');
  await isIn(left, ids['unknown'], 'unknown');
  await crm.fault({ op: 'write', kind: 'hang-after', count: 1 });
  ids['executing'] = await help(left, 'In flight');
  await isWritten(left, ids['executing']);
  const late = await agent.client.submit(
    'contract.renew',
    { contract: 'K-1001', proposal: { term_months: 18 } },
    mandate,
  );
  ids['received'] = late.id;
  await sleep(SETTLING_MS);
}

/** Where a person is asked for every write. */
async function askedForAll(left: Left, isLookedUp: boolean): Promise<void> {
  const { agent, crm, ids, mandate } = left;
  ids['completed'] = await approved(left, await help(left, 'Done'));
  await agent.client.waitForTurn(ids['completed']);
  if (isLookedUp) {
    const day = new Date(Date.now() + 5 * DAY_MS).toISOString().slice(0, 10);
    const input = { contract: 'K-1001', seats: 30, effective_on: day };
    ids['scheduled'] = await approved(left, (await agent.client.submit('contract.amend', input, mandate)).id);
    await isIn(left, ids['scheduled'], 'scheduled');
  }
  for (const name of ['unwritten', 'unknown', 'executing']) {
    ids[name] = await help(left, name);
    await asked(left, ids[name]);
  }
  // Whoever is asked is read before it is written: the CRM fails from the write on.
  for (const [name, kind] of [
    ['unwritten', '500-before'],
    ['unknown', '500-after'],
    ['executing', 'hang-after'],
  ] as const) {
    const id = ids[name] ?? '';
    await crm.fault({ op: 'write', kind, count: 1 });
    await approved(left, id);
    if (name === 'unwritten')
      await until(async () => !['awaiting_signoff', 'authorized'].includes((await agent.client.read(id)).state));
    else await isWritten(left, id);
  }
  await blind(crm);
}

/** Two whose permission is taken back after their first step, and whose reversals are under way: one arrived and was not answered, one
 * was lost on its way there. */
async function reversals(left: Left): Promise<void> {
  const { gateway, agent, crm, ids } = left;
  const askedOrWritten = async (id: string) => {
    const { state } = await agent.client.waitForTurn(id, (each) => !['received', 'authorized'].includes(each.state));
    if (state === 'awaiting_signoff') await approved(left, id);
  };
  ids['completed'] = await help(left, 'Done');
  await askedOrWritten(ids['completed']);
  await agent.client.waitForTurn(ids['completed']);
  await crm.fault({ op: 'write', kind: 'delay', ms: BESIDE_MS, count: 2 });
  await crm.fault({ op: 'write', kind: '429-bare', count: FOR_EVER });
  const asked = ['1001', '1003'].map(async (number) => {
    const constraints = { actions: ['provider.switch'], accounts: [`A-${number}`] };
    const mandate = await gateway.mandateFor(agent, constraints);
    const input = { contract: `K-${number}`, target: 'Other Cloud Ltd', export_scope: ['all'] };
    const { id } = await agent.client.submit('provider.switch', input, mandate);
    await askedOrWritten(id);
    return { id, jti: JSON.parse(Buffer.from(mandate.split('.')[1] ?? '', 'base64url').toString('utf8')).jti };
  });
  const begun = await Promise.all(asked);
  const attemptsOf = (id: string) => gateway.operation(id).attempts;
  await until(async () =>
    begun.every(({ id }) => attemptsOf(id)[0]?.result !== undefined && attemptsOf(id).length > 1),
  );
  // Neither goes on before both permissions are gone.
  await blind(crm);
  for (const { jti } of begun)
    appendRevocation(join(gateway.config.data_dir, 'revoked.jsonl'), { kind: 'mandate', id: jti, reason: 'Not mine' });
  await until(async () => gateway.log.some(({ event }) => event === 'revocations.taken'));
  await crm.clearFaults();
  await crm.fault({ op: 'write', kind: '500-after', count: 1 });
  await crm.fault({ op: 'write', kind: '500-before', count: FOR_EVER });
  await until(async () => begun.every(({ id }) => attemptsOf(id)[0]?.reversal?.doubtedAt !== undefined));
  await crm.fault({ op: 'read', kind: '500-before', count: FOR_EVER });
  for (const { id } of begun) {
    const writes = (await crm.ledger()).filter(({ external_id }) => external_id.startsWith(id));
    ids[writes.length > 1 ? 'reversed' : 'unreversed'] = id;
  }
}

function dump(path: string, keep: (table: string, row: Record<string, unknown>) => boolean = () => true): string {
  const db = new DatabaseSync(path, { readOnly: true });
  const schema = db
    .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    .all()
    .sort((one, other) => Number(one['type'] === 'index') - Number(other['type'] === 'index'));
  const lines = schema.map(({ sql }) => `${String(sql).replaceAll(/\s*\n\s*/g, ' ')};`);
  for (const { type, name } of schema) {
    if (type !== 'table') continue;
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').all(String(name));
    const names = columns.map((column) => `"${String(column['name'])}"`);
    const rows = db
      .prepare(`SELECT ${names.map((each) => `quote(${each}) AS ${each}`).join(', ')} FROM "${name}"`)
      .all();
    for (const row of rows.filter((each) => keep(String(name), each)))
      lines.push(`INSERT INTO "${name}" (${names.join(', ')}) VALUES (${Object.values(row).join(', ')});`);
  }
  lines.push(`PRAGMA user_version = ${db.prepare('PRAGMA user_version').get()?.['user_version']};`);
  db.close();
  return `${lines.join('\n')}\n`;
}

interface Variant {
  /** At the end of the directory's name. */
  readonly name: string;
  /** Over the rig's tools instead of the sandbox's own API: how a write is recognised there. */
  readonly mapping?: JsonObject;
  readonly work: (left: Left) => Promise<void>;
}

const VARIANTS: readonly Variant[] = [
  { name: '', work: keyed },
  {
    name: '-lookup',
    mapping: { ...MCP_MAPPING, settles_within_ms: SHOWN_MS },
    work: (left) => askedForAll(left, true),
  },
  { name: '-reversing', work: reversals },
  { name: '-lookup-reversing', mapping: { ...MCP_MAPPING, settles_within_ms: SHOWN_MS }, work: reversals },
  { name: '-none', mapping: { ...MCP_MAPPING, idempotency: 'none' }, work: (left) => askedForAll(left, false) },
];

async function make({ name, mapping, work }: Variant): Promise<void> {
  const folder = join(import.meta.dirname, `${SCHEMA_VERSION}${name}`);
  const beside = mkdtempSync(join(tmpdir(), 'parley-make-'));
  const tools = mapping === undefined ? undefined : await spawnTools(join(beside, 'crm.db'));
  const described = join(beside, 'mapping.json');
  writeFileSync(described, JSON.stringify(mapping ?? {}));
  const gateway = await startTestGateway({
    faults: true,
    others: ['A-1003'],
    config: {
      signoff: { rules: RULES },
      ...(tools === undefined ? {} : { crm: { adapter: 'mcp', origin: `${tools.origin}/mcp`, mapping: described } }),
    },
    ...(tools === undefined ? {} : { environment: { PARLEY_CRM_TOKEN: tools.token } }),
  });
  const agent = await gateway.newAgent();
  const mandate = await gateway.mandateFor(agent, { actions: ACTIONS, accounts: ['A-1001'] });
  const ids: Record<string, string> = {};
  const crm = tools ?? gateway.crm;
  await work({ gateway, agent, crm, mandate, ids });
  const { data_dir: data, secrets: _secrets, crm: _crm, ...config } = gateway.config;
  for (const { id } of await crm.ledger()) KEPT.add(id);
  const states = Object.fromEntries(Object.entries(ids).map(([each, id]) => [each, gateway.operation(id).state]));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'parley.sql'), dump(join(data, 'parley.db')));
  const records = tools === undefined ? join(data, '..', 'crm.db') : join(beside, 'crm.db');
  writeFileSync(
    join(folder, 'crm.sql'),
    dump(records, (table, row) => table === 'changes' || KEPT.has(String(row['id']).slice(1, -1))),
  );
  const golden = {
    at: new Date().toISOString(),
    origin: gateway.origin,
    ids,
    states,
    mandate,
    agent: { privateJwk: agent.key.privateJwk },
    keys: JSON.parse(readFileSync(join(data, 'keys.json'), 'utf8')),
    checkpoint: readFileSync(join(data, 'log.checkpoint'), 'utf8'),
    config,
    ...(mapping === undefined ? {} : { mapping }),
  };
  writeFileSync(join(folder, 'golden.json'), `${JSON.stringify(golden, null, 2)}\n`);
  process.stdout.write(`${folder}: ${JSON.stringify(states)}\n`);
  await gateway.stop();
  await tools?.kill();
}

const spawnTools = (db: string): Promise<Sandbox> =>
  spawnSandbox({
    db,
    args: ['--late', String(LATE_MS)],
    token: 'golden-token',
    faults: true,
    entry: fileURLToPath(new URL('../../adapters/mcp/server/main.ts', import.meta.url)),
  });

const only = process.argv[2];
for (const variant of VARIANTS.filter(({ name }) => only === undefined || name === only)) await make(variant);
process.exit(0);
