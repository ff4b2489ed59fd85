/** What a decision about records rests on: the fields that were looked at while it was made, and no others. */
import { digest } from '../../protocol/base/canonical.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { Offer } from '../../protocol/operation.ts';
import { commitment } from './commitment.ts';
import { type FieldChange, recordName } from './dealings.ts';
import { endedBy } from './ended.ts';
import type { Changed, Facts, Negotiation, Operation } from './operation.ts';
import { actionOf, type World } from './world.ts';

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

/** What has changed under an offer. An offer that names no facts was made before offers did. */
export function changedUnder(
  { facts }: Pick<Offer, 'facts'>,
  { grounds }: Pick<Negotiation, 'grounds'>,
  records: JsonObject,
): readonly Changed[] {
  const ground = grounds?.find(({ digest: each }) => each === facts?.digest);
  return ground === undefined ? [] : changedFacts(ground.facts, records);
}

/** What has changed under the offer that was accepted. */
export function changedUnderAgreement({ negotiation, agreement, records = {} }: Operation): readonly Changed[] {
  const offer = negotiation?.offers.find(({ id }) => id === agreement?.offer);
  return negotiation === undefined || offer === undefined ? [] : changedUnder(offer, negotiation, records);
}

/** Whether all of this was done by the customer's own requests, and not by the company: by one of them that has ended what this is about,
 * whatever it wrote, or by such as lead from what each field was to what it is. */
export function isPrincipals(
  world: Pick<World, 'actions' | 'store' | 'clock'>,
  operation: Operation,
  changed: readonly Changed[],
): boolean {
  if (endedBy(world, operation).since) return true;
  if (changed.length === 0) return false;
  const types = new Map(actionOf(world, operation)?.rules.subjects.map(({ name, type }) => [name, type]));
  const since = world.clock.now().getTime() - MEMORY_MS;
  return changed.every(({ fact, from, to }) => {
    const { name, place, field } = partsOf(fact);
    const record = recordAt(operation.records ?? {}, name, place);
    const [type, id] = [types.get(name), record?.['id']];
    if (type === undefined || typeof id !== 'string') return false;
    const made = world.store
      .dealings({ by: 'record', value: recordName(type, id), since })
      .flatMap(({ operation: by, changes }) => (by === operation.id ? [] : changes))
      .filter((each) => each.field === field);
    return leads(made, { from, to });
  });
}

/** Whether these changes, the earliest first, lead from one value to the other, with nobody else's between them. */
function leads(changes: readonly FieldChange[], { from, to }: Pick<Changed, 'from' | 'to'>): boolean {
  let value = to;
  for (const each of changes.toReversed()) {
    if (digest(each.to) === digest(value)) value = each.from;
    // Its day has not come.
    else if (each.later === true && digest(each.from) === digest(value)) continue;
    else return false;
    if (digest(value) === digest(from)) return true;
  }
  return false;
}

/** How far back a change of today may have been agreed. */
const MEMORY_MS = 366 * 86_400_000;

/** Of what has changed, what the customer may see: the terms' own starting points, and what a read of the record would show. */
export function shownFacts(
  world: Pick<World, 'actions'>,
  operation: Operation,
  changed: readonly Changed[],
): readonly Changed[] {
  const action = actionOf(world, operation);
  const shows = world.actions.action('record.read')?.rules.shows;
  const types = new Map(action?.rules.subjects.map(({ name, type }) => [name, type]));
  const starts = new Set(action?.definition.negotiable.map(({ pointer, record = pointer }) => record.split('/')[1]));
  return changed.filter(({ fact }) => {
    const { name, field } = partsOf(fact);
    return starts.has(field) || shows?.get(types.get(name) ?? '')?.includes(field) === true;
  });
}

/** `contract.seats`, `lines/1.sku` */
export function partsOf(fact: string): {
  readonly name: string;
  readonly place: string | undefined;
  readonly field: string;
} {
  const dot = fact.indexOf('.');
  const [name = '', place] = fact.slice(0, dot).split('/');
  return { name, place, field: fact.slice(dot + 1) };
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
  const { name, place, field } = partsOf(fact);
  const record = recordAt(records, name, place);
  return record !== undefined && Object.hasOwn(record, field) ? (record[field] ?? null) : null;
}

function recordAt(records: JsonObject, name: string, place: string | undefined): JsonObject | undefined {
  const named = records[name];
  const record = place === undefined ? named : Array.isArray(named) ? named[Number(place)] : undefined;
  return isObject(record) ? record : undefined;
}

function byName([a]: readonly [string, Json], [b]: readonly [string, Json]): number {
  return a < b ? -1 : 1;
}
