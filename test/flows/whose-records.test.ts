/** Whose records a plan reads and writes: judged on the records, whatever the author of a recipe wrote. One customer's mandate never
 * changes another customer's row, on every CRM that is described by documents. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAPPING as HTTP_MAPPING, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { MAPPING as MCP_MAPPING } from '../../adapters/mcp/rig/mapping.ts';
import { spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { MAPPING as SQL_MAPPING } from '../../adapters/sql/rig/mapping.ts';
import { sqliteSchema } from '../../adapters/sql/rig/schema.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 60_000;
const ENDS = ['completed', 'failed', 'rejected', 'needs_human', 'awaiting_signoff'];
const ID = { type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' };
const NOTE = 'Touched by another';

/** How an author may name a record that is no subject: each of these was, or could be, missed by reading the recipe's text. */
const NAMED: Readonly<Record<string, string>> = {
  camel: 'input.otherId',
  digit: 'input.small2',
  index: "input['other']",
  optional: 'input.?other',
  macro: '[input.other].filter(each, true)[0]',
  built: "'' + input.other",
};

const definition = (name: string): JsonObject => ({
  name,
  version: '1.0.0',
  title: 'Change something beside it',
  summary: 'Change something beside it.',
  description: 'Only for a test.',
  kind: 'write',
  risk: 'R1',
  mandate: 'required',
  default_signoff: 'none',
  subjects: { contract: { type: 'contract', id: 'input.contract' } },
  needs: { contract: [] },
  negotiable: [],
  result: { effects: 'effects' },
  compensation: { by: 'person' },
  words: { request: 'A test.', approval: 'A test.', reversal: 'A test.' },
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['contract'],
    properties: { contract: ID, otherId: ID, small2: ID, other: ID },
  },
  output: {
    type: 'object',
    additionalProperties: false,
    required: ['effects'],
    properties: { effects: { type: 'integer' } },
  },
  examples: { valid: [{ input: { contract: 'K-1001' } }], invalid: [{ input: {} }] },
});

const changing = (action: string, id: string): JsonObject => ({
  action,
  records: { contract: { type: 'contract', id: 'input.contract' }, side: { type: 'contact', id } },
  steps: [{ id: 'side', summary: "'Beside'", update: { record: 'side', set: { 'contact.job_title': `'${NOTE}'` } } }],
});

/** What is read decides what is written in the principal's own record. */
const telling = (action: string): JsonObject => ({
  action,
  records: {
    contract: { type: 'contract', id: 'input.contract' },
    side: { type: 'contact', id: "input['other']" },
  },
  steps: [
    {
      id: 'ticket',
      summary: "'Tell'",
      create: {
        type: 'ticket',
        account: 'records.contract.account',
        set: { subject: "records.side['contact.email']", body: "'x'", priority: "'normal'", operation: 'operation' },
      },
    },
  ],
});

const making = (action: string): JsonObject => ({
  action,
  records: { contract: { type: 'contract', id: 'input.contract' } },
  steps: [
    {
      id: 'ticket',
      summary: "'Make'",
      create: {
        type: 'ticket',
        account: "input['other']",
        set: { subject: `'${NOTE}'`, body: "'x'", priority: "'normal'", operation: 'operation' },
      },
    },
  ],
});

/** The id comes out of a record of the principal's own. */
const chained = (action: string): JsonObject => ({
  action,
  records: {
    contract: { type: 'contract', id: 'input.contract' },
    first: { type: 'contact', id: 'input.other' },
    side: { type: 'contact', id: "records.first['contact.phone']" },
  },
  steps: [{ id: 'side', summary: "'Beside'", update: { record: 'side', set: { 'contact.job_title': `'${NOTE}'` } } }],
});

const RECIPES: Readonly<Record<string, JsonObject>> = {
  ...Object.fromEntries(Object.entries(NAMED).map(([how, id]) => [`beside.${how}`, changing(`beside.${how}`, id)])),
  'beside.telling': telling('beside.telling'),
  'beside.making': making('beside.making'),
  'beside.chained': chained('beside.chained'),
};

