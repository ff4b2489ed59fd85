/** A CRM of each kind with records that a person at it keeps as a test wants them, for a gateway in front of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { idOf } from '../../adapters/hubspot/server/seed.ts';
import { spawnHubspot } from '../../adapters/hubspot/server/spawn.ts';
import { MAPPING as MCP_MAPPING } from '../../adapters/mcp/rig/mapping.ts';
import { recordId } from '../../adapters/salesforce/server/ids.ts';
import { spawnSalesforce } from '../../adapters/salesforce/server/spawn.ts';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { day } from './days.ts';
import { restWithOrders, sql as tablesWithOrders } from './order-crms.ts';

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
export const EUR = (amount: number) => ({ amount, currency: 'EUR' });

/** A CRM and its records, as a person at it makes them: running, and nothing agreed on. */
export interface Ground {
  readonly config: object;
  readonly secrets: Readonly<Record<string, string>>;
  contract(n: number): Promise<string>;
  account(n: number): string;
  readonly contact: string;
  /** The nth order, of a hundred euros; where nobody can make one so, there are delivered ones. */
  order?(n: number, status: 'pending' | 'delivered'): Promise<string>;
  invoice?(n: number): Promise<string>;
  quote?(n: number): Promise<string>;
  stop(): Promise<void>;
}

const sandboxWords = (crm: Sandbox, more: object = {}) => ({
  account: (n: number) => `A-${1001 + n}`,
  contact: 'C-1001',
  async contract(n: number) {
    await crm.edit('contracts', `K-${1001 + n}`, { ...RUNNING, auto_renew: true, ...more });
    return `K-${1001 + n}`;
  },
  async order(n: number, status: string) {
    const id = `O-${1005 + n}`;
    const whole = { status, total: EUR(10_000), refunded: EUR(0), account: 'A-1001' };
    await crm.edit('orders', id, whole);
    return id;
  },
  stop: () => crm.stop(),
});

export const GROUNDS: Readonly<Record<string, (folder: string) => Promise<Ground>>> = {
  async sandbox() {
    const crm = await spawnSandbox({ token: 'together' });
    return {
      ...sandboxWords(crm, UNMARKED),
      config: { adapter: 'sandbox', origin: crm.origin },
      secrets: { PARLEY_CRM_TOKEN: crm.token },
      async invoice(n) {
        // Of these something is open.
        const id = `I-${1001 + (n % 4)}`;
        await crm.edit('invoices', id, { status: 'open', disputed_because: null });
        return id;
      },
      quote: () =>
        crm.make('quotes', {
          ...{ account: 'A-1001', product: 'P-1001', quantity: 2, unit_price: EUR(1_000), total: EUR(2_000) },
          valid_until: day(30),
        }),
    };
  },
  async salesforce() {
    const crm = await spawnSalesforce({ clientSecret: 'together-secret', faults: true });
    return {
      config: {
        adapter: 'salesforce',
        origin: crm.origin,
        auth: { method: 'client_credentials', client_id: crm.clientId },
      },
      secrets: { PARLEY_CRM_TOKEN: crm.clientSecret },
      account: (n) => recordId('001', n + 1),
      contact: recordId('003', 1),
      async contract(n) {
        const id = recordId('800', n + 1);
        await crm.edit('Contract', id, {
          ...{ Status: 'Activated', StartDate: RUNNING.start_date, EndDate: RUNNING.end_date, ContractTerm: 12 },
          ...{ Seats__c: 25, Notice_Days__c: 30, Unit_Price__c: 49, Auto_Renew__c: true },
        });
        return id;
      },
      order: async (n) => recordId('801', n % 2 === 0 ? 2 : 4),
      stop: () => crm.stop(),
    };
  },
  async hubspot() {
    const crm = await spawnHubspot({ token: 'together', faults: true, limit: 1_000_000, intervalMs: 100 });
    return {
      config: { adapter: 'hubspot', origin: crm.origin },
      secrets: { PARLEY_CRM_TOKEN: crm.token },
      account: (n) => idOf('companies', `A-${1001 + n}`),
      contact: idOf('contacts', 'C-1001'),
      async contract(n) {
        const id = idOf('deals', `K-${1001 + n}`);
        await crm.edit('deals', id, {
          ...{ contract_status: 'active', start_date: RUNNING.start_date, end_date: RUNNING.end_date },
          ...{ term_months: '12', seats: '25', notice_days: '30', unit_price_minor: '4900', auto_renew: 'true' },
        });
        return id;
      },
      order: async (n) => idOf('orders', n % 2 === 0 ? 'O-1002' : 'O-1004'),
      stop: () => crm.stop(),
    };
  },
  async http(folder) {
    const crm = await spawnSandbox({ token: 'together' });
    const config = restWithOrders(crm, join(folder, 'crm.db'));
    return { ...sandboxWords(crm), config, secrets: { PARLEY_CRM_TOKEN: crm.token } };
  },
  async mcp(folder) {
    const entry = fileURLToPath(new URL('../../adapters/mcp/server/main.ts', import.meta.url));
    const crm = await spawnSandbox({ token: 'together', entry });
    const mapping = join(folder, 'mcp.json');
    writeFileSync(mapping, JSON.stringify(MCP_MAPPING));
    const { order: _none, ...words } = sandboxWords(crm);
    const config = { adapter: 'mcp', origin: `${crm.origin}/mcp`, mapping };
    return { ...words, config, secrets: { PARLEY_CRM_TOKEN: crm.token } };
  },
  async sql(folder) {
    const path = join(folder, 'tables.db');
    const { config, secrets, stop } = await tablesWithOrders(path);
    const db = new DatabaseSync(path);
    return {
      config,
      secrets,
      account: () => 'A-1',
      contact: 'C-1',
      async contract(n) {
        db.prepare(
          `UPDATE contracts SET state = 'A', price = 49, currency = 'EUR', seats = 25, term_months = 12, notice_days = 30,
           auto_renew = 1, starts_on = ?, ends_on = ?, version = version + 1 WHERE number = ?`,
        ).run(RUNNING.start_date, RUNNING.end_date, `K-${n + 1}`);
        return `K-${n + 1}`;
      },
      order: async (n) => (n % 2 === 0 ? 'O-1' : 'O-2'),
      async stop() {
        db.close();
        await stop();
      },
    };
  },
};
