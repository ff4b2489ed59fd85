import { digest } from '../../protocol/canonical.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { decode, type MoneyForm } from '../sdk/codec.ts';
import type { CrmResponse } from '../sdk/http.ts';
import { AdapterError, type AdapterErrorCode, type Ctx } from '../sdk/index.ts';
import { retryAfterMs } from '../sdk/limits.ts';
import type { ReadRecord } from '../sdk/planner.ts';
import { at } from '../sdk/pointer.ts';
import { isObject } from '../sdk/values.ts';
import type { Place } from './bind.ts';
import type { ErrorRule, Resource } from './mapping.ts';

const CODES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [400, 'invalid'],
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [410, 'not_found'],
  [412, 'conflict'],
  [413, 'invalid'],
  [422, 'invalid'],
  [423, 'retryable'],
  [428, 'bug'],
  [429, 'rate_limited'],
]);

/** Passes a success on and throws every refusal: as the mapping says, else by its status. Where the mapping says what a status means
 * with which body, the same status with another body is not the API’s. */
export function accepted(
  ctx: Ctx,
  response: CrmResponse,
  kind: 'read' | 'write',
  rules: readonly ErrorRule[],
): CrmResponse {
  const { status, headers, json } = response;
  if (status >= 200 && status < 300) return response;
  const mine = rules.filter((rule) => rule.status === status);
  const rule = mine.find((each) => each.at === undefined || at(json, each.at) === each.is);
  const standard = mine.length === 0 ? CODES.get(status) : undefined;
  const code = rule?.means ?? standard ?? (kind === 'write' ? 'unknown_outcome' : 'retryable');
  const wait = retryAfterMs(headers, ctx.clock().getTime());
  const request = requestId(response);
  throw new AdapterError(code, `The CRM refused: ${status}.`, {
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(request === undefined ? {} : { providerRequestId: request }),
  });
}

/** The record of an answer; undefined where the answer has none. */
export function recordOf(resource: Resource, { json, headers }: CrmResponse, money: MoneyForm): ReadRecord | undefined {
  const { type } = resource;
  const record = at(json, type.object);
  const id = isObject(record) ? textOf(at(record, resource.id)) : undefined;
  if (!isObject(record) || id === undefined) return undefined;
  const data = dataOf(resource, record, id, money);
  const version = versionOf(resource, record, headers, data);
  return version === undefined ? undefined : { ref: { type: type.type, by: 'id', value: id }, version, data };
}

function dataOf({ type }: Resource, record: JsonObject, id: string, money: MoneyForm): JsonObject {
  const held = (pointer: string): Json => at(record, pointer) ?? null;
  const read = [...type.fields.values()].map((field) => {
    const currency = field.currency === undefined ? null : held(field.currency);
    return [field.name, decode(field, held(field.field), currency, money)] as const;
  });
  const account = type.account === undefined ? id : (textOf(held(type.account)) ?? null);
  return { ...Object.fromEntries(read), id, account };
}

function versionOf(
  { version }: Resource,
  record: JsonObject,
  headers: CrmResponse['headers'],
  data: JsonObject,
): string | undefined {
  if (version === undefined) return digest(data);
  const held = version.in === 'record' ? at(record, version.name) : headers[version.name.toLowerCase()];
  return typeof held === 'string' || typeof held === 'number' ? textOf(held) : undefined;
}

/** An id or a version: text, or a number as text. */
export function textOf(value: Json | undefined): string | undefined {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : undefined;
}

export function says(response: CrmResponse, place: Place | undefined): boolean {
  if (place === undefined) return false;
  const { headers, json } = response;
  const value = place.in === 'header' ? headers[place.name.toLowerCase()] : at(json, place.name);
  return value === true || value === 'true' || value === 'hit';
}

export function requestId({ headers }: CrmResponse): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? id.slice(0, 100) : undefined;
}
