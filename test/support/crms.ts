/** The CRMs a whole gateway is tested on, each as a process of its own with its own ledger. */
import { randomBytes } from 'node:crypto';
import { idOf } from '../../adapters/hubspot/server/seed.ts';
import { spawnHubspot } from '../../adapters/hubspot/server/spawn.ts';
import { recordId } from '../../adapters/salesforce/server/ids.ts';
import { spawnSalesforce } from '../../adapters/salesforce/server/spawn.ts';
import { spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { day } from './days.ts';
import { http, isPerson, mcp, sql } from './described-crms.ts';

export interface TestCrm {
  readonly name: string;
  /** The configuration's member `crm`. */
  readonly config: object;
  /** PARLEY_CRM_TOKEN and what else this CRM has. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Ids as this CRM has them: the nth contract and the account it is of, from 0. */
  contract(n: number): string;
  account(n: number): string;
  readonly contact: string;
  /** Delivered orders of the first account, each of more than a euro. */
  readonly orders: readonly string[];
  /** Whether a write can only be looked up: one without an answer may be a person's. */
  readonly isLookedUp: boolean;
  /** Whether a person decides every write, a case too. */
  readonly asksForAll: boolean;
  /** How reads can be made to fail or lie. */
  readonly readFaults: readonly string[];
  /** A person at the CRM: the nth contract's term ended yesterday, and nothing is agreed on. Its renewal is carried out at once. */
  lapse(n: number): Promise<void>;
  /** Ground truth: every write of the gateway's that was applied, by the key it carried, in order. */
  ledger(): Promise<readonly { readonly key: string; readonly type: string }[]>;
  fault(fault: { readonly op: 'read' | 'write'; readonly kind: string; readonly ms: number }): Promise<void>;
  clearFaults(): Promise<void>;
  stop(): Promise<void>;
}

async function sandbox(db: string): Promise<TestCrm> {
  const crm = await spawnSandbox({ db, token: newSecret(), faults: true });
  return {
    name: 'sandbox',
    config: { adapter: 'sandbox', origin: crm.origin },
    secrets: { PARLEY_CRM_TOKEN: crm.token },
    contract: (n) => `K-${1001 + n}`,
    account: (n) => `A-${1001 + n}`,
    contact: 'C-1001',
    orders: ['O-1002', 'O-1004'],
    isLookedUp: false,
    asksForAll: false,
    readFaults: ['stale-read', 'page-404', '500-before'],
    lapse: (n) =>
      crm.edit('contracts', `K-${1001 + n}`, {
        ...{ status: 'active', start_date: day(-366), end_date: day(-1) },
        ...{ cancels_on: null, next_start_date: null },
      }),
    ledger: async () =>
      (await crm.ledger()).map(({ external_id: key, type }) => ({ key, type })).filter(({ key }) => !isPerson(key)),
    fault: crm.fault,
    clearFaults: crm.clearFaults,
    stop: crm.stop,
  };
}

async function salesforce(db: string): Promise<TestCrm> {
  const crm = await spawnSalesforce({ db, clientSecret: newSecret(), faults: true });
  const { origin, clientId } = crm;
  return {
    name: 'salesforce',
    config: { adapter: 'salesforce', origin, auth: { method: 'client_credentials', client_id: clientId } },
    secrets: { PARLEY_CRM_TOKEN: crm.clientSecret },
    contract: (n) => recordId('800', n + 1),
    account: (n) => recordId('001', n + 1),
    contact: recordId('003', 1),
    orders: [recordId('801', 2), recordId('801', 4)],
    isLookedUp: false,
    asksForAll: false,
    readFaults: ['stale-read', '500-before'],
    lapse: (n) =>
      crm.edit('Contract', recordId('800', n + 1), {
        ...{ Status: 'Activated', StartDate: day(-366), EndDate: day(-1) },
        Gw_ActionId__c: `person:${newSecret()}`,
      }),
    async ledger() {
      let last = '';
      const all = (await crm.ledger()).map(({ action, type }) => {
        // What has no field for a key is written in one request with what has one, right after it.
        last = action === '' ? last : action;
        return { key: last, type };
      });
      return all.filter(({ key }) => !isPerson(key));
    },
    fault: crm.fault,
    clearFaults: crm.clearFaults,
    stop: crm.stop,
  };
}

async function hubspot(db: string): Promise<TestCrm> {
  const app = { clientId: 'crash-app', clientSecret: newSecret() };
  // A portal's limit, once met, is waited out for ten seconds: other tests are about that.
  const patience = { limit: 1_000_000, intervalMs: 100 };
  const crm = await spawnHubspot({ db, token: newSecret(), faults: true, ...app, ...patience });
  return {
    name: 'hubspot',
    config: {
      adapter: 'hubspot',
      origin: crm.origin,
      hubspot: { journal: { client_id: app.clientId, portal_id: PORTAL } },
    },
    secrets: { PARLEY_CRM_TOKEN: crm.token, PARLEY_CRM_APP_SECRET: app.clientSecret },
    contract: (n) => idOf('deals', `K-${1001 + n}`),
    account: (n) => idOf('companies', `A-${1001 + n}`),
    contact: idOf('contacts', 'C-1001'),
    orders: [idOf('orders', 'O-1002'), idOf('orders', 'O-1004')],
    isLookedUp: false,
    asksForAll: false,
    readFaults: ['stale-read', '500-before'],
    lapse: (n) =>
      crm.edit('deals', idOf('deals', `K-${1001 + n}`), {
        ...{ contract_status: 'active', start_date: day(-366), end_date: day(-1) },
      }),
    ledger: async () => (await crm.ledger()).filter(({ key }) => !isPerson(key)),
    fault: crm.fault,
    clearFaults: crm.clearFaults,
    stop: crm.stop,
  };
}

/** The simulated portal's Hub ID. */
const PORTAL = 4711;

/** Never with a dash in front, which a command line would take for an option. */
function newSecret(): string {
  return `s${randomBytes(24).toString('base64url')}`;
}

export const CRMS: Readonly<Record<string, (db: string) => Promise<TestCrm>>> = {
  sandbox,
  salesforce,
  hubspot,
  http,
  mcp,
  sql,
};
