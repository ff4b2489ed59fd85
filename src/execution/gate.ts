import type { PlanStep } from '../../adapters/sdk/index.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Operation } from '../engine/operation.ts';
import { doneSteps } from '../engine/schedule.ts';
import type { World } from '../engine/world.ts';
import type { HoldSet } from '../ports.ts';
import { withinMandate } from './authority.ts';
import { type Judge, makeReady } from './prepare.ts';
import { isAsAgreed } from './schedule.ts';
import { termsOf } from './terms.ts';

/** Whether the next write may begin. */
export type Gate =
  /** `operation` with its records as they are now, and what it must hold; `step` where it was planned again on its day. */
  | {
      readonly open: true;
      readonly operation: Operation;
      readonly holds: readonly HoldSet[];
      readonly step?: PlanStep | undefined;
    }
  /** Nobody may do this any more. */
  | { readonly open: false; readonly event: 'refused'; readonly error: Refusal }
  /** It is no longer what was decided. */
  | { readonly open: false; readonly event: 'voided'; readonly facts: JsonObject };

/** The last gate before every write: everything that was true when it was decided must be true now. Throws the adapter's errors. */
export async function passGate(world: World, judge: Judge, from: Operation): Promise<Gate> {
  if (from.state === 'scheduled') return passOnItsDay(world, judge, from);
  // After the first write the records are as we left them: what is left was decided with it, and its own versions guard it.
  if (from.attempts.some(({ result }) => result !== undefined)) return passAgain(world, judge, from);
  const ready = await makeReady(world, from);
  if (!ready.ok) return refused(ready.error);
  const { operation, terms, plan, holds } = ready.value;
  const verdict = judge(operation, plan.plan, terms);
  const shown = operation.plan?.digest;
  if (plan.digest === shown && (!verdict.required || isApproved(operation, plan.digest)))
    return { open: true, operation, holds };
  return { open: false, event: 'voided', facts: { plan: plan.digest, shown: shown ?? null } };
}

/** Days or months after the decision: what is left must still be what was decided, on the records as they are now. */
async function passOnItsDay(world: World, judge: Judge, from: Operation): Promise<Gate> {
  const ready = await makeReady(world, from);
  if (!ready.ok) return refused(ready.error);
  const { operation, terms, plan, holds } = ready.value;
  const shown = operation.plan?.digest ?? null;
  const isDecided = !judge(operation, plan.plan, terms).required || (shown !== null && isApproved(operation, shown));
  if (!isDecided || !isAsAgreed(operation, plan.plan))
    return { open: false, event: 'voided', facts: { plan: plan.digest, shown } };
  const done = new Set(doneSteps(operation).map(({ id }) => id));
  return { open: true, operation, holds, step: plan.plan.steps.find(({ id }) => !done.has(id)) };
}

async function passAgain(world: World, judge: Judge, operation: Operation): Promise<Gate> {
  const allowed = await stillAllowed(world, judge, operation);
  return allowed.ok ? { open: true, operation, holds: [] } : refused(allowed.error);
}

async function stillAllowed(world: World, judge: Judge, operation: Operation): Promise<Result<void, Refusal>> {
  const terms = await mayCarryOut(world, operation);
  if (!terms.ok) return terms;
  const { plan } = operation;
  if (plan === undefined) return err(refusal('forbidden'));
  const isDecided = !judge(operation, plan.plan, terms.value).required || isApproved(operation, plan.digest);
  return isDecided ? ok(undefined) : err(refusal('forbidden', 'A person has to decide this, and has not.'));
}

/** The operation's terms, where all that its authority rests on still stands and covers them. */
export async function mayCarryOut(world: World, operation: Operation): Promise<Result<JsonObject | null, Refusal>> {
  const terms = termsOf(world, operation);
  if (!terms.ok) return terms;
  const allowed = await withinMandate(world, operation, terms.value ?? {});
  return allowed.ok ? terms : allowed;
}

function isApproved({ signoffs }: Operation, planDigest: string): boolean {
  return signoffs.some((each) => each.planDigest === planDigest && each.decision?.kind === 'approved');
}

function refused(error: Refusal): Gate {
  return { open: false, event: 'refused', error };
}
