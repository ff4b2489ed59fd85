/** The mapping document against the OpenAPI document: which operation reads, changes, makes and finds a record, and where in its requests
 * and answers everything is. Places are written as OpenAPI’s own runtime expressions: `$request.path.id`, `$response.header.etag`. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { AdapterErrorCode } from '../sdk/index.ts';
import { POINTER } from '../sdk/pointer.ts';
import { meaningOf, parseResources, type Resources } from '../sdk/remote/resource.ts';
import { bindOperation, type HttpBound, placeOf } from './bind.ts';
import type { Api } from './openapi.ts';

export interface ErrorRule {
  readonly status: number;
  readonly at: string | undefined;
  readonly is: Json;
  readonly means: AdapterErrorCode;
}

export interface HttpMapping {
  readonly resources: Resources<HttpBound>;
  readonly errors: readonly ErrorRule[];
  readonly security: string | undefined;
}

export function parseHttpMapping(document: JsonObject, api: Api): Result<HttpMapping, readonly string[]> {
  const { errors = [], security, ...rest } = document;
  const resources = parseResources<HttpBound>(rest, {
    bind: (...given) => bindOperation(api, ...given),
    header(expression) {
      const place = placeOf(expression, 'response');
      return place?.in === 'header' ? place.name.toLowerCase() : undefined;
    },
  });
  const problems = resources.ok ? [] : [...resources.error];
  if (security !== undefined && !(typeof security === 'string' && Object.hasOwn(api.schemes, security)))
    problems.push('/security is not one of the document’s securitySchemes');
  const rules = errorRules(errors, problems);
  if (!resources.ok || problems.length > 0) return err(problems);
  return ok({
    resources: resources.value,
    errors: rules,
    security: typeof security === 'string' ? security : undefined,
  });
}

function errorRules(errors: Json, problems: string[]): ErrorRule[] {
  if (!Array.isArray(errors)) problems.push('/errors must be a list');
  const list: readonly Json[] = Array.isArray(errors) ? errors : [];
  return list.flatMap((each: Json, index) => {
    const { status, at, is = null, means, ...unknown } = isObject(each) ? each : {};
    const meaning = meaningOf(means);
    const isFine =
      typeof status === 'number' &&
      status >= 400 &&
      status <= 599 &&
      (at === undefined || (typeof at === 'string' && POINTER.test(at))) &&
      Object.keys(unknown).length === 0;
    if (isFine && meaning !== undefined)
      return [{ status, at: typeof at === 'string' ? at : undefined, is, means: meaning }];
    problems.push(`/errors/${index} must have a status of 4xx or 5xx, perhaps at and is, and a known means`);
    return [];
  });
}
