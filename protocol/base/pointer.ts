/** The pointers of definitions and schedules: plain names only (RFC 6901 without escapes or places in lists). */
import { isObject, type Json, type JsonObject, objectOf } from './json.ts';

export function at(value: JsonObject, pointer: string): Json | undefined {
  let found: Json | undefined = value;
  for (const name of names(pointer)) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** A copy with another value at the pointer. */
export function withAt(value: JsonObject, pointer: string, to: Json): JsonObject {
  return put(value, names(pointer), to);
}

function put(value: JsonObject, [first = '', ...rest]: readonly string[], to: Json): JsonObject {
  if (rest.length === 0) return { ...value, [first]: to };
  const below = objectOf(Object.hasOwn(value, first) ? value[first] : undefined);
  return { ...value, [first]: put(below, rest, to) };
}

/** The member of the terms that a pointer lies in. */
export const topName = (pointer: string): string => names(pointer)[0] ?? '';

/** Nearly all are one name: a schedule of hundreds of packages asks for each of theirs. */
const names = (pointer: string): string[] =>
  pointer.lastIndexOf('/') === 0 ? [pointer.slice(1)] : pointer.split('/').slice(1);
