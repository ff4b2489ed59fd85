/** Two actions on one record, one after the other, on a CRM of each kind: through the definitions' rules and the adapter's own plans. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { makeHttpAdapter } from '../../adapters/http/index.ts';
import { MAPPING as HTTP_MAPPING, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { makeHubspotAdapter } from '../../adapters/hubspot/index.ts';
import { idOf } from '../../adapters/hubspot/server/seed.ts';
import { spawnHubspot } from '../../adapters/hubspot/server/spawn.ts';
import { makeMcpAdapter } from '../../adapters/mcp/index.ts';
import { MAPPING as MCP_MAPPING } from '../../adapters/mcp/rig/mapping.ts';
import { makeSalesforceAdapter } from '../../adapters/salesforce/index.ts';
import { recordId } from '../../adapters/salesforce/server/ids.ts';
import { spawnSalesforce } from '../../adapters/salesforce/server/spawn.ts';
import { makeSandboxAdapter } from '../../adapters/sandbox/index.ts';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import type { Adapter } from '../../adapters/sdk/index.ts';
import { makeSqlAdapter, sqliteEngine } from '../../adapters/sql/index.ts';
import { MAPPING as SQL_MAPPING } from '../../adapters/sql/rig/mapping.ts';
import { sqliteSchema } from '../../adapters/sql/rig/schema.ts';
import { day } from './days.ts';

/** A running contract with nothing agreed on, in the words of each CRM. */
const RUNNING = {
  status: 'active',
  start_date: day(-100),
  end_date: day(265),
  term_months: 12,
  seats: 25,
  notice_days: 30,
  unit_price: { amount: 4_900, currency: 'EUR' },
};
const UNMARKED = { cancels_on: null, switching_to: null, switched_by: null, next_start_date: null, planned_from: null };

export interface Ground {
  readonly adapter: Adapter;
  /** The nth contract's id, running and unmarked. */
  fresh(n: number): Promise<string>;
  stop(): Promise<void>;
}

function over(crm: Sandbox, adapter: Adapter, more: object = {}): Ground {
  return {
    adapter,
    async fresh(n) {
      const id = `K-${1001 + n}`;
      await crm.edit('contracts', id, { ...RUNNING, auto_renew: true, ...more });
      return id;
    },
    stop: () => crm.stop(),
  };
}

function fits(made: { readonly ok: true; readonly value: Adapter } | { readonly ok: false; readonly error: unknown }) {
  if (!made.ok) throw new Error(String(made.error));
  return made.value;
}

export const GROUNDS: Readonly<Record<string, () => Promise<Ground>>> = {
  async sandbox() {
    const crm = await spawnSandbox({ token: 'together' });
    return over(crm, makeSandboxAdapter({ origin: crm.origin, token: 'together' }), UNMARKED);
  },
  async salesforce() {
    const crm = await spawnSalesforce({ faults: true });
    const auth = { method: 'client_credentials', clientId: crm.clientId, clientSecret: crm.clientSecret } as const;
    return {
      adapter: makeSalesforceAdapter({ origin: crm.origin, auth, allowPrivate: true }),
      async fresh(n) {
        const id = recordId('800', n + 1);
        await crm.edit('Contract', id, {
          ...{ Status: 'Activated', StartDate: RUNNING.start_date, EndDate: RUNNING.end_date, ContractTerm: 12 },
          ...{ Seats__c: 25, Notice_Days__c: 30, Unit_Price__c: 49, Auto_Renew__c: true },
        });
        return id;
      },
      stop: () => crm.stop(),
    };
  },
  async hubspot() {
    const crm = await spawnHubspot({ token: 'together', faults: true, limit: 1_000_000, intervalMs: 100 });
    return {
      adapter: makeHubspotAdapter({
        origin: crm.origin,
        auth: { method: 'token', token: crm.token },
        allowPrivate: true,
      }),
      async fresh(n) {
        const id = idOf('deals', `K-${1001 + n}`);
        await crm.edit('deals', id, {
          ...{ contract_status: 'active', start_date: RUNNING.start_date, end_date: RUNNING.end_date },
          ...{ term_months: '12', seats: '25', notice_days: '30', unit_price_minor: '4900', auto_renew: 'true' },
        });
        return id;
      },
      stop: () => crm.stop(),
    };
  },
  async http() {
    const crm = await spawnSandbox({ token: 'together' });
    const given = { openapi: OPENAPI, mapping: HTTP_MAPPING, recipes: [], auth: { token: 'together' } };
    return over(crm, fits(makeHttpAdapter({ baseUrl: `${crm.origin}/v1`, ...given, allowPrivate: true })));
  },
  async mcp() {
    const entry = fileURLToPath(new URL('../../adapters/mcp/server/main.ts', import.meta.url));
    const crm = await spawnSandbox({ token: 'together', entry });
    const given = { mapping: MCP_MAPPING, recipes: [], auth: { token: 'together' }, allowPrivate: true };
    return over(crm, fits(makeMcpAdapter({ url: `${crm.origin}/mcp`, ...given, sent: () => undefined })));
  },
  async sql() {
    const directory = mkdtempSync(join(tmpdir(), 'parley-together-'));
    const path = join(directory, 'crm.db');
    const db = new DatabaseSync(path);
    db.exec(sqliteSchema('Together'));
    return {
      adapter: fits(makeSqlAdapter({ engine: sqliteEngine(path), mapping: SQL_MAPPING, recipes: [] })),
      async fresh(n) {
        const id = `K-${n + 1}`;
        db.prepare(
          `UPDATE contracts SET state = 'A', price = 49, currency = 'EUR', seats = 25, term_months = 12, notice_days = 30,
           starts_on = ?, ends_on = ?, version = version + 1 WHERE number = ?`,
        ).run(RUNNING.start_date, RUNNING.end_date, id);
        return id;
      },
      async stop() {
        db.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};
