import type { Json, JsonObject } from '../../protocol/json.ts';
import { encode, type MoneyForm } from '../sdk/codec.ts';
import { type Path, path } from '../sdk/http.ts';
import { AdapterError } from '../sdk/index.ts';
import type { MappedType } from '../sdk/mapping.ts';
import { put } from '../sdk/pointer.ts';
import type { Bound, Place } from './bind.ts';

export interface Call {
  readonly target: Path;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

/** More than any id, key or version has: in a request line it would look like a broken connection. */
const TEXT_CHARS_MAX = 256;

/** The operation’s request with these values at their places. Every value is one encoded segment, parameter, header or member. */
export function callOf(
  { operation, id, key, guard, fixed }: Bound,
  base: string,
  given: {
    readonly id?: string;
    readonly key?: string;
    readonly version?: string | undefined;
    readonly body?: JsonObject;
  },
): Call {
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

function usable(value: string): string {
  if (value.length > TEXT_CHARS_MAX || !/^[^\p{Cc}\p{Cs}]+$/u.test(value))
    throw new AdapterError('invalid', 'An identifier is not usable.');
  return value;
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

/** Fields of ours at their places in the request’s body. */
export function bodyOf(
  { values: at }: Bound,
  type: MappedType,
  values: JsonObject,
  account: string | null,
  money: MoneyForm,
): JsonObject {
  let body: JsonObject = {};
  for (const [name, value] of Object.entries(values)) {
    const field = type.fields.get(name);
    if (field === undefined) throw new AdapterError('bug', 'A step is not one that this adapter planned.');
    const encoded = encode(field, value, money);
    body = put(body, `${at}${field.field}`, encoded.value);
    if (field.currency !== undefined) body = put(body, `${at}${field.currency}`, encoded.currency ?? null);
  }
  return account === null || type.account === undefined ? body : put(body, `${at}${type.account}`, account);
}
