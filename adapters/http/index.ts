/** Any REST API as a CRM, without code: its OpenAPI document says what it can, a mapping says what of it means what. */
import type { Dispatcher } from 'undici';
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { ANY_RECIPES } from '../sdk/actions/standard.ts';
import { type Auth, staticToken } from '../sdk/auth.ts';
import { chooseRecipes, makeRecipeAdapter } from '../sdk/by-recipe.ts';
import { makeHttp } from '../sdk/http.ts';
import type { Adapter } from '../sdk/index.ts';
import { makeLimiter } from '../sdk/limiter.ts';
import { retryAfter } from '../sdk/limits.ts';
import { guaranteesOf, lacking } from '../sdk/remote/resource.ts';
import { makeRemoteStore } from '../sdk/remote/store.ts';
import { writable } from './bind.ts';
import { type HttpMapping, parseHttpMapping } from './mapping.ts';
import { type Api, parseOpenApi } from './openapi.ts';
import { httpRemote } from './remote.ts';

export interface HttpAdapterOptions {
  /** Where the API is: an origin, and perhaps a path that all operations are below. What the document says of servers is not used. */
  readonly baseUrl: string;
  readonly openapi: JsonObject;
  readonly mapping: JsonObject;
  /** The company’s own, beside and instead of the standard ones that fit. */
  readonly recipes: readonly JsonObject[];
  /** A token that goes where the mapping’s security scheme says, or a way to sign in. */
  readonly auth: { readonly token: string } | Auth;
  readonly dispatcher?: Dispatcher;
  readonly allowPrivate?: boolean;
  readonly timeoutMs?: number;
}

const CALL_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 1_048_576;

/** Every mistake of the documents at once. */
export function makeHttpAdapter(options: HttpAdapterOptions): Result<Adapter, readonly string[]> {
  const api = parseOpenApi(options.openapi);
  if (!api.ok) return api;
  const mapping = parseHttpMapping(options.mapping, api.value);
  if (!mapping.ok) return mapping;
  const { resources } = mapping.value;
  const recipes = chooseRecipes(
    {
      own: options.recipes,
      standard: ANY_RECIPES,
      cannot: ['note', 'both'],
      lacks: (recipe) => lacking(resources, recipe, (...given) => writable(api.value, ...given)),
    },
    resources.mapping,
  );
  if (!recipes.ok) return recipes;
  const base = URL.parse(options.baseUrl);
  if (base === null || base.search !== '' || base.hash !== '' || base.username !== '')
    return err(['the base URL is not one: an origin, and perhaps a path']);
  const http = makeHttp({
    origin: base.origin,
    auth: 'token' in options.auth ? tokenAt(api.value, mapping.value, options.auth.token) : options.auth,
    ...(options.dispatcher === undefined ? {} : { dispatcher: options.dispatcher }),
    allowPrivate: options.allowPrivate ?? false,
    timeoutMs: options.timeoutMs ?? CALL_TIMEOUT_MS,
    bodyBytesMax: ANSWER_BYTES_MAX,
    limiter: makeLimiter({ readers: [retryAfter] }),
    answers: 'any',
  });
  const store = makeRemoteStore(httpRemote(http, base.pathname.replace(/\/$/, ''), mapping.value), resources);
  const about = { name: 'http', version: '0.1.0', title: api.value.title };
  return ok(makeRecipeAdapter(about, guaranteesOf(resources), resources.mapping, recipes.value, store));
}

/** Where the document’s security scheme wants the token; a bearer token unless the mapping names one. */
function tokenAt({ schemes }: Api, { security }: HttpMapping, token: string): Auth {
  const scheme = security === undefined ? undefined : schemes[security];
  const { type, in: place, name } = isObject(scheme) ? scheme : {};
  const isKey = type === 'apiKey' && place === 'header' && typeof name === 'string';
  return staticToken(isKey ? { token, header: name.toLowerCase(), scheme: '' } : { token });
}
