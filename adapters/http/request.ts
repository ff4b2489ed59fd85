import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { type Path, path } from '../sdk/http.ts';
import { put } from '../sdk/pointer.ts';
import { usable } from '../sdk/remote/records.ts';
import type { Given } from '../sdk/remote/store.ts';
import type { HttpBound, Place } from './bind.ts';

export interface Call {
  readonly target: Path;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

/** The operation’s request with these values at their places. Every value is one encoded segment, parameter, header or member. */
export function callOf({ operation, id, key, guard, fixed }: HttpBound, base: string, given: Given): Call {
  const placed: (readonly [Place, Json])[] = [...fixed];
  for (const [place, value] of [
    [id, given.id],
    [key, given.key],
    [guard, given.version],
  ] as const)
    if (place !== undefined && value !== undefined) placed.push([place, asTag(place, usable(value))]);
  const inside = (where: Place['in']) => placed.filter(([place]) => place.in === where);
  const parameters = new Map(inside('path').map(([{ name }, value]) => [name, String(value)]));
  const query = inside('query').map(([{ name }, value]) => [encodeURIComponent(name), String(value)] as const);
  return {
    target: targetOf(base, operation.path, parameters, query),
    headers: Object.fromEntries(inside('header').map(([{ name }, value]) => [name.toLowerCase(), String(value)])),
    body: inside('body').reduce((body, [{ name }, value]) => put(body, name, value), given.body ?? {}),
  };
}

/** If-Match takes entity tags (RFC 9110 §8.8.3), also where the API shows its versions without the quotes. */
function asTag({ in: where, name }: Place, value: string): string {
  const isBare = where === 'header' && name.toLowerCase() === 'if-match' && !/^(?:W\/)?".*"$/.test(value);
  return isBare ? `"${value}"` : value;
}

function targetOf(
  base: string,
  template: string,
  parameters: ReadonlyMap<string, string>,
  query: readonly (readonly [name: string, value: string])[],
): Path {
  const [first = '', ...others] = template.split('{');
  const fixed = [`${base}${first}`];
  const values: string[] = [];
  for (const each of others) {
    const [name = '', rest = ''] = each.split('}');
    values.push(parameters.get(name) ?? '');
    fixed.push(rest);
  }
  for (const [index, [name, value]] of query.entries()) {
    fixed.push(`${fixed.pop() ?? ''}${index === 0 ? '?' : '&'}${name}=`, '');
    values.push(value);
  }
  return path(Object.assign(fixed, { raw: fixed }), ...values);
}
