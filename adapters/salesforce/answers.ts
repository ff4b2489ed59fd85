import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { CrmResponse } from '../sdk/http.ts';
import { AdapterError, type AdapterErrorCode } from '../sdk/index.ts';
import { retryAfterMs } from '../sdk/limits.ts';

/** One refusal, of a request or of a part of one. */
export interface Refusal {
  readonly status: number;
  readonly errors: readonly SfMessage[];
  readonly retryAfterMs?: number;
}

export interface SfMessage {
  readonly code: string;
  /** What a trigger or a flow of the company's met, where the code says no more than that one failed. */
  readonly inner?: string;
  /** The field whose value another record has. */
  readonly taken?: string;
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
  ['SERVER_UNAVAILABLE', 'retryable'],
  // Stopped, and rolled back, before they were done.
  ['QUERY_TIMEOUT', 'retryable'],
  ['REQUEST_RUNNING_TOO_LONG', 'retryable'],
  ['INSUFFICIENT_ACCESS_OR_READONLY', 'forbidden'],
  ['INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY', 'forbidden'],
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
    const { errorCode: code, message } = each;
    const fields: readonly Json[] = Array.isArray(each['fields']) ? each['fields'] : [];
    const inner = WRAPPERS.has(code) && typeof message === 'string' ? innerOf(message) : undefined;
    const taken = code === 'DUPLICATE_VALUE' && typeof message === 'string' ? takenOf(message) : undefined;
    const told = { ...(inner === undefined ? {} : { inner }), ...(taken === undefined ? {} : { taken }) };
    return [{ code, ...told, fields: fields.filter((name) => typeof name === 'string') }];
  });
}

const WRAPPERS: ReadonlySet<string> = new Set([
  'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
  'CANNOT_EXECUTE_FLOW_TRIGGER',
  'APEX_ERROR',
]);
const PASSING_INSIDE = ['UNABLE_TO_LOCK_ROW', 'QUERY_TIMEOUT', 'SERVER_UNAVAILABLE'];

/** `… first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record: []`. Only what passes is looked for: a
 * text may quote anything, and is believed in nothing worse than a second try. */
function innerOf(message: string): string | undefined {
  return PASSING_INSIDE.find((code) => message.includes(`: ${code}, `) || message.startsWith(`${code}:`));
}

/** `duplicate value found: Key__c duplicates value on record with id: …`. */
function takenOf(message: string): string | undefined {
  return /^duplicate value found: ([A-Za-z]\w{0,79}) duplicates value/.exec(message)?.[1];
}

/** Salesforce's own texts quote what was sent and are not passed on: codes and field names say enough. */
export function refused({ status, errors, retryAfterMs }: Refusal, kind: 'read' | 'write'): AdapterError {
  const [first] = errors;
  const byCode = first === undefined ? undefined : BY_CODE.get(first.inner ?? first.code);
  const open = kind === 'write' ? 'unknown_outcome' : 'retryable';
  const byStatus = BY_STATUS.get(status);
  // A page of something in between says nothing of what is there.
  const meant = byStatus === 'not_found' && first === undefined ? undefined : byStatus;
  const code = byCode ?? (status === 503 && first !== undefined ? 'retryable' : (meant ?? open));
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

/** A value that the company keeps unique, and not the key of ours that was looked for: no try will be better. */
export function takenByOthers(refusal: Refusal): AdapterError {
  const { message, fields } = refused(refusal, 'write');
  return new AdapterError('invalid', message, { fields });
}
