/** Closed shapes for records that come from outside: says where the first misfit is. For the verifier, which carries no schema engine. */
import type { Json, JsonObject } from './json.ts';
import { err, ok, type Result } from './result.ts';

export interface Shape<T> {
  /** Path of the first misfit, or `undefined` when the value fits. */
  misfit(value: unknown, path: string): string | undefined;
  /** Type only. */
  readonly of?: T;
}

/** The value, typed, when it fits; otherwise the path of the first misfit, e.g. `$.history[2].at`. */
export function conform<T>(shape: Shape<T>, value: unknown): Result<T, string> {
  const path = shape.misfit(value, '$');
  return path === undefined ? ok(value as T) : err(path);
}

const leaf = <T>(accepts: (value: unknown) => boolean): Shape<T> => ({
  misfit: (value, path) => (accepts(value) ? undefined : path),
});

export const text: Shape<string> = leaf((value) => typeof value === 'string');
export const matching = (pattern: RegExp): Shape<string> =>
  leaf((value) => typeof value === 'string' && pattern.test(value));
export const oneOf = <const T extends string>(values: readonly T[]): Shape<T> =>
  leaf((value) => values.some((each) => each === value));
/** Any object. The values under a shape come from JSON, so that its members are JSON too. */
export const record: Shape<JsonObject> = leaf(isRecord);

export const scalar: Shape<string | number | null> = leaf(
  (value) => value === null || typeof value === 'string' || Number.isSafeInteger(value),
);
export const count: Shape<number> = leaf((value) => Number.isSafeInteger(value) && Number(value) >= 0);
/** Anything: the values under a shape come from JSON. */
export const json: Shape<Json> = leaf((value) => value !== undefined);

export const nullOr = <T>(shape: Shape<T>): Shape<T | null> => ({
  misfit: (value, path) => (value === null ? undefined : shape.misfit(value, path)),
});

export const listOf = <T>(shape: Shape<T>): Shape<readonly T[]> => ({
  misfit(value, path) {
    if (!Array.isArray(value)) return path;
    for (const [at, item] of value.entries()) {
      const misfit = shape.misfit(item, `${path}[${at}]`);
      if (misfit !== undefined) return misfit;
    }
    return undefined;
  },
});

type Members<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };

/** Exactly these members, all of them. */
export const object = <T>(members: Members<T>): Shape<T> => objectWith(members, {});

/** All of `required`, any of `optional`, and nothing else. */
export const objectWith = <R, O>(required: Members<R>, optional: Members<O>): Shape<R & Partial<O>> => ({
  misfit(value, path) {
    if (!isRecord(value)) return path;
    const members: { readonly [key: string]: Shape<unknown> } = { ...optional, ...required };
    const extra = Object.keys(value).find((key) => !Object.hasOwn(members, key));
    if (extra !== undefined) return `${path} (unexpected member)`;
    for (const [key, shape] of Object.entries(members)) {
      const present = Object.hasOwn(value, key);
      const misfit = present ? shape.misfit(value[key], `${path}.${key}`) : `${path}.${key}`;
      if (misfit !== undefined && (present || Object.hasOwn(required, key))) return misfit;
    }
    return undefined;
  },
});

export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
