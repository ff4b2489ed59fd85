import type { Scope } from '../../adapters/sdk/expression.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { Risk } from '../../protocol/mandate.ts';
import type { Demands } from './rules.ts';
import type { Action } from './world.ts';

/** An action's demands, raised where this very request is graver than others of its kind. What cannot be decided is the graver. */
export function demandsOf({ definition, rules }: Action, input: JsonObject): Demands {
  const scope: Scope = { operation: '', input, terms: {}, records: {} };
  let demands: Demands = definition;
  for (const { when, to } of rules.raise)
    if (!isFalse(when, scope)) demands = { ...demands, ...to, risk: graver(demands.risk, to.risk) };
  return demands;
}

function isFalse(when: (scope: Scope) => unknown, scope: Scope): boolean {
  try {
    return when(scope) === false;
  } catch {
    return false;
  }
}

const graver = (a: Risk, b: Risk = a): Risk => (a > b ? a : b);
