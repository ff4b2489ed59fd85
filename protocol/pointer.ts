/** The pointers of definitions and schedules: plain names only (RFC 6901 without escapes or places in lists). */
import type { Json, JsonObject } from './json.ts';

export function at(value: JsonObject, pointer: string): Json | undefined {
  let found: Json | undefined = value;
  for (const name of names(pointer)) {
    if (typeof found !== 'object' || found === null || Array.isArray(found) || !Object.hasOwn(found, name))
      return undefined;
    found = (found as JsonObject)[name];
  }
  return found;
}

/** A copy with another value at the pointer. */
export function withAt(value: JsonObject, pointer: string, to: Json): JsonObject {
  const [first = '', ...rest] = names(pointer);
  if (rest.length === 0) return { ...value, [first]: to };
  const inner = Object.hasOwn(value, first) ? value[first] : undefined;
  const below = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as JsonObject) : {};
  return { ...value, [first]: withAt(below, `/${rest.join('/')}`, to) };
}

/** The member of the terms that a pointer lies in. */
export const topName = (pointer: string): string => names(pointer)[0] ?? '';

const names = (pointer: string): string[] => pointer.split('/').slice(1);
