/** What an action's own rules say, where there is already something to say it of. */
import { isMoney } from '../../adapters/sdk/values.ts';
import type { Json } from '../../protocol/base/json.ts';
import type { Price } from '../../protocol/base/money.ts';

/** Nothing where there is nothing yet to compute it from. */
export function tried<T>(evaluate: () => T): T | undefined {
  try {
    return evaluate();
  } catch {
    return undefined;
  }
}

export function moneyOf(evaluate: () => Json | undefined): Price | undefined {
  const value = tried(evaluate);
  return isMoney(value) ? value : undefined;
}
