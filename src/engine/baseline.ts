/** What limits are measured from: records as they were before the other side's requests moved them. */
import { digest } from '../../protocol/base/canonical.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { type Dealing, recordName } from './dealings.ts';
import { overlaid } from './facts.ts';
import type { Operation } from './operation.ts';
import { actionOf, type World } from './world.ts';

type BaselineWorld = Pick<World, 'actions' | 'store'>;

/** The operation's records with everything taken back that was agreed through us since then. What the company changed by itself stays:
 * a value is followed back only as long as each of our changes led to the next. */
export function recordsBefore(world: BaselineWorld, operation: Operation, since: number): JsonObject {
  const { records = {} } = operation;
  const types = new Map(actionOf(world, operation)?.rules.subjects.map(({ name, type }) => [name, type]));
  const before = (name: string, record: Json): Json => {
    if (Array.isArray(record)) return record.map((each: Json) => before(name, each));
    const type = types.get(name);
    if (typeof record !== 'object' || record === null || type === undefined) return record;
    const data = record as JsonObject;
    if (typeof data['id'] !== 'string') return record;
    const value = recordName(type, data['id']);
    const others = world.store
      .dealings({ by: 'record', value, since })
      .filter(({ operation: id }) => id !== operation.id);
    return takenBack(data, others);
  };
  return Object.fromEntries(Object.entries(records).map(([name, record]) => [name, before(name, record)]));
}

/** `dealings`: the earliest first. */
function takenBack(record: JsonObject, dealings: readonly Dealing[]): JsonObject {
  const broken = new Set<string>();
  const values: Record<string, Json> = {};
  for (const { changes } of dealings.toReversed())
    for (const { field, from, to } of changes) {
      if (broken.has(field)) continue;
      const value = values[field] ?? record[field] ?? null;
      // Where it still is as before, the day of the change has not come.
      if (digest(value) === digest(to)) values[field] = from;
      else if (digest(value) !== digest(from)) broken.add(field);
    }
  // Over the record, not a copy of it: only what is looked at is looked at.
  return overlaid(record, values);
}
