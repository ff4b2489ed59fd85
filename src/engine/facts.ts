/** What a decision about records rests on: the fields that were looked at while it was made, and no others. */
import { digest } from '../../protocol/canonical.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { commitment } from './commitment.ts';

/** Facts by `record.field`, as they were read; null where the record has nothing. */
export type Facts = JsonObject;

export interface Changed {
  /** `record.field` */
  readonly fact: string;
  readonly from: Json;
  readonly to: Json;
}

/** The records as a view that notes which of their fields are looked at, also those that are not there. */
export interface Watched {
  readonly records: JsonObject;
  /** What was looked at so far. */
  facts(): Facts;
}

export function watchFields(records: JsonObject): Watched {
  const seen = new Map<string, Json>();
  const views = Object.entries(records).map(([name, record]): [string, Json] => [name, viewOf(record, name, seen)]);
  return { records: Object.fromEntries(views), facts: () => Object.fromEntries([...seen].toSorted(byName)) };
}

/** Which of these facts are others now. */
export function changedFacts(facts: Facts, records: JsonObject): readonly Changed[] {
  return Object.entries(facts).flatMap(([fact, from]) => {
    const to = factOf(records, fact);
    return digest(from) === digest(to) ? [] : [{ fact, from, to }];
  });
}

/** What an offer says of the facts under it: salted, as some of them are nobody's business. */
export function factsDigest(salt: string, facts: Facts): string {
  return commitment(salt, facts);
}

/** A copy of the record's view with values laid over it; those are nobody's facts. */
export function overlaid(record: Json | undefined, values: JsonObject): JsonObject {
  const base = isObject(record) ? record : {};
  const under = (key: string | symbol): JsonObject =>
    typeof key === 'string' && Object.hasOwn(values, key) ? values : base;
  // The target is neither: a proxy looks at its target by itself.
  return new Proxy<JsonObject>(
    {},
    {
      get: (_target, key) => Reflect.get(under(key), key),
      has: (_target, key) => Reflect.has(under(key), key),
      ownKeys: () => [...new Set([...Reflect.ownKeys(base), ...Object.keys(values)])],
      getOwnPropertyDescriptor: (_target, key) => Reflect.getOwnPropertyDescriptor(under(key), key),
    },
  );
}

function viewOf(record: Json, name: string, seen: Map<string, Json>): Json {
  if (Array.isArray(record)) return record.map((each, place) => viewOf(each, `${name}/${place}`, seen));
  if (!isObject(record)) return record;
  const note = (key: string | symbol): void => {
    // What every object has is not a field.
    if (typeof key === 'string' && !(key in Object.prototype))
      seen.set(`${name}.${key}`, Object.hasOwn(record, key) ? (record[key] ?? null) : null);
  };
  return new Proxy(record, {
    get(target, key) {
      note(key);
      return Reflect.get(target, key);
    },
    has(target, key) {
      note(key);
      return Reflect.has(target, key);
    },
    ownKeys(target) {
      for (const key of Object.keys(target)) note(key);
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor(target, key) {
      note(key);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  });
}

function factOf(records: JsonObject, fact: string): Json {
  const dot = fact.indexOf('.');
  const [path, field] = [fact.slice(0, dot), fact.slice(dot + 1)];
  const [name = '', place] = path.split('/');
  const named = records[name];
  const record = place === undefined ? named : Array.isArray(named) ? named[Number(place)] : undefined;
  return isObject(record) && Object.hasOwn(record, field) ? (record[field] ?? null) : null;
}

function byName([a]: readonly [string, Json], [b]: readonly [string, Json]): number {
  return a < b ? -1 : 1;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
