import type { JsonWebKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { isFinalState, type OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt-verify.ts';
import { verifyLog } from '../../src/cli/log.ts';
import { type Client, loadAgentKey, makeClient, memoryJournal } from '../../src/client/index.ts';
import { parseConfig } from '../../src/config.ts';
import { approveAsPerson } from '../../src/demo/approver.ts';
import { type Gateway, startGateway } from '../../src/main.ts';
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
}

const FOLDER = import.meta.dirname;
const VERSIONS = readdirSync(FOLDER)
  .filter((name) => /^\d+$/.test(name))
  .map(Number)
  .sort((one, other) => one - other);

let crm: Sandbox | undefined;
let gateway: Gateway | undefined;
let folder = '';
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

const fileOf = (version: number, name: string) => readFileSync(join(FOLDER, String(version), name), 'utf8');

/** The directory as an earlier version left it, opened by this one at the moment it was left. */
async function opened(version: number): Promise<{ golden: Golden; client: Client; crm: Sandbox }> {
  const golden = JSON.parse(fileOf(version, 'golden.json')) as Golden;
  folder = mkdtempSync(join(tmpdir(), 'parley-golden-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  loadSql(join(data, 'parley.db'), fileOf(version, 'parley.sql'));
  loadSql(join(folder, 'crm.db'), fileOf(version, 'crm.sql'));
  writeFileSync(join(data, 'keys.json'), JSON.stringify(golden.keys), { mode: 0o600 });
  if (golden.checkpoint !== undefined) writeFileSync(join(data, 'log.checkpoint'), golden.checkpoint);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(golden.at), shouldAdvanceTime: true });
  crm = await spawnSandbox({ db: join(folder, 'crm.db'), token: 'golden-token', faults: true });
  const file = { ...golden.config, crm: { adapter: 'sandbox', origin: crm.origin }, data_dir: 'data' };
  gateway = await startGateway(parseConfig(file, { PARLEY_CRM_TOKEN: crm.token }, folder), () => undefined);
  const client = makeClient({
    gateway: golden.origin,
    key: await loadAgentKey(golden.agent.privateJwk),
    journal: memoryJournal(),
  });
  return { golden, client, crm };
}

describe.each(VERSIONS)('a data directory of version %i', (version) => {
  it('E14: opens with work in every state, and all of it ends', { timeout: 90_000 }, async () => {
    const { golden, client, crm } = await opened(version);
    const { origin, ids } = golden;
    const id = (name: string) => ids[name] ?? expect.fail(`no ${name}`);
    const written = async (name: string) =>
      (await crm.ledger()).filter(({ external_id }) => external_id.startsWith(id(name))).length;
    const read = (name: string): Promise<OperationView> => client.read(id(name));
    const ends = (name: string, state: string) =>
      expect.poll(async () => (await read(name)).state, { timeout: 30_000 }).toBe(state);

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
    // What was shown may be planned otherwise today: then it is asked for again, and what is approved is what is shown.
    for (let approvals = 0; approvals < 3; approvals += 1) {
      const { signoff } = await client.waitForTurn(id('awaiting_signoff'), ({ state }) => state === 'awaiting_signoff');
      if (signoff === undefined || (await read('awaiting_signoff')).state !== 'awaiting_signoff') break;
      await approveAsPerson(origin, `${origin}/console/signoffs/${signoff.id}`, APPROVER);
      await expect
        .poll(() => read('awaiting_signoff'), { timeout: 10_000 })
        .not.toMatchObject({ state: 'awaiting_signoff', signoff: { id: signoff.id } });
    }
    await ends('awaiting_signoff', 'completed');
    for (const name of ['negotiating', 'received']) {
      await client.waitForTurn(id(name));
      const view = await read(name);
      if (!isFinalState(view.state)) await client.withdraw(id(name));
      expect(isFinalState((await read(name)).state)).toBe(true);
    }
    const told: string[] = [];
    const io = { out: (line: string) => void told.push(line), err: (line: string) => void told.push(line) };
    expect([await verifyLog({ folder: join(folder, 'data'), origin }, io), told.join()]).toEqual([
      0,
      expect.stringContaining('nothing is wrong'),
    ]);
  });
});

describe('the golden directories', () => {
  it('E14: have one of the version before this one, so that a new version is tried on what is there', () => {
    expect(VERSIONS.at(-1)).toBeGreaterThanOrEqual(SCHEMA_VERSION - 1);
  });
});
