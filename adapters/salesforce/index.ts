import type { Dispatcher } from 'undici';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { capabilityOf } from '../sdk/by-recipe.ts';
import { makeHttp, path, type ReadHttp, readOnly } from '../sdk/http.ts';
import { type Adapter, AdapterError, type Ctx, type Health, type Plan } from '../sdk/index.ts';
import { type Limiter, makeLimiter } from '../sdk/limiter.ts';
import { retryAfter, salesforceLimits } from '../sdk/limits.ts';
import { fieldsRead } from '../sdk/mapping.ts';
import { payloadOf } from '../sdk/payload.ts';
import { planByRecipe } from '../sdk/planner.ts';
import { FEW_RETRIES } from '../sdk/retry.ts';
import { accepted } from './answers.ts';
import { type SalesforceAuth, salesforceAuth } from './auth.ts';
import { changes } from './changes.ts';
import { toOrg } from './codec.ts';
import { discover } from './discover.ts';
import { createNodes } from './nodes.ts';
import { type Org, readOrg, typeNamed } from './org.ts';
import { readRecipes } from './recipes.ts';
import { readRecord, snapshotOf } from './records.ts';
import { verify, verifyReversal } from './verify.ts';
import { makeWriter } from './write.ts';

const GUARANTEES = { idempotency: 'external_id', conflict: 'timestamp' } as const;
const CALL_TIMEOUT_MS = 10_000;
/** A describe of a grown org is long. */
const ANSWER_BYTES_MAX = 8_388_608;

export interface SalesforceAdapterOptions {
  /** The org's My Domain, `https://acme.my.salesforce.com`: the only origin ever called. */
  readonly origin: string;
  readonly auth: SalesforceAuth;
  /** A company's own field mapping, over mapping.json. */
  readonly mapping?: JsonObject;
  /** A company's own recipes; one for an action that has one replaces it. */
  readonly recipes?: readonly Json[];
  readonly dispatcher?: Dispatcher;
  /** Private and loopback addresses too: for a simulator. */
  readonly allowPrivate?: boolean;
  /** One call's time; 10 s unless told. */
  readonly timeoutMs?: number;
}

/** Salesforce over its REST API: conditional writes in one request each, carrying the action's key in a field the org keeps unique.
 * Throws `bug` with every mistake of the mapping and the recipes. */
export function makeSalesforceAdapter(options: SalesforceAdapterOptions): Adapter {
  const org = orThrow('mapping', readOrg(options.mapping ?? {}));
  const recipes = orThrow('recipes', readRecipes(org, options.recipes ?? []));
  const manifest = {
    name: 'salesforce',
    version: '0.1.0',
    title: 'Salesforce',
    fields: fieldsRead(org.mapping),
    capabilities: [...recipes.values()].map((recipe) => capabilityOf(recipe, GUARANTEES)),
  };
  const how = {
    origin: options.origin,
    allowPrivate: options.allowPrivate ?? false,
    timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
  };
  const limiter = makeLimiter({ readers: [salesforceLimits, retryAfter] });
  const common = { ...how, auth: salesforceAuth(options.auth, how), bodyBytesMax: ANSWER_BYTES_MAX, limiter };
  const reader = readOnly(makeHttp({ ...common, retry: FEW_RETRIES }));
  // A write in doubt is looked up, not repeated: only a session that ended lets one be sent again.
  const writer = makeWriter(makeHttp(common), org);
  return {
    manifest,
    health: (ctx) => health(reader, limiter, org, ctx),
    discover: (ctx) => discover(reader, org, ctx, manifest.capabilities, recipes),
    read: async (ctx, ref) => snapshotOf(ctx, await readRecord(reader, org, ctx, ref)),
    async plan(ctx, request) {
      const recipe = recipes.get(request.action);
      if (recipe === undefined)
        throw new AdapterError('unsupported', `Salesforce does not know ${request.action} here.`);
      const plan = await planByRecipe(recipe, org.mapping, request, (ref) => readRecord(reader, org, ctx, ref));
      return writeable(org, plan);
    },
    execute: writer.execute,
    verify: (ctx, step) => verify(reader, org, ctx, step),
    compensate: writer.compensate,
    verifyReversal: (ctx, step, done) => verifyReversal(reader, org, ctx, step, done),
    changes: (ctx, type, cursor) => changes(reader, org, ctx, type, cursor),
  };
}

function orThrow<T>(what: string, read: { ok: true; value: T } | { ok: false; error: readonly string[] }): T {
  if (read.ok) return read.value;
  const fields = read.error.map((message) => ({ path: what, message }));
  throw new AdapterError('bug', `The ${what} cannot be used:\n${read.error.join('\n')}`, { fields });
}

/** What the org's fields could not take is found while planning, so that nobody signs it off. */
function writeable(org: Org, plan: Plan): Plan {
  for (const step of plan.steps) {
    const payload = payloadOf(step);
    if (payload.update !== null) toOrg(org, typeNamed(org, payload.update.type), payload.update.values);
    createNodes(org, payload, step.idempotencyKey);
  }
  return plan;
}

async function health(http: ReadHttp, limiter: Limiter, { version }: Org, ctx: Ctx): Promise<Health> {
  const before = ctx.clock().getTime();
  const latency = () => ctx.clock().getTime() - before;
  try {
    accepted(await http.get(ctx, path`/services/data/${version}/limits`));
    const quota = limiter.quota();
    const detail = quota === undefined ? {} : { detail: `${quota.used} of ${quota.limit} calls a day used` };
    return { ok: true, latencyMs: latency(), ...detail };
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return { ok: false, latencyMs: latency(), detail: error.message };
  }
}
