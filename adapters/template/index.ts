import {
  type Adapter,
  type Dispatcher,
  extendMapping,
  FEW_RETRIES,
  type GatewayOptions,
  type Guarantees,
  type JsonObject,
  makeHttp,
  makeLimiter,
  makeRecipeAdapter,
  parseMapping,
  parseRecipes,
  retryAfter,
  STANDARD_RECIPES,
  staticToken,
} from '../sdk/public.ts';
import standard from './mapping.json' with { type: 'json' };
import { makeStore } from './store.ts';

/** What is promised here is what the conformance kit tests. Promise less where your CRM can less: `none` is an honest answer. */
const GUARANTEES: Guarantees = { idempotency: 'external_id', conflict: 'etag' };

/** What the gateway gives, and what only tests do. */
export interface Options extends Pick<GatewayOptions, 'origin' | 'secret'> {
  /** For a CRM in your own network, and for the simulator. */
  readonly allowPrivate?: boolean;
  /** Laid over mapping.json: fields that this customer calls something else, has besides, or has not (null). */
  readonly mapping?: JsonObject;
  /** The customer’s own, of other actions or instead of the standard ones. */
  readonly recipes?: readonly JsonObject[];
  /** One try’s time; 5 s unless told. */
  readonly timeoutMs?: number;
  /** The kit hands its own in, to count what really leaves. */
  readonly dispatcher?: Dispatcher;
}

const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 1_048_576;
/** What a name of a field or collection looks like in your CRM: names become parts of requests, so nothing else is taken. */
const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** Throws for documents that do not fit, with every mistake at once. */
export function makeAdapter({
  origin,
  secret,
  timeoutMs = TIMEOUT_MS,
  allowPrivate = false,
  mapping: own = {},
  recipes: others = [],
  dispatcher,
}: Options): Adapter {
  const mapping = parseMapping(extendMapping(standard, own), NAME);
  if (!mapping.ok) throw new Error(mapping.error.join('\n'));
  // What each action reads, requires and writes, in Parley’s names.
  const replaced = new Set(others.map(({ action }) => action));
  const documents = [...STANDARD_RECIPES.filter(({ action }) => !replaced.has(action ?? null)), ...others];
  const recipes = parseRecipes(documents, mapping.value);
  if (!recipes.ok) throw new Error(recipes.error.join('\n'));
  const http = makeHttp({
    origin,
    // Or clientCredentials, jwtBearer, refreshToken: signed in when needed, and once more on a 401.
    auth: staticToken({ token: secret }),
    limiter: makeLimiter({ rate: { burst: 100, perSecond: 100 }, readers: [retryAfter] }),
    retry: FEW_RETRIES,
    timeoutMs,
    bodyBytesMax: ANSWER_BYTES_MAX,
    allowPrivate,
    ...(dispatcher === undefined ? {} : { dispatcher }),
  });
  const about = { name: 'template', version: '0.1.0', title: 'Template CRM' };
  return makeRecipeAdapter(about, GUARANTEES, mapping.value, recipes.value, makeStore(http, mapping.value));
}
