import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { CrmResponse } from '../sdk/http.ts';
import { AdapterError, type AdapterErrorCode } from '../sdk/index.ts';
import { PAUSE_MS_MAX } from '../sdk/limiter.ts';
import { retryAfterMs } from '../sdk/limits.ts';

const BY_STATUS: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [400, 'invalid'],
  [401, 'unauthorised'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [405, 'bug'],
  [409, 'conflict'],
  [413, 'invalid'],
  [414, 'invalid'],
  [415, 'bug'],
  // Locked, and the portal is being moved: refused before anything was done.
  [423, 'retryable'],
  [477, 'retryable'],
  [429, 'rate_limited'],
]);
/** The rolling window, where a 429 does not tell its length. */
const WINDOW_MS = 10_000;
/** The day's quota comes back at midnight in the portal's time zone, which no answer tells: asked again as seldom as anything is. */
const DAILY_WAIT_MS = PAUSE_MS_MAX;
const CATEGORY_CHARS_MAX = 60;

/** HubSpot's own texts quote what was sent and are not passed on: category, codes and property names say enough. */
export function refused(response: CrmResponse, kind: 'read' | 'write'): AdapterError {
  const { status, body } = response;
  const details = detailsOf(body);
  const isOurMistake = details.some(({ message }) => message === 'PROPERTY_DOESNT_EXIST');
  const open = kind === 'write' ? 'unknown_outcome' : 'retryable';
  // A page of something in between says nothing of what is there.
  const known = status === 404 && !isOurs(body) ? undefined : BY_STATUS.get(status);
  const code = isOurMistake ? 'unsupported' : (known ?? open);
  const category = wordOf(body['category']);
  const request = correlationOf(response);
  const wait = waitOf(response);
  return new AdapterError(code, `HubSpot refused: ${status}${category === '' ? '' : ` (${category})`}.`, {
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(request === undefined ? {} : { providerRequestId: request }),
    fields: details,
  });
}

/** HubSpot's refusals all have a category. */
const isOurs = ({ category }: JsonObject) => typeof category === 'string';

function waitOf({ status, headers, body }: CrmResponse): number | undefined {
  if (status !== 429) return retryAfterMs(headers, 0);
  if (/^daily$/i.test(wordOf(body['policyName']))) return DAILY_WAIT_MS;
  const interval = headers['x-hubspot-ratelimit-interval-milliseconds'];
  const told = typeof interval === 'string' && /^\d{1,9}$/.test(interval) ? Number(interval) : WINDOW_MS;
  return retryAfterMs(headers, 0) ?? told;
}

function detailsOf({ errors }: JsonObject): { path: string; message: string }[] {
  const list: readonly Json[] = Array.isArray(errors) ? errors : [];
  return list.filter(isObject).map(({ code, context }) => {
    const names = isObject(context) ? context['propertyName'] : undefined;
    return { path: wordOf(Array.isArray(names) ? names[0] : undefined), message: wordOf(code) };
  });
}

function wordOf(value: Json | undefined): string {
  return typeof value === 'string' ? value.replace(/[^A-Za-z0-9_]/g, '').slice(0, CATEGORY_CHARS_MAX) : '';
}

/** A success handed on, or its refusal thrown. */
export function accepted(response: CrmResponse, kind: 'read' | 'write'): CrmResponse {
  if (response.status < 200 || response.status >= 300) throw refused(response, kind);
  return response;
}

/** Whether HubSpot itself says that there is no such record; a 404 from something in between says nothing. */
export function saysAbsent({ status, body }: CrmResponse): boolean {
  return status === 404 && body['category'] === 'OBJECT_NOT_FOUND';
}

/** What support asks for. */
export function correlationOf({ headers, body }: CrmResponse): string | undefined {
  const id = body['correlationId'] ?? headers['x-hubspot-correlation-id'];
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id) ? id : undefined;
}

export function misshapen(): AdapterError {
  return new AdapterError('bug', 'HubSpot’s answer has not the promised shape.');
}

/** A success that does not say what it wrote is looked up, not believed. */
export function unbelievable(): AdapterError {
  return new AdapterError('unknown_outcome', 'HubSpot’s answer to a write has not the promised shape.');
}

/** Refused with the values it has, and not because of our own key, which was looked for: no try will be better. */
export function takenByOthers(response: CrmResponse): AdapterError {
  const { code, message, fields, providerRequestId } = refused(response, 'write');
  const request = providerRequestId === undefined ? {} : { providerRequestId };
  return new AdapterError(code === 'conflict' ? 'invalid' : code, message, { fields, ...request });
}

/** It may have been made before, and HubSpot cannot be asked now. */
export function unclear(): AdapterError {
  return new AdapterError('unknown_outcome', 'HubSpot does not say whether this was made before.');
}
