/** What has ended a record's contract through us, also where the CRM has no place for more than a date. */
import { same } from '../../adapters/sdk/values.ts';
import { isObject, type JsonObject } from '../../protocol/base/json.ts';
import { recordName } from './dealings.ts';
import type { Operation } from './operation.ts';
import { actionOf, type World } from './world.ts';

export interface Ended extends JsonObject {
  /** The action that did it; empty where nothing has. */
  readonly by: string;
  /** Whether it was done after this operation was asked for. */
  readonly since: boolean;
}

const NOTHING: Ended = { by: '', since: false };
/** A notice is older only where it has long taken effect. */
const MEMORY_MS = 2 * 366 * 86_400_000;

/** The last of the actions that overtake this one, as long as what it wrote still stands: what a person at the company took back is back. */
export function endedBy(world: Pick<World, 'actions' | 'store'>, operation: Operation): Ended {
  const rules = actionOf(world, operation)?.rules;
  const [subject] = rules?.subjects ?? [];
  const record = operation.records?.[subject?.name ?? ''];
  const overtaking = rules?.overtakenBy ?? [];
  if (overtaking.length === 0 || subject === undefined || !isObject(record)) return NOTHING;
  const asked = Date.parse(operation.createdAt);
  const found = world.store
    .dealings({ by: 'record', value: recordName(subject.type, String(record['id'])), since: asked - MEMORY_MS })
    .findLast(
      ({ operation: id, action, changes }) =>
        id !== operation.id &&
        overtaking.includes(action) &&
        changes.length > 0 &&
        changes.every(({ field, to }) => same(record[field] ?? null, to)),
    );
  return found === undefined ? NOTHING : { by: found.action, since: found.at > asked };
}
