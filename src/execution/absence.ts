import type { Capability, PlanStep } from '../../adapters/sdk/index.ts';
import type { Operation, Phases } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { lookForStep } from './readback.ts';

/** How long a request whose answer was lost may still be under way: proxies and queues between us and the CRM have let go of it by then. */
const LATE_MS = 60_000;
/** A search nobody has told the delay of is looked at for this long before a person is called. */
const UNTOLD_SETTLING_MS = 60_000;
/** Where a search proves that it lives: among so many newest operations that ended well, and by so many of their writes. */
const OLDER_OPERATIONS_MAX = 200;
const OLDER_WRITES_MAX = 3;

/** What becomes of a write that a look did not find. */
export type Absence =
  | { readonly next: 'again' }
  /** Looked for again until then, Unix ms, at the latest. */
  | { readonly next: 'look'; readonly untilMs: number }
  | { readonly next: 'person'; readonly why: string };

/** Not found is not not done. What was surely never sent is sent; what may have been is sent again only where a second arrival is
 * harmless, or, once, where the search that did not find it has had its declared time and is seen to find others. */
export async function judgeAbsence(
  world: World,
  operation: Operation,
  step: PlanStep,
  phases: Phases,
): Promise<Absence> {
  const { idempotency, settlesWithinMs } = capabilityOf(world, operation);
  const isSettled = world.clock.now().getTime() >= settledAt(world, operation, phases);
  // The CRM said that it wrote: what cannot be found then was not sent too little.
  if (phases.written !== undefined)
    return isSettled ? person('written and not found') : { next: 'look', untilMs: settledAt(world, operation, phases) };
  if (phases.doubtedAt === undefined) return { next: 'again' };
  if (idempotency === 'key' || idempotency === 'external_id') return { next: 'again' };
  if (!isSettled) return { next: 'look', untilMs: settledAt(world, operation, phases) };
  if (idempotency === 'none') return person('not verifiable');
  if (settlesWithinMs === undefined) return person('not found, and no settling time is declared');
  if (phases.resentAt !== undefined) return person('not found, and sent twice');
  return (await isAlive(world, operation, step)) ? { next: 'again' } : person('the search finds no older write either');
}

/** Whether it may be believed that nothing will come of a write any more: nothing of it is under way, and it was looked for since. */
export function isGone(world: World, operation: Operation, phases: Phases): boolean {
  const { doubtedAt, absentAt, written } = phases;
  if (doubtedAt === undefined && written === undefined) return true;
  return absentAt !== undefined && Date.parse(absentAt) >= settledAt(world, operation, phases);
}

/** Unix ms: when a write that was sent and not answered has arrived and can be seen, or never will. */
export function settledAt(world: World, operation: Operation, { doubtedAt, intentAt }: Phases): number {
  const { idempotency, settlesWithinMs } = capabilityOf(world, operation);
  const isImmediate = idempotency === 'key' || idempotency === 'external_id';
  const shownAfter = settlesWithinMs ?? (isImmediate ? 0 : UNTOLD_SETTLING_MS);
  return Date.parse(doubtedAt ?? intentAt) + LATE_MS + shownAfter;
}

function capabilityOf({ crm }: World, { action }: Operation): Pick<Capability, 'idempotency' | 'settlesWithinMs'> {
  return crm.manifest.capabilities.find((each) => each.action === action) ?? { idempotency: 'none' };
}

/** An older write of the same kind is found by the very search that does not find ours. */
async function isAlive(world: World, operation: Operation, step: PlanStep): Promise<boolean> {
  const kind = kindOf(step);
  const older = world.store
    .inState(['completed'], OLDER_OPERATIONS_MAX)
    .filter(({ id, action }) => id !== operation.id && action === operation.action)
    .flatMap(({ attempts, plan }) =>
      attempts.flatMap(({ step: id, result }) => {
        const written = plan?.plan.steps.find((each) => each.id === id);
        return result === undefined || written === undefined || kindOf(written) !== kind ? [] : [written];
      }),
    );
  for (const written of older.slice(0, OLDER_WRITES_MAX)) {
    const { kind: seen } = await lookForStep(world, operation, written);
    if (seen === 'confirmed' || seen === 'differs') return true;
  }
  return false;
}

/** Writes of one kind are found by one search. */
function kindOf({ changes }: PlanStep): string {
  return [...new Set(changes.map(({ ref }) => `${ref.by} ${ref.type}`))].sort().join();
}

const person = (why: string): Absence => ({ next: 'person', why });
