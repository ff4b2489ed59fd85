/** What waits for its day and is overtaken by the customer's own notice or switch: nobody waits for months to be told no. And what becomes
 * of a rest that is not written. */
import { type Refusal, refusal, toProblem } from '../../protocol/base/errors.ts';
import { isObject, type Json, objectOf } from '../../protocol/base/json.ts';
import { type Dealing, dealingsOf, recordName } from '../engine/dealings.ts';
import { isRight } from '../engine/demands.ts';
import { endedBy } from '../engine/ended.ts';
import { hasEnded } from '../engine/grounds.ts';
import { scheduledOn } from '../engine/later.ts';
import type { Operation } from '../engine/operation.ts';
import { isUnclear, meetsRequirements } from '../engine/requirements.ts';
import { hasWritten } from '../engine/schedule.ts';
import { type Moved, move } from '../engine/transitions.ts';
import { actionOf, type Change, type World } from '../engine/world.ts';
import { termsOf } from './terms.ts';

/** The change, and with it, in one transaction, that what it has ended is judged at once and no longer on its day. */
export function overtaking(world: World, change: Change): Change {
  if (change.next.state !== 'completed') return change;
  const moved = endedOf(world, change.next);
  if (moved.length === 0) return change;
  return {
    ...change,
    records: [...moved.map(({ record }) => record), ...change.records],
    beside: [...(change.beside ?? []), ...moved.map(({ next, expected }) => ({ next, expected }))],
  };
}

function endedOf(world: World, done: Operation): readonly Moved[] {
  const now = world.clock.now();
  return dealingsOf(done).flatMap((dealing) =>
    scheduledOn(world, { record: dealing.record, except: done.id })
      .filter((other) => isEnded(world, other, { done, dealing }))
      .map((other) => move(other, 'overtaken', 'engine', now, { dueAt: now.getTime() }, { by: done.id })),
  );
}

/** On the record as the other operation leaves it. */
function isEnded(
  world: World,
  other: Operation,
  { done, dealing }: { readonly done: Operation; readonly dealing: Dealing },
): boolean {
  const rules = actionOf(world, other)?.rules;
  if (rules?.overtakenBy?.includes(done.action) !== true) return false;
  const left = Object.entries(done.records ?? {}).find(([name, each]) =>
    isOf(world, done, { name, each }, dealing.record),
  );
  const set = Object.fromEntries(dealing.changes.map(({ field, to }) => [field, to]));
  const records = Object.fromEntries(
    Object.entries(other.records ?? {}).map(([name, each]): [string, Json] =>
      isOf(world, other, { name, each }, dealing.record)
        ? [name, { ...objectOf(each), ...objectOf(left?.[1]), ...set }]
        : [name, each],
    ),
  );
  const now = { ...other, records };
  const terms = termsOf(world, now);
  return endedBy(world, now).since && !(terms.ok && meetsRequirements(world, now, terms.value).ok);
}

/** Whether it is this record: ids of different types may be alike. */
function isOf(
  world: Pick<World, 'actions'>,
  operation: Operation,
  { name, each }: { readonly name: string; readonly each: Json },
  record: string,
): boolean {
  const type = actionOf(world, operation)?.rules.subjects.find((subject) => subject.name === name)?.type;
  return type !== undefined && isObject(each) && recordName(type, String(each['id'])) === record;
}

/** How an operation ends whose rest nobody may write any more, and why not. */
export function endOfRest(
  world: Pick<World, 'actions'>,
  operation: Operation,
  why: Refusal,
): 'rejected' | 'refused' | 'stuck' {
  if (isUnclear(why) && isRight(world, operation)) return 'stuck';
  // What left it where it was, a call for a person for one, says nothing of why it is judged.
  const isOvertaken = operation.history.findLast(({ from, to }) => from !== to)?.event === 'overtaken';
  return (isOvertaken && hasWritten(operation)) || mayTakeBack(world, operation, why) ? 'rejected' : 'refused';
}

/** Whether what is written of it is taken back, so that it is as if it had never been. Not what others have relied on since an earlier
 * day; and of a right not for what stands in our own way, but where whoever exercised it may not, or does not want it any more. */
export function mayTakeBack(world: Pick<World, 'actions'>, operation: Operation, why?: Refusal): boolean {
  if (!hasWritten(operation) || operation.schedule !== undefined) return false;
  return !isRight(world, operation) || (why !== undefined && hasEnded(why));
}

export const undone = () =>
  toProblem(refusal('record-unusable', 'A later step could not be carried out; the earlier ones are being reversed.'));
