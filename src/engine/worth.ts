/** What an operation is about in money, as people want to see it: never what a rule is decided by (`grants.ts`). */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { inOneScale, type Money, type Price, plus, times, total } from '../../protocol/base/money.ts';
import type { Operation } from './operation.ts';
import { scopeOf } from './rules.ts';
import { moneyOf, tried } from './tried.ts';
import { actionOf, type World } from './world.ts';

export interface Worth {
  /** The whole commitment, or what is given. */
  readonly value?: Money;
  /** A price, as the record has it and as it would be. */
  readonly price?: {
    readonly from: Price;
    readonly to: Price;
    /** In percent, to a tenth. */
    readonly percent: number;
    /** Over all that it is paid for. */
    readonly difference?: Money;
  };
}

export function worthOf(world: Pick<World, 'actions'>, operation: Operation, terms: JsonObject | null): Worth {
  const rules = actionOf(world, operation)?.rules;
  if (rules === undefined) return {};
  const scope = scopeOf(operation, terms);
  const whole = moneyOf(() => rules.commits.total?.(scope)) ?? moneyOf(() => rules.grants?.(scope));
  const { price } = rules;
  const from = moneyOf(() => price?.from(scope));
  const to = moneyOf(() => price?.to(scope));
  const by = tried(() => price?.times?.(scope));
  return {
    ...(whole === undefined ? {} : { value: total(whole) }),
    ...(from === undefined || to === undefined || from.currency !== to.currency
      ? {}
      : { price: changeOf(from, to, by) }),
  };
}

function changeOf(from: Price, to: Price, by: Json | undefined): NonNullable<Worth['price']> {
  const [before, after] = inOneScale(from, to);
  const percent = before > 0 ? Math.round(((after - before) / before) * 1_000) / 10 : 0;
  const less = { ...from, amount: -from.amount };
  const difference =
    typeof by === 'number' && Number.isSafeInteger(by)
      ? tried(() => total(times(plus(to, less), BigInt(by))))
      : undefined;
  return { from, to, percent, ...(difference === undefined ? {} : { difference }) };
}
