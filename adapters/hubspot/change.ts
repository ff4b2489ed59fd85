/** Changes of a contract's line item through the contracts API (beta): a draft first, which changes nothing, then its acceptance.
 * People signed off before either is sent, and nothing is ever accepted by itself. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { toDecimal } from '../../protocol/base/money.ts';
import { path, type ReadHttp, type WriteHttp } from '../sdk/http.ts';
import { AdapterError, type Ctx, type StepResult } from '../sdk/index.ts';
import { isMoney } from '../sdk/values.ts';
import { accepted, misshapen, unbelievable } from './answers.ts';
import type { Portal } from './mapping.ts';
import { type CrmRecord, isRecordId, readRecord } from './records.ts';
import { changedMeanwhile, result, type Update, versionMade } from './results.ts';

/** A POST that only reads. */
export const isPreview = (pathname: string): boolean => pathname === '/commerce/contracts/2026-09-beta/changes/preview';

export interface ContractChange {
  readonly id: string;
  readonly status: string;
}

/** Still without effect, and open. */
export const isOpen = ({ status }: ContractChange): boolean => status === 'DRAFT' || status === 'PROPOSED';

export interface ContractChanges {
  apply(ctx: Ctx, update: Update): Promise<StepResult>;
}

export function makeContractChanges(http: WriteHttp, portal: Portal): ContractChanges {
  async function draft(ctx: Ctx, before: CrmRecord, { key, values }: Update): Promise<ContractChange> {
    const body = await changeOf(http, ctx, before, values);
    const target = path`/commerce/contracts/2026-09-beta/changes`;
    const answer = await http.send(ctx, 'POST', target, { ...body, name: key }, {});
    return parsed(accepted(answer, 'write').body) ?? doubt();
  }

  async function settle(ctx: Ctx, { id }: ContractChange, verb: 'accept' | 'cancel'): Promise<ContractChange> {
    const target = path`/commerce/contracts/2026-09-beta/changes/${id}/${verb}`;
    const answer = await http.send(ctx, 'POST', target, {}, {});
    return parsed(accepted(answer, 'write').body) ?? doubt();
  }

  return {
    async apply(ctx, update) {
      const before = await readRecord(http, portal, ctx, update.ref);
      const earlier = await findChange(http, ctx, before, update.key);
      if (earlier?.status === 'ACCEPTED') return result('already_applied', before, before.version);
      if (earlier !== undefined && !isOpen(earlier))
        throw new AdapterError('conflict', `The change was ended in HubSpot: ${earlier.status}.`);
      if (before.version !== update.version) {
        if (earlier !== undefined) await settle(ctx, earlier, 'cancel');
        throw changedMeanwhile();
      }
      const open = earlier ?? (await draft(ctx, before, update));
      const done = open.status === 'ACCEPTED' ? open : await settle(ctx, open, 'accept');
      if (done.status !== 'ACCEPTED') throw unbelievable();
      const after = await readRecord(http, portal, ctx, update.ref).catch((cause: unknown) => {
        throw new AdapterError('unknown_outcome', 'HubSpot took the write and cannot be read.', { cause });
      });
      return result('applied', after, versionMade(before, after, update.values, true));
    },
  };
}

/** Has HubSpot work the change out without making it; throws `invalid` where it would be refused. */
export async function previewChange(http: ReadHttp, ctx: Ctx, record: CrmRecord, values: JsonObject): Promise<void> {
  const body = await changeOf(http, ctx, record, values);
  accepted(await http.query(ctx, path`/commerce/contracts/2026-09-beta/changes/preview`, body), 'read');
}

/** The change of this name, which is the step's key: the API keeps no key of its own. */
export async function findChange(
  http: ReadHttp,
  ctx: Ctx,
  record: CrmRecord,
  key: string,
): Promise<ContractChange | undefined> {
  const target = path`/commerce/contracts/2026-09-beta/contracts/${contractOf(record)}/changes`;
  const { changes } = accepted(await http.get(ctx, target), 'read').body;
  if (!Array.isArray(changes)) throw misshapen();
  const mine = changes.filter(isObject).filter(({ name }) => name === key);
  const all = mine.map((each) => parsed(each) ?? wrong());
  // An accepted one tells what happened, whatever else was begun.
  return all.find(({ status }) => status === 'ACCEPTED') ?? all.find(isOpen) ?? all[0];
}

/** What the change asks of HubSpot; never `autoAccept`. */
async function changeOf(http: ReadHttp, ctx: Ctx, record: CrmRecord, values: JsonObject): Promise<JsonObject> {
  const contractId = contractOf(record);
  const { lineItems } = accepted(
    await http.get(ctx, path`/commerce/contracts/2026-09-beta/contracts/${contractId}`),
    'read',
  ).body;
  const items = Array.isArray(lineItems) ? lineItems.filter(isObject) : [];
  const rampKey = items.find(({ id }) => id === record.ref.value)?.['rampKey'];
  if (typeof rampKey !== 'string') throw new AdapterError('invalid', 'The line item is not one of the contract.');
  const lineItemChanges = [{ action: 'UPDATE', rampKey, lineItemUpdate: itemOf(values) }];
  return { type: 'DIRECT', contractId, lineItemChanges, prorating: false, autoAccept: false };
}

/** The API takes prices as numbers: fifteen digits are exact. */
const EXACT_MAX = 999_999_999_999_999;

function itemOf({ quantity, unit_price: price, ...others }: JsonObject): JsonObject {
  if (Object.keys(others).length > 0)
    throw new AdapterError('unsupported', 'A contract’s line item changes in price and quantity only.');
  if (isMoney(price) && Math.abs(price.amount) > EXACT_MAX)
    throw new AdapterError('unsupported', 'The price has more digits than a number of JSON holds.');
  const prices = isMoney(price) ? [{ currencyCode: price.currency, price: Number(toDecimal(price)) }] : [];
  return {
    ...(typeof quantity === 'number' ? { quantity } : {}),
    ...(prices.length === 0 ? {} : { pricing: { pricingModel: 'FLAT', prices } }),
  };
}

function contractOf({ data }: CrmRecord): string {
  const id: Json | undefined = data['contract'];
  if (!isRecordId(id)) throw new AdapterError('invalid', 'The line item belongs to no contract.');
  return id;
}

function parsed({ id, status }: JsonObject): ContractChange | undefined {
  return typeof id === 'string' && id !== '' && typeof status === 'string'
    ? { id, status: status.replace(/[^A-Z]/g, '') }
    : undefined;
}

function doubt(): never {
  throw unbelievable();
}

function wrong(): never {
  throw misshapen();
}
