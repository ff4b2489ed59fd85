import type { JsonWebKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { approveAsPerson } from '../../demo/approver.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { isFinalState, type OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { verifyLog } from '../../src/cli/log.ts';
import { type Client, loadAgentKey, makeClient, memoryJournal } from '../../src/client/index.ts';
import { parseConfig } from '../../src/config/config.ts';
import { type Gateway, startGateway } from '../../src/gateway.ts';
import { SCHEMA_VERSION } from '../../src/store/schema.ts';
import { APPROVER } from '../support/config.ts';

interface Golden {
  /** When it was left as it is. */
  readonly at: string;
  readonly origin: string;
  /** What each operation was left in. */
  readonly ids: Readonly<Record<string, string>>;
  readonly agent: { readonly privateJwk: JsonWebKey };
  readonly keys: object;
  /** Kept beside the keys since version 9. */
  readonly checkpoint?: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Under which more is asked for; kept since version 17, like the next. */
  readonly mandate?: string;
  /** In front of the rig's tools: where a write can be looked up, or not even that. */
  readonly mapping?: object;
}

const FOLDER = import.meta.dirname;
/** Every search shows by then what it ever will. */
const LATER_MS = 300_000;
const NAMES = readdirSync(FOLDER).filter((name) => /^\d+(?:-[\w-]+)?$/.test(name));
const VERSIONS = NAMES.filter((name) => /^\d+$/.test(name))
  .map(Number)
  .sort((one, other) => one - other);
/** Of the seed that the reversing directories were made with. */
const ENDS_ON: Readonly<Record<string, string>> = { 'K-1001': '2026-12-31', 'K-1003': '2027-11-05' };
const TOOLS = fileURLToPath(new URL('../../adapters/mcp/server/main.ts', import.meta.url));

let crm: Sandbox | undefined;
let gateway: Gateway | undefined;
let folder = '';
/** Starts it, also again after a stop. */
let start = async (): Promise<void> => undefined;
afterEach(async () => {
  await gateway?.stop();
  await crm?.stop();
  vi.useRealTimers();
  if (folder !== '') rmSync(folder, { recursive: true });
  [gateway, crm, folder] = [undefined, undefined, ''];
});

function loadSql(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(`BEGIN; ${sql} COMMIT;`);
  db.close();
}

const fileOf = (directory: string, name: string) => readFileSync(join(FOLDER, directory, name), 'utf8');

/** The directory as an earlier version left it, opened by this one at the moment it was left, or so much later. */
async function opened(version: string, laterMs = 0): Promise<Opened> {
  const golden = JSON.parse(fileOf(version, 'golden.json')) as Golden;
  folder = mkdtempSync(join(tmpdir(), 'parley-golden-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  loadSql(join(data, 'parley.db'), fileOf(version, 'parley.sql'));
  loadSql(join(folder, 'crm.db'), fileOf(version, 'crm.sql'));
  writeFileSync(join(data, 'keys.json'), JSON.stringify(golden.keys), { mode: 0o600 });
  if (golden.checkpoint !== undefined) writeFileSync(join(data, 'log.checkpoint'), golden.checkpoint);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(golden.at) + laterMs, shouldAdvanceTime: true });
  const { mapping } = golden;
  const more = mapping === undefined ? {} : { entry: TOOLS };
  crm = await spawnSandbox({ db: join(folder, 'crm.db'), token: 'golden-token', faults: true, ...more });
  const described = join(folder, 'mapping.json');
  writeFileSync(described, JSON.stringify(mapping ?? {}));
  const own = { adapter: 'sandbox', origin: crm.origin };
  const tools = { adapter: 'mcp', origin: `${crm.origin}/mcp`, mapping: described };
  const file = { ...golden.config, crm: mapping === undefined ? own : tools, data_dir: 'data' };
  const config = parseConfig(file, { PARLEY_CRM_TOKEN: crm.token }, folder);
  start = async () => {
    gateway = await startGateway(config, () => undefined);
  };
  await start();
  const client = makeClient({
    gateway: golden.origin,
    key: await loadAgentKey(golden.agent.privateJwk),
    journal: memoryJournal(),
  });
  return { golden, client, crm };
}

interface Opened {
  readonly golden: Golden;
  readonly client: Client;
  readonly crm: Sandbox;
}

function within({ golden: { ids }, client, crm }: Opened) {
  const id = (name: string) => ids[name] ?? expect.fail(`no ${name}`);
  const read = (name: string): Promise<OperationView> => client.read(id(name));
  return {
    id,
    read,
    written: async (name: string) =>
      (await crm.ledger()).filter(({ external_id }) => external_id.startsWith(id(name))).length,
    ends: (name: string, state: string) =>
      expect.poll(async () => (await read(name)).state, { timeout: 30_000 }).toBe(state),
  };
}

async function nothingIsWrong(origin: string): Promise<void> {
  const told: string[] = [];
  const io = { out: (line: string) => void told.push(line), err: (line: string) => void told.push(line) };
  expect([await verifyLog({ folder: join(folder, 'data'), origin }, io), told.join()]).toEqual([
    0,
    expect.stringContaining('nothing is wrong'),
  ]);
}

/** What was shown may be planned otherwise today: then it is asked for again, and what is approved is what is shown. */
async function approvesWhatIsShown(found: Opened, name: string): Promise<void> {
  const { client } = found;
  const { origin } = found.golden;
  const { id, read } = within(found);
  for (let approvals = 0; approvals < 3; approvals += 1) {
    const { signoff } = await client.waitForTurn(id(name), ({ state }) => state === 'awaiting_signoff');
    if (signoff === undefined || (await read(name)).state !== 'awaiting_signoff') break;
    await approveAsPerson(origin, `${origin}/console/signoffs/${signoff.id}`, APPROVER);
    await expect
      .poll(() => read(name), { timeout: 10_000 })
      .not.toMatchObject({ state: 'awaiting_signoff', signoff: { id: signoff.id } });
  }
}

/** What was claimed before is claimed: nobody else gets it, and whoever claimed it does. */
async function claimsAreHeld(found: Opened): Promise<void> {
  const { golden, client } = found;
  const { id, read, written, ends } = within(found);
  for (const name of ['refunding', 'crediting'].filter((each) => each in golden.ids)) {
    const { action, signoff } = await read(name);
    const input = gatewayInput(id(name));
    const other = await client.submit(action, input, golden.mandate);
    const refused = await client.waitForTurn(other.id, ({ state }) => state === 'rejected');
    expect([name, refused.state]).toEqual([name, 'rejected']);
    await approveAsPerson(golden.origin, `${golden.origin}/console/signoffs/${signoff?.id}`, APPROVER);
    await ends(name, 'completed');
    expect([name, (await written(name)) > 0]).toEqual([name, true]);
  }
}

function gatewayInput(id: string): JsonObject {
  const db = new DatabaseSync(join(folder, 'data', 'parley.db'), { readOnly: true });
  const row = db.prepare('SELECT doc FROM operations WHERE id = ?').get(id);
  db.close();
  return JSON.parse(String(row?.['doc'])).input;
}

describe.each(VERSIONS.map(String))('a data directory of version %s', (version) => {
  it('E14: opens with work in every state, and all of it ends', { timeout: 90_000 }, async () => {
    const found = await opened(version);
    const { client } = found;
    const { origin, ids } = found.golden;
    const { id, written, read, ends } = within(found);
    await claimsAreHeld(found);

    // What had ended stays as it ended, and its receipt proven.
    for (const name of ['completed', 'renewed', 'withdrawn', 'rejected'].filter((each) => each in ids)) {
      expect(isFinalState((await read(name)).state)).toBe(true);
      const receipt = await client.receipt(id(name));
      const keys = { keys: (await client.discover())['keys'] };
      expect([name, (await verifyReceipt(receipt, { keys })).verdict]).toEqual([name, 'valid']);
    }
    // Writes whose outcome nobody knew are found, and not made again.
    for (const name of ['executing', 'unknown']) {
      await ends(name, 'completed');
      expect([name, await written(name)]).toEqual([name, 1]);
    }
    await approvesWhatIsShown(found, 'awaiting_signoff');
    await ends('awaiting_signoff', 'completed');
    for (const name of ['negotiating', 'received']) {
      await client.waitForTurn(id(name));
      const view = await read(name);
      if (!isFinalState(view.state)) await client.withdraw(id(name));
      expect(isFinalState((await read(name)).state)).toBe(true);
    }
    await nothingIsWrong(origin);
  });
});

describe.each(NAMES.filter((name) => name.endsWith('-lookup')))('%s: where a write can be looked up', (name) => {
  it('E14: what was in flight is found, what never arrived is sent once more, and a day is kept', {
    timeout: 120_000,
  }, async () => {
    const found = await opened(name, LATER_MS);
    const { written, ends, read } = within(found);
    for (const each of ['executing', 'unknown', 'unwritten']) {
      if (each === 'unwritten') await approvesWhatIsShown(found, each);
      await ends(each, 'completed');
      expect([each, await written(each)]).toEqual([each, 1]);
    }
    const { scheduled } = await read('scheduled');
    expect(await written('scheduled')).toBe(0);
    await gateway?.stop();
    vi.setSystemTime(Date.parse(`${scheduled?.on}T12:00:00Z`));
    await start();
    await ends('scheduled', 'completed');
    expect(await found.crm.record('contracts', 'K-1001')).toMatchObject({ seats: 30 });
    expect(await written('scheduled')).toBe(1);
    await nothingIsWrong(found.golden.origin);
  });
});

describe.each(NAMES.filter((name) => name.endsWith('-none')))('%s: where nothing tells a write', (name) => {
  it('E14: what was in flight is found or a person settles it, and nothing is written again', {
    timeout: 120_000,
  }, async () => {
    const found = await opened(name, LATER_MS);
    const { written, ends } = within(found);
    for (const each of ['executing', 'unknown', 'unwritten']) {
      // Its key is found by whoever looks; what is not found may have been somebody's.
      await ends(each, each === 'unwritten' ? 'needs_human' : 'completed');
      expect([each, await written(each)]).toEqual([each, each === 'unwritten' ? 0 : 1]);
    }
    await nothingIsWrong(found.golden.origin);
  });
});

describe.each(NAMES.filter((name) => name.endsWith('-reversing')))('%s: where a permission ended halfway', (name) => {
  // Where a write can only be looked up, one that nobody finds is sent again by nobody but a person: no older one proves the search.
  const lost = name.includes('-lookup') ? 'needs_human' : 'reversed';

  it(`E14, E18: what was taken back is found, and what was not yet ends ${lost}`, { timeout: 120_000 }, async () => {
    const found = await opened(name, LATER_MS);
    const { written, ends, id } = within(found);
    const keys = { keys: (await found.client.discover())['keys'] };
    for (const [each, state] of [
      ['reversed', 'reversed'],
      ['unreversed', lost],
    ] as const) {
      await ends(each, state);
      const isBack = state === 'reversed';
      expect([each, await written(each)]).toEqual([each, isBack ? 2 : 1]);
      if (isBack) {
        const { payload } = await verifyReceipt(await found.client.receipt(id(each)), { keys });
        expect(payload?.effects).toMatchObject([{ step: 'contract', reversed: { version: '3' } }]);
      }
      const contract = String(gatewayInput(id(each))['contract']);
      const { end_date } = await found.crm.record('contracts', contract);
      expect([each, end_date]).toEqual([each, isBack ? ENDS_ON[contract] : expect.stringMatching(/^2026-12-2\d$/)]);
    }
    await nothingIsWrong(found.golden.origin);
  });
});

describe('the golden directories', () => {
  it('E14: have one of the version before this one, so that a new version is tried on what is there', () => {
    expect(VERSIONS.at(-1)).toBeGreaterThanOrEqual(SCHEMA_VERSION - 1);
  });
});
