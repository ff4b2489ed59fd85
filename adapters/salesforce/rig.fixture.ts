/** What the tests of this adapter share: an adapter on a simulated org, calls that are timed out, and requests that are theirs alone. */
import { randomUUID } from 'node:crypto';
import { Agent, type Dispatcher } from 'undici';
import type { JsonObject } from '../../protocol/base/json.ts';
import { type Adapter, AdapterError, type Ctx, type PlanRequest, type PlanStep } from '../sdk/index.ts';
import { makeSalesforceAdapter, type SalesforceAdapterOptions } from './index.ts';
import { recordId } from './server/ids.ts';
import type { Salesforce } from './server/spawn.ts';

export interface Logged {
  readonly event: string;
  readonly fields: JsonObject;
}

export const adapterOn = (org: Salesforce, more: Partial<SalesforceAdapterOptions> = {}): Adapter =>
  makeSalesforceAdapter({
    origin: org.origin,
    auth: { method: 'client_credentials', clientId: org.clientId, clientSecret: org.clientSecret },
    allowPrivate: true,
    timeoutMs: 2_000,
    ...more,
  });

export const ctx = (logs: Logged[] = [], ms = 15_000): Ctx => ({
  clock: () => new Date(),
  signal: AbortSignal.timeout(ms),
  log: (event, fields = {}) => void logs.push({ event, fields }),
});

export interface Sent {
  readonly method: string;
  readonly path: string;
}

/** Sees every request that really leaves, and may do something just before it does. */
export function watched(sent: Sent[], before: (request: Sent) => Promise<void> = async () => undefined): Dispatcher {
  return new Agent().compose((dispatch) => (options, handler) => {
    const request = { method: options.method, path: options.path };
    sent.push(request);
    void before(request).then(() => dispatch(options, handler));
    return true;
  });
}

export const contractId = (n: number): string => recordId('800', n);
export const contactId = (n: number): string => recordId('003', n);
export const accountId = (n: number): string => recordId('001', n);

let used = 0;

/** A renewal of a contract that no other test of this file has. */
export function renewal(more: JsonObject = {}): PlanRequest & { readonly contract: string } {
  used += 1;
  const contract = contractId(used);
  const terms = {
    unit_price: { amount: 123_456, currency: 'EUR' },
    term_months: 18,
    seats: 4_321,
    start_date: '2027-01-01',
    notice_days: 45,
    ...more,
  };
  const operation = `op_${randomUUID()}`;
  return { operation, action: 'contract.renew', input: { contract }, terms, contract, asked_on: '2027-01-01' };
}

export const request = (action: string, input: JsonObject): PlanRequest => ({
  operation: `op_${randomUUID()}`,
  action,
  input,
  asked_on: '2026-11-28',
});

export async function planned(adapter: Adapter, asked: PlanRequest): Promise<PlanStep> {
  const [step] = (await adapter.plan(ctx(), asked)).steps;
  if (step === undefined) throw new Error('nothing planned');
  return step;
}

/** The code of the refusal, or that there was none. */
export const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'success',
    (error: unknown) => {
      if (error instanceof AdapterError) return error.code;
      throw error;
    },
  );
