/** JSON Pointers (RFC 6901): where a value is in an answer, and where it goes in a request. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';

/** A pointer whose members are names as APIs have them; the empty one is the whole. */
export const POINTER = /^(?:\/[A-Za-z0-9_.$@~-]{1,80}){0,10}$/;

export function tokensOf(pointer: string): string[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function at(value: Json | undefined, pointer: string): Json | undefined {
  return tokensOf(pointer).reduce<Json | undefined>((here, token) => {
    if (Array.isArray(here)) return /^(?:0|[1-9]\d{0,8})$/.test(token) ? here[Number(token)] : undefined;
    return isObject(here) && Object.hasOwn(here, token) ? here[token] : undefined;
  }, value);
}

/** Whether what the pointer leads to is said to be nothing: a list on the way that is empty, or null. What is not as promised says
 * nothing at all. */
export function saysNothingAt(value: Json | undefined, pointer: string): boolean {
  let here = value;
  for (const token of tokensOf(pointer)) {
    if (here === null || (Array.isArray(here) && here.length === 0)) return true;
    here = at(here, `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
  return here === null;
}

/** The object with the value at the pointer; what is on the way there becomes objects. */
export function put(whole: JsonObject, pointer: string, value: Json): JsonObject {
  const [token, ...rest] = tokensOf(pointer);
  if (token === undefined) return isObject(value) ? value : whole;
  const inner = Object.hasOwn(whole, token) ? whole[token] : undefined;
  const deeper = rest.map((each) => `/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const next = rest.length === 0 ? value : put(isObject(inner) ? inner : {}, deeper, value);
  // A computed member is always the object's own, whatever its name.
  return { ...whole, [token]: next };
}
