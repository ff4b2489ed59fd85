import type { Dispatcher } from 'undici';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Result } from '../../protocol/base/result.ts';
import { capabilityOf } from '../sdk/by-recipe.ts';
import { makeHttp, path, type ReadHttp, readOnly } from '../sdk/http.ts';
import { type Adapter, AdapterError, type Ctx, type Health } from '../sdk/index.ts';
import { type Limiter, makeLimiter } from '../sdk/limiter.ts';
import { hubspotLimits, retryAfter } from '../sdk/limits.ts';
import { fieldsRead } from '../sdk/mapping.ts';
import { FEW_RETRIES } from '../sdk/retry.ts';
import { accepted } from './answers.ts';
import { type HubspotAuth, hubspotAuth } from './auth.ts';
import { isPreview } from './change.ts';
import { discover } from './discover.ts';
import { type JournalOptions, makeJournal } from './journal.ts';
import { type Portal, readPortal, typeNamed } from './mapping.ts';
import { noticed } from './notices.ts';
import { planned } from './plan.ts';
import { guaranteesOf, readRecipes } from './recipes.ts';
import { readRecord, snapshotOf } from './records.ts';
import { verify, verifyReversal } from './verify.ts';
import { makeWriter } from './write.ts';

const CALL_TIMEOUT_MS = 10_000;
/** The definitions of all properties of an object in a grown portal. */
const ANSWER_BYTES_MAX = 8_388_608;

export interface HubspotAdapterOptions {
  /** `https://api.hubapi.com`: the only origin that ever gets credentials. */
  readonly origin: string;
  readonly auth: HubspotAuth;
  /** A company's own field mapping, over mapping.json. */
  readonly mapping?: JsonObject;
  /** A company's own recipes; one for an action that has one replaces it. */
  readonly recipes?: readonly Json[];
  /** Contracts change through the contracts API, which is in beta: off unless told. */
  readonly contractsApi?: boolean;
  /** Where changes are read from; without it there are none to read. */
  readonly journal?: JournalOptions;
  /** Of the app whose webhooks are sent here; without it no notice is believed. */
  readonly webhookSecret?: string;
  readonly dispatcher?: Dispatcher;
  /** Private and loopback addresses too: for a simulator. */
  readonly allowPrivate?: boolean;
  /** One call's time; 10 s unless told. */
  readonly timeoutMs?: number;
}

/** HubSpot over its dated CRM API. Every write is one request that carries the step's key in a property HubSpot keeps unique.
 * Throws `bug` with every mistake of the mapping and the recipes. */
export function makeHubspotAdapter(options: HubspotAdapterOptions): Adapter {
  const { contractsApi = false, webhookSecret } = options;
  const portal = orThrow('mapping', readPortal(options.mapping ?? {}, contractsApi));
  const recipes = orThrow('recipes', readRecipes(portal, options.recipes ?? [], contractsApi));
  const manifest = {
    name: 'hubspot',
    version: '0.1.0',
    title: 'HubSpot',
    fields: fieldsRead(portal.mapping),
    capabilities: [...recipes.values()].map((recipe) => capabilityOf(recipe, guaranteesOf(portal, recipe))),
  };
  const how = {
    origin: options.origin,
    allowPrivate: options.allowPrivate ?? false,
    timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
  };
  const limiter = makeLimiter({ readers: [hubspotLimits, retryAfter] });
  const http = makeHttp({
    ...how,
    auth: hubspotAuth(options.auth, how),
    bodyBytesMax: ANSWER_BYTES_MAX,
    limiter,
    retry: FEW_RETRIES,
    queries: isPreview,
  });
  const reader = readOnly(http);
  const writer = makeWriter(http, portal);
  const journal = options.journal === undefined ? undefined : makeJournal(portal, options.journal, how);
  return {
    manifest,
    health: (ctx) => health(reader, limiter, portal, ctx),
    discover: (ctx) => discover(reader, portal, ctx, manifest.capabilities, recipes),
    read: async (ctx, ref) => snapshotOf(ctx, await readRecord(reader, portal, ctx, ref)),
    async plan(ctx, request) {
      const recipe = recipes.get(request.action);
      if (recipe === undefined) throw new AdapterError('unsupported', `HubSpot does not know ${request.action} here.`);
      return planned(reader, portal, ctx, recipe, request);
    },
    execute: writer.execute,
    verify: (ctx, step) => verify(reader, portal, ctx, step),
    compensate: writer.compensate,
    verifyReversal: (ctx, step, done) => verifyReversal(reader, portal, ctx, step, done),
    ...(journal === undefined ? {} : { changes: journal }),
    ...(webhookSecret === undefined
      ? {}
      : { notice: async (ctx, notice) => noticed(portal, webhookSecret, ctx, notice) }),
  };
}

function orThrow<T>(what: string, read: Result<T, readonly string[]>): T {
  if (read.ok) return read.value;
  const fields = read.error.map((message) => ({ path: what, message }));
  throw new AdapterError('bug', `The ${what} cannot be used:\n${read.error.join('\n')}`, { fields });
}

async function health(http: ReadHttp, limiter: Limiter, portal: Portal, ctx: Ctx): Promise<Health> {
  const before = ctx.clock().getTime();
  const latency = () => ctx.clock().getTime() - before;
  try {
    const { object } = typeNamed(portal, 'account');
    accepted(await http.get(ctx, path`/crm/objects/2026-09/${object}?limit=1`), 'read');
    const quota = limiter.quota();
    const detail = quota === undefined ? {} : { detail: `${quota.used} of ${quota.limit} calls a day used` };
    return { ok: true, latencyMs: latency(), ...detail };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return { ok: false, latencyMs: latency(), detail: error.message };
  }
}
