import type { Verification } from '../../adapters/sdk/index.ts';
import { refusal, toProblem } from '../../protocol/errors.ts';
import type { Operation } from '../engine/operation.ts';
import { type Moved, move } from '../engine/transitions.ts';
import type { World } from '../engine/world.ts';
import { adapterError, crmContext, gaveUp } from './crm.ts';
import { currentStep, doubt } from './perform.ts';

/** A request that was sent may still arrive: without a key the CRM recognises, "not there" is believed only after this many looks. */
const LOOKS_BEFORE_ABSENT = 3;

/** Settles a write of unknown outcome by reading. It writes again only when the CRM says the write is not there, and only where the
 * adapter's declared guarantee makes a second arrival harmless. */
export async function reconcile(world: World, operation: Operation): Promise<Moved> {
  const { step, attempt } = currentStep(operation);
  let seen: Verification;
  try {
    seen = await world.crm.verify(crmContext(world, operation), step);
  } catch (thrown) {
    const error = adapterError(thrown);
    return gaveUp(operation) ? stuck(world, operation, error.code) : doubt(world, operation, error.code);
  }
  const now = world.clock.now();
  switch (seen.state) {
    case 'applied': {
      const ref = seen.after?.ref ?? step.preconditions[0]?.ref ?? { type: 'unknown', by: 'id', value: 'unknown' };
      const result = { state: 'already_applied', ref, version: seen.after?.version ?? 'unknown' } as const;
      const attempts = operation.attempts.map((each) => (each === attempt ? { ...attempt, result } : each));
      return move(operation, 'found', 'engine', now, { attempts, dueAt: now.getTime() }, { step: step.id });
    }
    case 'not_applied':
      return absent(world, operation, step.id);
    case 'diverged':
      return stuck(world, operation, 'diverged');
    case 'unknown':
      return gaveUp(operation) ? stuck(world, operation, 'unknown') : doubt(world, operation, 'unknown');
  }
}

function absent(world: World, operation: Operation, step: string): Moved {
  const guarantee =
    world.crm.manifest.capabilities.find(({ action }) => action === operation.action)?.idempotency ?? 'none';
  const now = world.clock.now();
  if (guarantee === 'none') return stuck(world, operation, 'not verifiable');
  if (guarantee === 'lookup' && operation.tries < LOOKS_BEFORE_ABSENT) return doubt(world, operation, 'not seen yet');
  return move(operation, 'absent', 'engine', now, { tries: operation.tries, dueAt: now.getTime() }, { step });
}

function stuck(world: World, operation: Operation, why: string): Moved {
  const problem = toProblem(
    refusal('unavailable', 'The outcome in the company’s system is not known; a person is looking into it.'),
  );
  return move(operation, 'stuck', 'engine', world.clock.now(), { problem, dueAt: null }, { why });
}

/** Takes back what earlier steps wrote, last first, after a later step was refused for good. */
export async function reverse(world: World, operation: Operation): Promise<Moved> {
  const applied = operation.attempts.filter(({ result }) => result !== undefined).toReversed();
  for (const { step: id, result } of applied) {
    const step = operation.plan?.plan.steps.find((each) => each.id === id);
    if (step === undefined || result === undefined || world.crm.compensate === undefined)
      return stuck(world, operation, 'not reversible');
    try {
      await world.crm.compensate(crmContext(world, operation), step, result);
    } catch (thrown) {
      const error = adapterError(thrown);
      const again = error.code === 'retryable' || error.code === 'rate_limited' || error.code === 'unknown_outcome';
      if (!again || gaveUp(operation)) return stuck(world, operation, error.code);
      const tries = operation.tries + 1;
      return move(
        operation,
        'noted',
        'engine',
        world.clock.now(),
        { tries, dueAt: world.clock.now().getTime() + 1_000 * tries },
        { crm: error.code },
      );
    }
  }
  return move(operation, 'undone', 'engine', world.clock.now(), {}, { steps: applied.length });
}
