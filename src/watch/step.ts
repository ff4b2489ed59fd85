import { AdapterError, type Ctx, type PlanStep, type VerifyState } from '../../adapters/sdk/index.ts';
import { mayHaveWritten } from '../engine/effects.ts';
import type { Operation } from '../engine/operation.ts';
import { doneSteps } from '../engine/schedule.ts';
import { move } from '../engine/transitions.ts';
import { type Change, notify, type World } from '../engine/world.ts';
import { outcomeOf, overtaken, type Seen } from './rules.ts';
import { refKey, type Watches, watchesOf } from './watch-store.ts';

/** One CRM call's time. */
const CALL_TIMEOUT_MS = 10_000;
/** Far more than a gateway writes at once. */
const WRITING_MAX = 1_000;

export function watchContext(world: Pick<World, 'clock' | 'log'>): Ctx {
  return { clock: () => world.clock.now(), signal: AbortSignal.timeout(CALL_TIMEOUT_MS), log: world.log };
}

/** The record moved under a plan that waits for a person: that plan is no longer one to sign off. It is made anew, and asked anew. */
export function voidSignoff(world: World, operation: Operation, seen: Seen): Change | undefined {
  const signoff = overtaken(operation, seen);
  if (signoff === undefined) return undefined;
  const now = world.clock.now();
  const { type, value } = seen.ref;
  const reason = `${type} ${value} was ${'gone' in seen ? 'deleted' : 'changed'} in the CRM after this plan was made.`;
  const decision = { kind: 'void', at: now.toISOString(), reason } as const;
  const signoffs = operation.signoffs.map((each) => (each === signoff ? { ...each, decision } : each));
  const facts = { signoff: signoff.id, plan: signoff.planDigest, changed: type };
  const moved = move(operation, 'voided', 'engine', now, { signoffs, dueAt: now.getTime() }, facts);
  return {
    next: moved.next,
    expected: moved.expected,
    records: [moved.record],
    outgoing: notify(world, 'signoff.voided', {
      signoff: signoff.id,
      operation: operation.id,
      action: operation.action,
      plan_digest: signoff.planDigest,
      reason,
      url: `${world.settings.origin}/console/signoffs/${signoff.id}`,
    }),
  };
}

/** Reads back what a completed operation wrote and records whether it still holds, once that can be said. `busy` while a write of ours is
 * under way that may be what was read: a later look says more. */
export async function observe(
  world: World,
  watches: Watches,
  operation: Operation,
): Promise<Change | 'busy' | undefined> {
  const { observation } = operation;
  if (observation === undefined || observation.outcome !== undefined) return undefined;
  const found: (VerifyState | 'gone')[] = [];
  for (const step of lastWritten(doneSteps(operation))) {
    found.push(
      await world.crm.verify(watchContext(world), step).then(
        ({ state }) => state,
        (error) => (error instanceof AdapterError && error.code === 'not_found' ? 'gone' : 'unknown'),
      ),
    );
  }
  const now = world.clock.now();
  // Looked at before what has ended: a write of ours that was read is one or the other.
  const busy = isBeingWritten(world, operation);
  const outcome = outcomeOf(found, observation, now.getTime(), isSuperseded(watches, operation));
  if (outcome === undefined) return undefined;
  if (outcome === 'overturned' && busy) return 'busy';
  const at = now.toISOString();
  // Not a transition: the operation has ended and stays as it is for its agent. The version only keeps writers apart.
  const next = { ...operation, version: operation.version + 1, observation: { ...observation, outcome, at } };
  const { id, action } = operation;
  return {
    next,
    expected: operation.version,
    records: [{ type: 'outcome.observed', at, operation: id, action, outcome }],
  };
}

/** The steps with what a later one of the same operation has not written over: a mark that was taken away again on its day is none. */
function lastWritten(steps: readonly PlanStep[]): PlanStep[] {
  return steps.flatMap((step, index) => {
    const later = new Set(steps.slice(index + 1).flatMap(({ changes }) => changes.map(fieldKey)));
    const changes = step.changes.filter((each) => !later.has(fieldKey(each)));
    return changes.length === 0 && step.changes.length > 0 ? [] : [{ ...step, changes }];
  });
}

const fieldKey = ({ ref, field }: PlanStep['changes'][number]): string => `${refKey(ref)} ${field}`;

/** Whether an operation of ours is writing one of the same records, or may be. */
function isBeingWritten({ store }: World, operation: Operation): boolean {
  const mine = new Set(watchesOf(operation).map(({ ref }) => refKey(ref)));
  return store
    .inState(['authorized', 'executing', 'unknown', 'reconciling', 'reversing'], WRITING_MAX)
    .filter((each) => each.state !== 'authorized' || mayHaveWritten(each))
    .some(({ plan }) =>
      plan?.plan.steps.some(({ preconditions }) => preconditions.some(({ ref }) => mine.has(refKey(ref)))),
    );
}

/** Whether a later operation of ours wrote one of the same records: then it is what came next, not a correction. */
function isSuperseded(watches: Watches, operation: Operation): boolean {
  const ended = (each: Operation) =>
    each.history.findLast(({ to, from }) => to === 'completed' && from !== to)?.at ?? '';
  return watchesOf(operation).some(({ ref }) =>
    watches.on(ref).some((other) => other.state === 'completed' && ended(other) > ended(operation)),
  );
}
