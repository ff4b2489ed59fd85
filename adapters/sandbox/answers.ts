import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { CrmResponse } from '../sdk/http.ts';
import { AdapterError, type AdapterErrorCode, type StepResult } from '../sdk/index.ts';

/** A record as the sandbox CRM gives it, checked. */
export interface CrmRecord {
  readonly id: string;
  readonly revision: number;
  readonly fields: JsonObject;
}

const CODES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [400, 'invalid'],
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [412, 'conflict'],
  [413, 'invalid'],
  [428, 'bug'],
  [429, 'rate_limited'],
]);

/** Passes a success on and throws every refusal. Any other status than those above leaves the outcome of a write open. */
export function accepted(response: CrmResponse, kind: 'read' | 'write'): CrmResponse {
  const { status, headers } = response;
  if (status >= 200 && status < 300) return response;
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  const request = requestId(response);
  // A page of something in between says nothing of what is there.
  const known = status === 404 && !saysAbsent(response) ? undefined : CODES.get(status);
  throw new AdapterError(known ?? (kind === 'write' ? 'unknown_outcome' : 'retryable'), `The CRM refused: ${status}.`, {
    ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {}),
    ...(request === undefined ? {} : { providerRequestId: request }),
    fields: fieldsOf(response.body['error']),
  });
}

function fieldsOf(error: Json | undefined): { path: string; message: string }[] {
  const fields = isObject(error) ? error['fields'] : undefined;
  if (!Array.isArray(fields)) return [];
  return fields.flatMap((each: Json) =>
    isObject(each) && typeof each['path'] === 'string' && typeof each['message'] === 'string'
      ? [{ path: each['path'], message: each['message'] }]
      : [],
  );
}

/** The record of an answer; `bug` when the answer has not the promised shape. */
export function recordOf({ body }: CrmResponse): CrmRecord {
  const record = body['record'];
  if (!isObject(record)) throw misshapen();
  const { id, revision, updated_at: _at, ...fields } = record;
  if (typeof id !== 'string' || !isRevision(revision)) throw misshapen();
  return { id, revision, fields };
}

/** Which record a change was applied to, and the revision it made. */
export function changeOf({ body }: CrmResponse): {
  readonly type: string;
  readonly id: string;
  readonly revision: number;
} {
  const change = body['change'];
  if (!isObject(change)) throw misshapen();
  const { type, id, revision } = change;
  if (typeof type !== 'string' || typeof id !== 'string' || !isRevision(revision)) throw misshapen();
  return { type, id, revision };
}

/** A write's answer. A success that does not say what it wrote is looked up, not believed. */
export function writtenOf(answer: CrmResponse, type: string): StepResult {
  const response = accepted(answer, 'write');
  try {
    const { id, revision } = recordOf(response);
    const request = requestId(response);
    return {
      state: response.body['replayed'] === true ? 'already_applied' : 'applied',
      ref: { type, by: 'id', value: id },
      version: String(revision),
      ...(request === undefined ? {} : { providerRequestId: request }),
    };
  } catch (cause) {
    throw new AdapterError('unknown_outcome', 'The CRM’s answer to a write has not the promised shape.', { cause });
  }
}

/** Whether the CRM itself says that the thing is not there; a 404 from something in between says nothing. */
export function saysAbsent({ status, body }: CrmResponse): boolean {
  return status === 404 && isObject(body['error']) && body['error']['code'] === 'not_found';
}

function isRevision(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function requestId({ headers }: CrmResponse): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? id : undefined;
}

function misshapen(): AdapterError {
  return new AdapterError('bug', 'The CRM’s answer has not the promised shape.');
}
