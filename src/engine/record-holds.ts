/** One open commitment a record: who writes a record's terms holds it from when it is agreed, or planned, to its end. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Held, HoldSet } from '../ports.ts';
import { recordName } from './dealings.ts';
import type { Operation } from './operation.ts';
import { ownerOf } from './owner.ts';
import { actionOf, type World } from './world.ts';
import { refusalOf } from './write.ts';

/** What the operation holds of its records, as its definition says. What waits for its day holds them against those alone that would not
 * know of it. */
export function recordHolds(world: Pick<World, 'actions'>, operation: Operation, isWaiting = false): HoldSet {
  const rules = actionOf(world, operation)?.rules;
  const types = new Map(rules?.subjects.map(({ name, type }) => [name, type]));
  const names = (rules?.exclusive ?? []).flatMap((name) =>
    idsOf(operation.records?.[name]).map((id) => recordName(types.get(name) ?? '', id)),
  );
  const shares = rules?.sharesWhileScheduled === true;
  const once = (name: string, limit: number | null) => ({ name, amount: 1, limit, lasts: 'operation' as const });
  return {
    operation: operation.id,
    kind: 'record',
    holds: [...new Set(names)].flatMap((name) => {
      const [now, later] = [`record:${name}`, `record:later/${name}`];
      if (shares) return [isWaiting ? once(later, null) : once(now, 1)];
      return [once(now, 1), once(later, 1)];
    }),
  };
}

/** How the operation is refused what others hold: of a record by which request, until when, and, where it is the same agent's, its id. */
export function heldRefusal(world: Pick<World, 'store'>, operation: Operation, held: Held): Refusal {
  const { kind, by } = held;
  if (kind !== 'record') return refusalOf(held);
  const other = by === null ? undefined : world.store.operation(by);
  if (other === undefined) return refusalOf(held);
  const until = endOf(other);
  return refusal('record-busy', `A request for ${other.action} on this record ${waitOf(other, until)}.`, {
    open: {
      action: other.action,
      state: other.state,
      until,
      ...(ownerOf(other.agent) === ownerOf(operation.agent) ? { operation: other.id } : {}),
    },
  });
}

function waitOf({ state }: Operation, until: string | null): string {
  if (state === 'scheduled') return `is agreed for a later day, ${until}, and open until then`;
  const waits = state === 'awaiting_signoff' ? 'waits for a person' : 'is being carried out';
  return until === null ? waits : `${waits} until ${until} at the latest`;
}

/** Null: as soon as it is done. */
function endOf({ state, signoffs, schedule }: Operation): string | null {
  if (state === 'scheduled') return schedule?.on ?? null;
  if (state === 'awaiting_signoff') return signoffs.at(-1)?.expiresAt ?? null;
  return null;
}

function idsOf(record: Json | undefined): readonly string[] {
  if (Array.isArray(record)) return record.flatMap(idsOf);
  if (typeof record !== 'object' || record === null) return [];
  const { id } = record as JsonObject;
  return typeof id === 'string' ? [id] : [];
}
