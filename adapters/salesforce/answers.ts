import type { Json, JsonObject } from '../../protocol/json.ts';
import type { CrmResponse } from '../sdk/http.ts';
import { AdapterError, type AdapterErrorCode } from '../sdk/index.ts';
import { retryAfterMs } from '../sdk/limits.ts';
import { isObject } from '../sdk/values.ts';

/** One refusal, of a request or of a part of one. */
export interface Refusal {
  readonly status: number;
  readonly errors: readonly SfMessage[];
  readonly retryAfterMs?: number;
}

export interface SfMessage {
  readonly code: string;
  readonly fields: readonly string[];
}

const BY_STATUS: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [300, 'conflict'],
  [400, 'invalid'],
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [405, 'bug'],
  [409, 'conflict'],
  [410, 'not_found'],
  [412, 'conflict'],
  [413, 'invalid'],
  [414, 'invalid'],
  [415, 'bug'],
  [429, 'rate_limited'],
  [431, 'invalid'],
]);

/** What the code says, whatever the status: the same code comes with a request, and with a part of one inside a 200. */
const BY_CODE: ReadonlyMap<string, AdapterErrorCode> = new Map<string, AdapterErrorCode>([
  ['INVALID_SESSION_ID', 'unauthorised'],
  ['REQUEST_LIMIT_EXCEEDED', 'rate_limited'],
  ['UNABLE_TO_LOCK_ROW', 'retryable'],
  ['ENTITY_IS_LOCKED', 'conflict'],
  ['ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE_CHECK', 'conflict'],
  ['DUPLICATE_VALUE', 'conflict'],
  ['ENTITY_IS_DELETED', 'not_found'],
  ['NOT_FOUND', 'not_found'],
  ['MALFORMED_QUERY', 'bug'],
  ['INVALID_FIELD', 'bug'],
  ['INVALID_TYPE', 'bug'],
]);

export function isRefusal({ status }: CrmResponse): boolean {
  return status >= 300;
}

export function refusalOf({ status, headers, json }: CrmResponse): Refusal {
  const served = Date.parse(String(headers['date'] ?? ''));
  const wait = retryAfterMs(headers, served);
  return { status, errors: messagesOf(json), ...(wait === undefined ? {} : { retryAfterMs: wait }) };
}

export function messagesOf(list: Json | undefined): SfMessage[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: Json) => {
    if (!isObject(each) || typeof each['errorCode'] !== 'string') return [];
    const fields: readonly Json[] = Array.isArray(each['fields']) ? each['fields'] : [];
    return [{ code: each['errorCode'], fields: fields.filter((name) => typeof name === 'string') }];
  });
}

/** Salesforce's own texts quote what was sent and are not passed on: codes and field names say enough. */
export function refused({ status, errors, retryAfterMs }: Refusal, kind: 'read' | 'write'): AdapterError {
  const [first] = errors;
  const byCode = first === undefined ? undefined : BY_CODE.get(first.code);
  const open = kind === 'write' ? 'unknown_outcome' : 'retryable';
  const code = byCode ?? (status === 503 && first !== undefined ? 'retryable' : (BY_STATUS.get(status) ?? open));
  const known = first === undefined ? '' : ` (${first.code.replace(/[^A-Z0-9_]/g, '').slice(0, 60)})`;
  return new AdapterError(code, `Salesforce refused: ${status}${known}.`, {
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    fields: errors.flatMap(({ code: message, fields }) => fields.map((path) => ({ path, message }))),
  });
}

/** A read's answer, or its refusal thrown. */
export function accepted(response: CrmResponse): JsonObject {
  if (isRefusal(response)) throw refused(refusalOf(response), 'read');
  return response.body;
}

/** Whether Salesforce itself says that there is no such record; a 404 from something in between says nothing. */
export function saysAbsent(response: CrmResponse): boolean {
  return response.status === 404 && refusalOf(response).errors.some(({ code }) => code === 'NOT_FOUND');
}

export function misshapen(): AdapterError {
  return new AdapterError('bug', 'Salesforce’s answer has not the promised shape.');
}
