/** What an adapter is built from, for those who are not this repository: `parley-gateway/adapter`. */
export type { Dispatcher } from 'undici';
export type { Json, JsonObject } from '../../protocol/base/json.ts';
export type { Money } from '../../protocol/base/money.ts';
export { STANDARD_RECIPES } from './actions/standard.ts';
export { type Auth, type Credentials, type StaticTokenOptions, staticToken } from './auth.ts';
export {
  type Guarantees,
  makeRecipeAdapter,
  parseRecipes,
  type RecordStore,
  type Trace,
  type View,
  type Write,
} from './by-recipe.ts';
export { decode, type Encoded, encode, type MoneyForm } from './codec.ts';
export type { GatewayOptions, MakeAdapter } from './gateway.ts';
export {
  type CrmResponse,
  type HttpOptions,
  linked,
  makeHttp,
  type Path,
  path,
  type ReadHttp,
  readOnly,
  type WriteHttp,
  type WriteOptions,
} from './http.ts';
export * from './index.ts';
export { type Limiter, type LimiterOptions, type LimitReader, makeLimiter, type Quota } from './limiter.ts';
export { hubspotLimits, retryAfter, retryAfterMs, salesforceLimits } from './limits.ts';
export { extendMapping, fieldsRead, type MappedField, type MappedType, type Mapping, parseMapping } from './mapping.ts';
export {
  type ClientCredentialsOptions,
  clientCredentials,
  type JwtBearerOptions,
  jwtBearer,
  type RefreshTokenOptions,
  refreshToken,
  type TokenEndpoint,
} from './oauth.ts';
export { byCursor, byOffset, type CursorPage, type OffsetPage, type PageBounds } from './pages.ts';
export type { Payload, Reader, ReadRecord } from './payload.ts';
export type { Recipe } from './recipe.ts';
export { safeText } from './redact.ts';
export { FEW_RETRIES, type RetryPolicy } from './retry.ts';
export type { Timing } from './timing.ts';
export type { Headers } from './transport.ts';