interface Stage {
  readonly name: string;
  /** A contract and a contact of the principal's, and those of another. */
  readonly own: { readonly account: string; readonly contract: string; readonly contact: string };
  readonly foreign: { readonly account: string; readonly contact: string };
  open(folder: string): Promise<{
    readonly gateway: TestGateway;
    /** The titles of the contact, and how many records were written. */
    title(contact: string): Promise<unknown>;
    phone(contact: string, value: string): Promise<void>;
    written(): Promise<number>;
    close(): Promise<void>;
  }>;
}

const SHOP = {
  own: { account: 'A-1001', contract: 'K-1001', contact: 'C-1001' },
  foreign: { account: 'A-1002', contact: 'C-1002' },
};

function written(folder: string, name: string, value: object): string {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

/** A CRM behind a server that speaks as the sandbox does, or in tools over its records. */
const served = (name: string, entry: string | undefined, crm: (origin: string, folder: string) => object): Stage => ({
  name,
  ...SHOP,
  async open(folder) {
    const server = await spawnSandbox({
      faults: true,
      token: 'whose-token',
      ...(entry === undefined ? {} : { entry }),
    });
    const gateway = await startTestGateway({
      others: [SHOP.foreign.account],
      config: { crm: crm(server.origin, folder), actions_dir: folder, signoff: { rules: [] }, negotiation: {} },
      environment: { PARLEY_CRM_TOKEN: server.token },
    });
    return {
      gateway,
      title: async (contact) => (await server.record('contacts', contact))['job_title'],
      phone: async (contact, value) => void (await server.edit('contacts', contact, { phone: value })),
      written: async () => (await server.ledger()).filter(({ external_id }) => external_id.startsWith('op_')).length,
      async close() {
        await gateway.stop();
        await server.stop();
      },
    };
  },
});

const STAGES: readonly Stage[] = [
  served('sandbox', undefined, (origin) => ({ adapter: 'sandbox', origin })),
  served('http', undefined, (origin, folder) => ({
    adapter: 'http',
    origin: `${origin}/v1`,
    mapping: written(folder, '../http-mapping.json', HTTP_MAPPING),
    openapi: written(folder, '../openapi.json', OPENAPI),
  })),
  served('mcp', fileURLToPath(new URL('../../adapters/mcp/server/main.ts', import.meta.url)), (origin, folder) => ({
    adapter: 'mcp',
    origin: `${origin}/mcp`,
    mapping: written(folder, '../mcp-mapping.json', MCP_MAPPING),
  })),
  {
    name: 'sql',
    own: { account: 'A-1', contract: 'K-7', contact: 'C-1' },
    foreign: { account: 'A-2', contact: 'F-1' },
    async open(folder) {
      const path = join(folder, '../crm.db');
      const db = new DatabaseSync(path);
      db.exec(sqliteSchema('Nordwind'));
      db.exec(`INSERT INTO accounts (id, name, street, country, vat_id) VALUES ('A-2', 'Other', 'x', 'DE', 'DE2');
        INSERT INTO contacts VALUES ('F-1', 'A-2', 'f@other.example', '+49', 'Fritz', 'Own title');`);
      const crm = {
        adapter: 'sql',
        origin: `sqlite:${path}`,
        mapping: written(folder, '../sql-mapping.json', SQL_MAPPING),
      };
      const gateway = await startTestGateway({
        account: 'A-1',
        others: ['A-2'],
        config: { crm, actions_dir: folder, signoff: { rules: [] }, negotiation: {} },
        environment: { PARLEY_CRM_TOKEN: '' },
      });
      return {
        gateway,
        title: async (contact) => db.prepare('SELECT job_title FROM contacts WHERE id = ?').get(contact)?.['job_title'],
        phone: async (contact, value) =>
          void db.prepare('UPDATE contacts SET phone = ? WHERE id = ?').run(value, contact),
        written: async () => Number(db.prepare('SELECT count(*) AS n FROM parley_effects').get()?.['n']),
        async close() {
          await gateway.stop();
          db.close();
        },
      };
    },
  },
];

describe.each(STAGES.map((stage) => [stage.name, stage] as const))('T16: a plan on %s', (name, stage) => {
  let directory: string;
  let here: Awaited<ReturnType<Stage['open']>>;
  let agent: TestAgent;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'parley-whose-'));
    const folder = mkdtempSync(join(directory, 'actions-'));
    for (const [action, recipe] of Object.entries(RECIPES)) {
      written(folder, `${action}.json`, definition(action));
      written(folder, `${action}.${name}.json`, recipe);
    }
    here = await stage.open(folder);
    agent = await here.gateway.newAgent();
  }, PATIENCE_MS);
  afterAll(async () => {
    await here.close();
    rmSync(directory, { recursive: true, force: true });
  }, PATIENCE_MS);

  async function ask(action: string, input: JsonObject, accounts = [stage.own.account]): Promise<OperationView> {
    const mandate = await here.gateway.mandateFor(agent, { actions: [action], accounts });
    const view = await agent.client.submit(action, { contract: stage.own.contract, ...input }, mandate);
    const ended = await agent.client.waitForTurn(view.id, ({ state }) => ENDS.includes(state));
    // Where nothing makes a write safe to repeat, each one needs a person.
    if (ended.state !== 'awaiting_signoff') return ended;
    await here.gateway.approve(`${here.gateway.origin}/console/signoffs/${ended.signoff?.id}`);
    return agent.client.waitForTurn(view.id, ({ state }) => ENDS.includes(state) && state !== 'awaiting_signoff');
  }

  const naming = (id: string): JsonObject => ({ otherId: id, small2: id, other: id });

  it.each(Object.keys(NAMED))(
    'that names a record by %s ends refused where it is another’s, and is carried out where it is the principal’s',
    async (how) => {
      const before = await here.written();
      const title = await here.title(stage.foreign.contact);
      const foreign = await ask(`beside.${how}`, naming(stage.foreign.contact));
      expect(foreign.problem).toMatchObject({ type: 'urn:parley:problem:not-found' });
      expect(foreign.state).toBe('rejected');
      expect(await here.title(stage.foreign.contact)).toBe(title);
      expect(await here.written()).toBe(before);
      const missing = await ask(`beside.${how}`, naming('X-999999'));
      expect({ state: missing.state, problem: missing.problem }).toEqual({
        state: foreign.state,
        problem: foreign.problem,
      });
      await here.phone(stage.own.contact, `+49 ${how}`);
      const own = await ask(`beside.${how}`, naming(stage.own.contact));
      expect(own.problem).toBeUndefined();
      expect(own.state).toBe('completed');
      expect(await here.title(stage.own.contact)).toBe(NOTE);
    },
    PATIENCE_MS,
  );

  it('that follows an id out of one record to another’s ends refused', async () => {
    const title = await here.title(stage.foreign.contact);
    await here.phone(stage.own.contact, stage.foreign.contact);
    const view = await ask('beside.chained', naming(stage.own.contact));
    expect(view.state).toBe('rejected');
    expect(await here.title(stage.foreign.contact)).toBe(title);
  });

  it('that only reads another’s record to tell of it ends refused', async () => {
    const before = await here.written();
    expect((await ask('beside.telling', naming(stage.foreign.contact))).state).toBe('rejected');
    expect(await here.written()).toBe(before);
    expect((await ask('beside.telling', naming(stage.own.contact))).state).toBe('completed');
  });

  it('that makes a record of another’s account ends refused', async () => {
    const before = await here.written();
    expect((await ask('beside.making', naming(stage.foreign.account))).state).toBe('rejected');
    expect(await here.written()).toBe(before);
    expect((await ask('beside.making', naming(stage.own.account))).state).toBe('completed');
  });

  it('T18: that is about records of two accounts ends refused, though the mandate is for both', async () => {
    const before = await here.written();
    const both = [stage.own.account, stage.foreign.account];
    for (const action of ['beside.index', 'beside.telling']) {
      const view = await ask(action, naming(stage.foreign.contact), both);
      expect(view.problem).toMatchObject({ type: 'urn:parley:problem:record-unusable' });
    }
    expect((await ask('beside.making', naming(stage.foreign.account), both)).state).toBe('rejected');
    expect(await here.written()).toBe(before);
  });
});
