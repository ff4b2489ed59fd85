import { UnreadableError } from '../../adapters/sdk/unreadable.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { endedBy } from './ended.ts';
import type { Operation } from './operation.ts';
import { type ActionRules, scopeOf } from './rules.ts';
import { actionOf, type World } from './world.ts';

/** Whether what the action's definition requires holds, the same for every CRM. Without terms only what speaks of none is judged: the
 * author's words come before anything else that the record does not fit. */
export function meetsRequirements(
  world: Pick<World, 'actions' | 'store'>,
  operation: Operation,
  terms: JsonObject | null,
): Result<void, Refusal> {
  return requirementsOn(world, operation)(terms);
}

/** The same for many terms at once: what does not depend on them is looked at once. Good for as long as nothing else is done. */
export function requirementsOn(
  world: Pick<World, 'actions' | 'store'>,
  operation: Operation,
): (terms: JsonObject | null) => Result<void, Refusal> {
  const fixed = { ...scopeOf(operation, null), ended: endedBy(world, operation) };
  const rules = actionOf(world, operation)?.rules.requires ?? [];
  const judged = new Map<Requirement, Result<void, Refusal>>();
  return (terms) => {
    for (const rule of rules) {
      if (rule.ofTerms && terms === null) continue;
      const met = judged.get(rule) ?? isMet(rule, { ...fixed, terms: terms ?? {} });
      if (!rule.ofTerms) judged.set(rule, met);
      if (!met.ok) return met;
    }
    return ok(undefined);
  };
}

type Requirement = ActionRules['requires'][number];

function isMet({ that, otherwise }: Requirement, scope: Parameters<Requirement['that']>[0]): Result<void, Refusal> {
  try {
    return that(scope) === true ? ok(undefined) : unmet(otherwise);
  } catch (error) {
    const why = error instanceof UnreadableError ? error.message : 'The record lacks what decides it.';
    return err(unclear(`It cannot be told whether this stands in the way: ${otherwise} ${why}`));
  }
}

/** Nobody knows whether it holds: the record is the company's to put right, and a right is not refused for it. */
interface Unclear extends Refusal {
  readonly isUnclear: true;
}

const unclear = (words: string): Unclear => ({ ...refusal('record-unusable', words), isUnclear: true });

export const isUnclear = (refused: Refusal): boolean => 'isUnclear' in refused;

const unmet = (words: string) => err(refusal('record-unusable', words));
