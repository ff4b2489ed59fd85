/** CRMs that are only described, for a whole gateway: a REST API and tools where a write can only be looked up, with an index that is
 * late, and tables. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DESK_MAPPING, DESK_OPENAPI, openDesk } from '../../adapters/http/rig/desk.ts';
import { MAPPING as MCP_MAPPING } from '../../adapters/mcp/rig/mapping.ts';
import { spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { MAPPING as SQL_MAPPING } from '../../adapters/sql/rig/mapping.ts';
import { sqliteSchema } from '../../adapters/sql/rig/schema.ts';
import type { TestCrm } from './crms.ts';
import { day, TERM } from './days.ts';

/** A search is that far behind. */
const LATE_MS = 1_500;
const READ_FAULTS = ['stale-read', 'page-404', '500-before'];

/** Writes of a person at the CRM, as ledgers name them. */
export const isPerson = (key: string): boolean =>
  key === 'person' || key.startsWith('person:') || key.startsWith('crm:');
/** Two years of terms: of the year of the seed's first contract, and the next. */
const deskTerm = () => ({ from: TERM.start, to: `${Number(TERM.end.slice(0, 4)) + 1}-12-31` });

/** A document beside the database, as an operator would keep it. */
function filed(db: string, name: string, document: object): string {
  const path = join(dirname(db), name);
  writeFileSync(path, JSON.stringify(document));
  return path;
}

export async function http(db: string): Promise<TestCrm> {
  const token = 'http-crash-token';
  const desk = await openDesk({ token, marker: 'Nordwind', lateMs: LATE_MS, term: deskTerm() });
  return {
    name: 'http',
    config: {
      adapter: 'http',
      origin: `${desk.origin}/desk`,
      mapping: filed(db, 'http.json', { ...DESK_MAPPING, settles_within_ms: 2 * LATE_MS }),
      openapi: filed(db, 'openapi.json', DESK_OPENAPI),
    },
    secrets: { PARLEY_CRM_TOKEN: token },
    contract: (n) => String(n % 199),
    account: () => '1',
    contact: '1',
    orders: [],
    isLookedUp: true,
    asksForAll: false,
    readFaults: READ_FAULTS,
    lapse: async (n) => desk.edit('contracts', String(n % 199), { from: day(-366), to: day(-1), state: 'A' }),
    ledger: async () => desk.writes.map(({ ref, type }) => ({ key: ref, type })),
    fault: async (fault) => void desk.faults.add(fault),
    clearFaults: async () => desk.faults.clear(),
    stop: desk.stop,
  };
}

export async function mcp(db: string): Promise<TestCrm> {
  const entry = fileURLToPath(new URL('../../adapters/mcp/server/main.ts', import.meta.url));
  const args = ['--late', String(LATE_MS)];
  const server = await spawnSandbox({ db, token: 'mcp-crash-token', faults: true, entry, args });
  return {
    name: 'mcp',
    config: { adapter: 'mcp', origin: `${server.origin}/mcp`, mapping: filed(db, 'mcp.json', MCP_MAPPING) },
    secrets: { PARLEY_CRM_TOKEN: server.token },
    contract: (n) => `K-${1001 + n}`,
    account: (n) => `A-${1001 + n}`,
    contact: 'C-1001',
    orders: [],
    isLookedUp: true,
    asksForAll: true,
    readFaults: READ_FAULTS,
    lapse: (n) =>
      server.edit('contracts', `K-${1001 + n}`, {
        ...{ status: 'active', start_date: day(-366), end_date: day(-1) },
        ...{ cancels_on: null, next_start_date: null },
      }),
    ledger: async () =>
      (await server.ledger()).map(({ external_id: key, type }) => ({ key, type })).filter(({ key }) => !isPerson(key)),
    fault: server.fault,
    clearFaults: server.clearFaults,
    stop: server.stop,
  };
}

export async function sql(db: string): Promise<TestCrm> {
  const tables = new DatabaseSync(db);
  tables.exec(`PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000; ${sqliteSchema('Nordwind')}`);
  let isLocked = false;
  return {
    name: 'sql',
    config: { adapter: 'sql', origin: `sqlite:${db}`, mapping: filed(db, 'sql.json', SQL_MAPPING) },
    secrets: { PARLEY_CRM_TOKEN: 'not-used-here' },
    contract: (n) => `K-${n % 399}`,
    account: () => 'A-1',
    contact: 'C-1',
    orders: [],
    isLookedUp: false,
    asksForAll: false,
    readFaults: [],
    async lapse(n) {
      const set = tables.prepare("UPDATE contracts SET starts_on = ?, ends_on = ?, state = 'A' WHERE number = ?");
      set.run(day(-366), day(-1), `K-${n % 399}`);
    },
    ledger: async () =>
      tables
        .prepare('SELECT key, records FROM parley_effects ORDER BY rowid')
        .all()
        .map(({ key, records }) => ({ key: String(key), type: String(JSON.parse(String(records))[0]?.type) })),
    // A database has one way to fail while it runs: somebody else holds it.
    async fault({ ms }) {
      if (isLocked) return;
      isLocked = true;
      tables.exec('BEGIN IMMEDIATE');
      void sleep(ms).then(() => {
        tables.exec('COMMIT');
        isLocked = false;
      });
    },
    async clearFaults() {
      while (isLocked) await sleep(20);
    },
    async stop() {
      while (isLocked) await sleep(20);
      tables.close();
    },
  };
}
