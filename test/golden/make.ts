/** Leaves a gateway of this very version with work in every state and writes its data directory down as text: `node test/golden/make.ts`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../protocol/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { SCHEMA_VERSION } from '../../src/store/schema.ts';
import { startTestGateway } from '../support/gateway.ts';

const RULES = [
  {
    name: 'long',
    when: 'action == "contract.renew" && terms.term_months > 24',
    role: 'approver',
    reason: 'The term is longer than two years.',
  },
];
/** Of the CRM's many records the ones that are touched. */
const KEPT = new Set(['A-1001', 'C-1001', 'K-1001']);
const LOOK_MS = 50;
const SETTLING_MS = 1_500;

const gateway = await startTestGateway({ faults: true, config: { signoff: { rules: RULES } } });
const { client, key } = await gateway.newAgent();
const constraints = { actions: ['contract.renew', 'data.validate'], accounts: ['A-1001'] };

async function help(topic: string): Promise<string> {
  return (await client.submit('human.handoff', { topic, message: 'Please call', urgency: 'normal' })).id;
}

async function talk(proposal: JsonObject, contract = 'K-1001'): Promise<OperationView> {
  const mandate = await gateway.mandateFor({ key, client }, constraints);
  const { id } = await client.submit('contract.renew', { contract, proposal }, mandate);
  return client.waitForTurn(id);
}

async function accepted(view: OperationView): Promise<string> {
  const offer = view.offers?.findLast(({ by }) => by !== 'agent');
  if (offer === undefined) throw new Error('no offer');
  await client.accept(view, offer);
  return view.id;
}

async function until(met: () => Promise<boolean>): Promise<void> {
  while (!(await met())) await sleep(LOOK_MS);
}

const ids: Record<string, string> = {};
ids['completed'] = await help('Done');
await client.waitForTurn(ids['completed']);
ids['withdrawn'] = (await talk({ term_months: 12 })).id;
await client.withdraw(ids['withdrawn']);
ids['rejected'] = (await talk({ term_months: 12 }, 'K-9999')).id;
ids['negotiating'] = (await talk({ term_months: 24, seats: 50 })).id;
ids['awaiting_signoff'] = await accepted(await talk({ term_months: 36, seats: 40 }));
await client.waitForTurn(ids['awaiting_signoff'], ({ state }) => state === 'awaiting_signoff');
// Written, and the answer lost: one found out, one still under way.
const { crm } = gateway;
await crm.fault({ op: 'write', kind: '500-after', count: 1 });
await crm.fault({ op: 'read', kind: '500-before', count: 100_000 });
const unknown = await help('Unknown');
ids['unknown'] = unknown;
await until(async () => (await client.read(unknown)).state === 'unknown');
await crm.clearFaults();
await crm.fault({ op: 'write', kind: 'hang-after', count: 1 });
await crm.fault({ op: 'read', kind: '500-before', count: 100_000 });
const executing = await help('In flight');
ids['executing'] = executing;
await until(async () => (await crm.ledger()).some(({ external_id }) => external_id.startsWith(executing)));
const mandate = await gateway.mandateFor({ key, client }, constraints);
const late = await client.submit('contract.renew', { contract: 'K-1001', proposal: { term_months: 18 } }, mandate);
ids['received'] = late.id;
await sleep(SETTLING_MS);

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

const { data_dir: data, secrets: _secrets, crm: _crm, ...config } = gateway.config;
for (const { id } of await crm.ledger()) KEPT.add(id);
const states = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, gateway.operation(id).state]));
const folder = join(import.meta.dirname, String(SCHEMA_VERSION));
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'parley.sql'), dump(join(data, 'parley.db')));
writeFileSync(
  join(folder, 'crm.sql'),
  dump(join(data, '..', 'crm.db'), (table, row) => table === 'changes' || KEPT.has(String(row['id']).slice(1, -1))),
);
const golden = {
  at: new Date().toISOString(),
  origin: gateway.origin,
  ids,
  states,
  agent: { privateJwk: key.privateJwk },
  keys: JSON.parse(readFileSync(join(data, 'keys.json'), 'utf8')),
  checkpoint: readFileSync(join(data, 'log.checkpoint'), 'utf8'),
  config,
};
writeFileSync(join(folder, 'golden.json'), `${JSON.stringify(golden, null, 2)}\n`);
process.stdout.write(`${folder}: ${JSON.stringify(states)}\n`);
await gateway.stop();
process.exit(0);
