import { AdapterError, type Ctx } from '../../adapters/sdk/index.ts';
import { refusal, toProblem } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { isRight } from '../engine/demands.ts';
import type { Operation } from '../engine/operation.ts';
import { type Moved, move } from '../engine/transitions.ts';
import type { World } from '../engine/world.ts';
import { mayTakeBack } from './overtake.ts';

/** One CRM call's time. Longer means the outcome is looked up, not waited for. */
const CALL_TIMEOUT_MS = 10_000;
/** Waits between tries: 1 s doubling to 1 minute. */
const BACKOFF_MS_MIN = 1_000;
const BACKOFF_MS_MAX = 60_000;
/** A CRM that asks for more patience is asked again sooner: what it said may be about a trouble that is over. */
const RETRY_AFTER_MS_MAX = 300_000;
/** How soon work goes on after our own people have mended what it waited for. */
const MENDED_LOOK_MS = 15_000;
/** About a quarter of an hour of an unreachable CRM before a person is called. */
const TRIES_MAX = 20;
/** A right is recorded whenever the CRM is back, and looked for no oftener than this by then. */
const LATE_LOOK_MS = 3_600_000;

export function crmContext(world: World, operation: Operation): Ctx {
  return {
    clock: () => world.clock.now(),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    log: (event, fields) => world.log(event, { operation: operation.id, ...fields }),
  };
}

/** The error as the adapter meant it; anything else an adapter throws is its bug. */
export function adapterError(error: unknown): AdapterError {
  return error instanceof AdapterError ? error : new AdapterError('bug', 'The CRM adapter failed.', { cause: error });
}

export function isPassing(error: AdapterError): boolean {
  return (
    error.code === 'retryable' ||
    error.code === 'rate_limited' ||
    error.code === 'unauthorised' ||
    error.code === 'unknown_outcome'
  );
}

/** Unix ms of the next try. */
export function backoff(world: Pick<World, 'clock'>, tries: number, retryAfterMs = 0): number {
  const wait = tries > TRIES_MAX ? LATE_LOOK_MS : Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(tries, 16));
  const asked = Number.isFinite(retryAfterMs) ? Math.min(retryAfterMs, RETRY_AFTER_MS_MAX) : RETRY_AFTER_MS_MAX;
  return world.clock.now().getTime() + Math.max(wait, asked);
}

/** What a failed read or plan means for an operation that has not touched the CRM: try later, or end with a reason, or call a person. A
 * right is tried as long as it takes. */
export function unread(world: World, operation: Operation, thrown: unknown): Moved {
  const error = adapterError(thrown);
  world.log('crm.refused', { operation: operation.id, code: error.code, message: error.message });
  const now = world.clock.now();
  if (isPassing(error) && mayTryAgain(world, operation)) {
    const tries = operation.tries + 1;
    return move(
      operation,
      'noted',
      'engine',
      now,
      { tries, dueAt: backoff(world, tries, error.retryAfterMs) },
      { crm: error.code },
    );
  }
  const problem = crmProblem(error);
  if (operation.state === 'agreed' && mayTakeBack(world, operation))
    return move(operation, 'rejected', 'engine', now, { problem }, { crm: error.code });
  // A record that does not exist looks the same as one that is not the principal's (`ownRecord`): same state, same ledger record.
  if (error.code === 'not_found')
    return move(operation, 'refused', 'engine', now, { problem }, { problem: 'not-found' });
  return move(operation, endOf(world, operation), 'engine', now, { problem }, { crm: error.code });
}

/** What becomes of what the machine cannot carry out: a right is a person's then. */
export function endOf(world: Pick<World, 'actions'>, operation: Operation): 'failed' | 'stuck' {
  return isRight(world, operation) ? 'stuck' : 'failed';
}

/** Why an operation ended: it is over, so nothing here asks to repeat it. */
export function crmProblem(error: AdapterError): JsonObject {
  if (error.code === 'not_found') return toProblem(refusal('not-found', 'There is no such record for this principal.'));
  if (error.code === 'invalid' || error.code === 'unsupported' || error.code === 'conflict') {
    return toProblem(
      refusal('record-unusable', error.message, {
        errors: error.fields.map(({ path, message }) => ({ pointer: path, message })),
      }),
    );
  }
  return toProblem(refusal('not-carried-out'));
}

/** Looks again later. What only our own people can mend is nobody's failing: it is not counted as a try. */
export function wait(world: World, operation: Operation, why: 'unavailable' | 'mandate-unverifiable'): Moved {
  const now = world.clock.now();
  const patch =
    why === 'unavailable'
      ? { tries: operation.tries, dueAt: now.getTime() + MENDED_LOOK_MS }
      : { tries: operation.tries + 1, dueAt: backoff(world, operation.tries) };
  return move(operation, 'noted', 'engine', now, patch, { why });
}

export function mayTryAgain(world: Pick<World, 'actions'>, operation: Operation): boolean {
  return !gaveUp(operation) || isRight(world, operation);
}

export function gaveUp(operation: Pick<Operation, 'tries'>): boolean {
  return operation.tries >= TRIES_MAX;
}
