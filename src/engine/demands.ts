import type { Scope } from '../../adapters/sdk/expression.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Risk } from '../../protocol/mandate/mandate.ts';
import type { Operation } from './operation.ts';
import type { Demands } from './rules.ts';
import { type Action, actionOf, type World } from './world.ts';

/** An action's demands, raised where this very request is graver than others of its kind. What cannot be decided is the graver. */
export function demandsOf({ definition, rules }: Action, input: JsonObject): Demands {
  const scope: Scope = { operation: '', input, terms: {}, records: {} };
  let demands: Demands = definition;
  for (const { when, to } of rules.raise)
    if (!isFalse(when, scope)) demands = { ...demands, ...to, risk: graver(demands.risk, to.risk) };
  return demands;
}

/** Whether the law or the contract gives it to the customer, and nobody's leave is asked: it is never lost, whatever becomes of the CRM. */
export function isRight(world: Pick<World, 'actions'>, operation: Operation): boolean {
  const action = actionOf(world, operation);
  return action !== undefined && demandsOf(action, operation.input).default_signoff === 'never';
}

function isFalse(when: (scope: Scope) => unknown, scope: Scope): boolean {
  try {
    return when(scope) === false;
  } catch {
    return false;
  }
}

const graver = (a: Risk, b: Risk = a): Risk => (a > b ? a : b);
