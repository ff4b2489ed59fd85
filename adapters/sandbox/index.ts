import type { Dispatcher } from 'undici';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { Result } from '../../protocol/base/result.ts';
import { FURTHER_RECIPES, STANDARD_RECIPES } from '../sdk/actions/standard.ts';
import { makeRecipeAdapter, parseRecipes } from '../sdk/by-recipe.ts';
import { makeHttp, readOnly } from '../sdk/http.ts';
import { type Adapter, AdapterError } from '../sdk/index.ts';
import { extendMapping, parseMapping } from '../sdk/mapping.ts';
import { SANDBOX_RECIPES } from './actions.ts';
import { changesSince } from './feed.ts';
import mapping from './mapping.json' with { type: 'json' };
import { makeStore } from './store.ts';

const CALL_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 1_048_576;
/** Collections and fields of this CRM. */
const NAME = /^[a-z][a-z0-9_]{0,62}$/;

const ABOUT = { name: 'sandbox', version: '0.2.0', title: 'Sandbox CRM' };
const GUARANTEES = { idempotency: 'external_id', conflict: 'etag' } as const;

export interface SandboxAdapterOptions {
  readonly origin: string;
  readonly token: string;
  /** A company's own field mapping, over mapping.json. */
  readonly mapping?: JsonObject;
  /** A company's own recipes; one for an action that has one replaces it. */
  readonly recipes?: readonly Json[];
  readonly dispatcher?: Dispatcher;
  /** One call's time; 5 s unless told. */
  readonly timeoutMs?: number;
}

/** The sandbox CRM over its HTTP API. Throws `bug` with every mistake of the mapping and the recipes. */
export function makeSandboxAdapter(options: SandboxAdapterOptions): Adapter {
  const mapped = orThrow('mapping', parseMapping(extendMapping(mapping, options.mapping ?? {}), NAME));
  const documents = new Map<string, Json>();
  for (const each of [...STANDARD_RECIPES, ...FURTHER_RECIPES, ...SANDBOX_RECIPES, ...(options.recipes ?? [])])
    documents.set(isObject(each) ? String(each['action']) : '', each);
  const recipes = orThrow('recipes', parseRecipes([...documents.values()], mapped));
  const both = recipes.filter(({ steps }) =>
    steps.some(({ update, create }) => update !== undefined && create !== undefined),
  );
  if (both.length > 0)
    throw unusable(
      'recipes',
      both.map(({ action }) => `${action}: a step changes one record or makes one`),
    );
  const http = makeHttp({
    origin: options.origin,
    headers: () => ({ authorization: `Bearer ${options.token}` }),
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
    timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
    bodyBytesMax: ANSWER_BYTES_MAX,
    // A program of the company’s own machine or network.
    allowPrivate: true,
  });
  return {
    ...makeRecipeAdapter(ABOUT, GUARANTEES, mapped, recipes, makeStore(http, mapped)),
    changes: (ctx, type, cursor) => changesSince(readOnly(http), mapped, ctx, type, cursor),
  };
}

function orThrow<T>(what: string, read: Result<T, readonly string[]>): T {
  if (read.ok) return read.value;
  throw unusable(what, read.error);
}

function unusable(what: string, problems: readonly string[]): AdapterError {
  const fields = problems.map((message) => ({ path: what, message }));
  return new AdapterError('bug', `The ${what} cannot be used:\n${problems.join('\n')}`, { fields });
}
