/** The CRMs a whole gateway is tested on, each as a process of its own with its own ledger. */
import { randomBytes } from 'node:crypto';
import { recordId } from '../../adapters/salesforce/server/ids.ts';
import { spawnSalesforce } from '../../adapters/salesforce/server/spawn.ts';
import { spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';

export interface TestCrm {
  readonly name: string;
  /** The configuration's member `crm`. */
  readonly config: object;
  /** PARLEY_CRM_TOKEN. */
  readonly secret: string;
  /** Ids as this CRM has them: the nth contract and the account it is of, from 0. */
  contract(n: number): string;
  account(n: number): string;
  readonly contact: string;
  /** Ground truth: every write that was applied, by the key it carried, in order. */
  ledger(): Promise<readonly { readonly key: string; readonly type: string }[]>;
  fault(fault: { readonly op: 'read' | 'write'; readonly kind: string; readonly ms: number }): Promise<void>;
  clearFaults(): Promise<void>;
  stop(): Promise<void>;
}

async function sandbox(db: string): Promise<TestCrm> {
  const crm = await spawnSandbox({ db, token: randomBytes(24).toString('base64url'), faults: true });
  return {
    name: 'sandbox',
    config: { adapter: 'sandbox', origin: crm.origin },
    secret: crm.token,
    contract: (n) => `K-${1001 + n}`,
    account: (n) => `A-${1001 + n}`,
    contact: 'C-1001',
    ledger: async () => (await crm.ledger()).map(({ external_id: key, type }) => ({ key, type })),
    fault: crm.fault,
    clearFaults: crm.clearFaults,
    stop: crm.stop,
  };
}

async function salesforce(db: string): Promise<TestCrm> {
  const org = await spawnSalesforce({ db, clientSecret: randomBytes(24).toString('base64url'), faults: true });
  return {
    name: 'salesforce',
    config: {
      adapter: 'salesforce',
      origin: org.origin,
      auth: { method: 'client_credentials', client_id: org.clientId },
    },
    secret: org.clientSecret,
    contract: (n) => recordId('800', n + 1),
    account: (n) => recordId('001', n + 1),
    contact: recordId('003', 1),
    ledger: async () =>
      (await org.ledger()).flatMap(({ action: key, type }) => (key === '' ? [] : [{ key, type: type.toLowerCase() }])),
    fault: org.fault,
    clearFaults: org.clearFaults,
    stop: org.stop,
  };
}

export const CRMS: Readonly<Record<string, (db: string) => Promise<TestCrm>>> = { sandbox, salesforce };
