import { isObject } from '../../protocol/base/json.ts';
import type { CrmResponse } from '../sdk/http.ts';
import { AdapterError, type AdapterErrorCode, type Ctx } from '../sdk/index.ts';
import { retryAfterMs } from '../sdk/limits.ts';
import { at } from '../sdk/pointer.ts';
import type { Answer } from '../sdk/remote/records.ts';
import type { Place } from './bind.ts';
import type { ErrorRule } from './mapping.ts';

const CODES: ReadonlyMap<number, AdapterErrorCode> = new Map<number, AdapterErrorCode>([
  [400, 'invalid'],
  [401, 'unauthorised'],
  [402, 'forbidden'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [405, 'unsupported'],
  [406, 'unsupported'],
  [409, 'conflict'],
  [410, 'not_found'],
  [412, 'conflict'],
  [413, 'invalid'],
  [414, 'invalid'],
  [415, 'unsupported'],
  [422, 'invalid'],
  [423, 'retryable'],
  [428, 'bug'],
  [429, 'rate_limited'],
  [431, 'invalid'],
  [451, 'forbidden'],
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
  const standard = mine.length === 0 ? standardOf(response) : undefined;
  const code = rule?.means ?? standard ?? (kind === 'write' ? 'unknown_outcome' : 'retryable');
  const wait = retryAfterMs(headers, ctx.clock().getTime());
  const request = requestId(response);
  throw new AdapterError(code, `The CRM refused: ${status}.`, {
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(request === undefined ? {} : { providerRequestId: request }),
  });
}

/** That something is not there is the API's own word only in the API's own form: a page of a proxy's says it too. */
function standardOf({ status, json }: CrmResponse): AdapterErrorCode | undefined {
  const code = CODES.get(status);
  return code === 'not_found' && !isObject(json) ? undefined : code;
}

/** The answer as the records see it. */
export function answerOf(response: CrmResponse, repeat: Place | undefined): Answer {
  const { headers, json } = response;
  const request = requestId(response);
  return {
    json,
    header(name) {
      const held = headers[name];
      return typeof held === 'string' ? held : undefined;
    },
    isRepeat: says(response, repeat),
    ...(request === undefined ? {} : { requestId: request }),
  };
}

function says(response: CrmResponse, place: Place | undefined): boolean {
  if (place === undefined) return false;
  const { headers, json } = response;
  const value = place.in === 'header' ? headers[place.name.toLowerCase()] : at(json, place.name);
  return value === true || value === 'true' || value === 'hit';
}

function requestId({ headers }: CrmResponse): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? id.slice(0, 100) : undefined;
}
