import type { PlanStep, StepResult, Verification } from '../../adapters/sdk/index.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { adapterError, crmContext } from './crm.ts';
import { readReversal } from './reversal.ts';

/** A look at the CRM for a write. Its own errors say nothing of the write. */
export type Look =
  | { readonly kind: 'confirmed'; readonly after: Pick<StepResult, 'ref' | 'version'> }
  | { readonly kind: 'absent' }
  | { readonly kind: 'differs' }
  | { readonly kind: 'doubted'; readonly why: string; readonly retryAfterMs: number };

/** A look right after the CRM said that it wrote: what was not seen is no reason to believe that it is not there. */
export type ReadBack = { readonly kind: 'confirmed' } | { readonly kind: 'doubted'; readonly why: string };

export function lookForStep(world: World, operation: Operation, step: PlanStep): Promise<Look> {
  return look(step, () => world.crm.verify(crmContext(world, operation), step));
}

export function lookForReversal(world: World, operation: Operation, step: PlanStep, done: StepResult): Promise<Look> {
  return look(step, () => readReversal(world.crm, crmContext(world, operation), step, done));
}

export function readBackOf(seen: Look): ReadBack {
  if (seen.kind === 'confirmed') return { kind: 'confirmed' };
  return { kind: 'doubted', why: `read-back: ${seen.kind === 'doubted' ? seen.why : seen.kind}` };
}

async function look(step: PlanStep, verify: () => Promise<Verification>): Promise<Look> {
  let seen: Verification;
  try {
    seen = await verify();
  } catch (thrown) {
    const { code, retryAfterMs = 0 } = adapterError(thrown);
    return { kind: 'doubted', why: code, retryAfterMs };
  }
  switch (seen.state) {
    case 'applied': {
      const ref = seen.after?.ref ?? step.preconditions[0]?.ref ?? { type: 'unknown', by: 'id', value: 'unknown' };
      return { kind: 'confirmed', after: { ref, version: seen.after?.version ?? 'unknown' } };
    }
    case 'not_applied':
      return { kind: 'absent' };
    case 'diverged':
      return { kind: 'differs' };
    case 'unknown':
      return { kind: 'doubted', why: 'unknown', retryAfterMs: 0 };
  }
}
