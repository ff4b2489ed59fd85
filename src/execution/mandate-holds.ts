/** What an operation takes of the limits that all operations of one permission share: over its life, in a period, in number. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { formatMoney, type Money } from '../../protocol/base/money.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { dayIn } from '../../protocol/base/zone.ts';
import { type MandateFacts, type Period, type SharedLimits, sharedLimits } from '../../protocol/mandate/mandate.ts';
import type { Operation } from '../engine/operation.ts';
import { actionOf, type World } from '../engine/world.ts';
import type { Hold, HoldSet } from '../ports.ts';

/** Refuses what is more than is left; the store decides last. What was handed on counts for everybody it passed through. */
export function holdsOfMandate(
  world: Pick<World, 'store' | 'actions' | 'clock' | 'settings'>,
  operation: Operation,
  total: Money | undefined,
): Result<readonly HoldSet[], Refusal> {
  const facts = operation.mandate;
  // What needs no permission takes nothing of one that happens to be there: a person is always reached.
  if (facts === null || actionOf(world, operation)?.definition.mandate === 'none') return ok([]);
  const day = dayIn(world.settings.timeZone, boundAt(operation) ?? world.clock.now().getTime());
  const shares = permissionsOf(facts).flatMap(({ name, ...limits }) =>
    sharesOf({ name: `mandate:${facts.issuer} ${name}`, limits, total, day }),
  );
  for (const { name, amount, limit, what, currency } of shares) {
    const others = world.store
      .heldBy(name)
      .reduce((sum, each) => sum + (each.operation === operation.id ? 0 : each.amount), 0);
    if (others + amount <= limit) continue;
    const left = Math.max(0, limit - others);
    const [some, all] = [left, limit].map((each) =>
      currency === undefined ? String(each) : formatMoney({ amount: each, currency }),
    );
    return err(refusal('mandate-exceeded', `Of its \`${what}\`, ${some} of ${all} is left.`));
  }
  const holds = shares.map(({ name, amount, limit }): Hold => ({ name, amount, limit, lasts: 'effect' }));
  return ok(holds.length === 0 ? [] : [{ operation: operation.id, kind: 'mandate', holds }]);
}

/** Unix ms: since when it counts, which a later look does not move into the next period. */
function boundAt({ state, history }: Operation): number | undefined {
  if (state === 'received' || state === 'negotiating') return undefined;
  const bound =
    history.findLast(({ event }) => event === 'accepted') ??
    history.find(({ event }) => event === 'asked' || event === 'cleared');
  return bound === undefined ? undefined : Date.parse(bound.at);
}

/** From the one the principal gave to the last hop. */
function permissionsOf({ chain, jti, constraints }: MandateFacts): NonNullable<MandateFacts['chain']> {
  return chain ?? [{ name: jti, ...sharedLimits(constraints) }];
}

interface Share extends Pick<Hold, 'name' | 'amount'> {
  readonly limit: number;
  readonly what: keyof SharedLimits;
  readonly currency?: string;
}

function sharesOf({
  name,
  limits,
  total,
  day,
}: {
  readonly name: string;
  readonly limits: SharedLimits;
  readonly total: Money | undefined;
  /** Today, where the company is. */
  readonly day: string;
}): readonly Share[] {
  const { max_total: most, max_total_per_period: perPeriod, max_uses: uses } = limits;
  const amount = total?.amount ?? 0;
  return [
    ...(most === undefined
      ? []
      : [{ name: `${name}/total`, amount, limit: most.amount, what: 'max_total' as const, currency: most.currency }]),
    ...(perPeriod === undefined
      ? []
      : [
          {
            name: `${name}/total/${day.slice(0, LENGTH[perPeriod.period])}`,
            amount,
            limit: perPeriod.amount,
            what: 'max_total_per_period' as const,
            currency: perPeriod.currency,
          },
        ]),
    ...(uses === undefined ? [] : [{ name: `${name}/uses`, amount: 1, limit: uses, what: 'max_uses' as const }]),
  ];
}

/** Characters of a day that name its period: `2026-11-28`, `2026-11`, `2026`. */
const LENGTH: Readonly<Record<Period, number>> = { day: 10, month: 7, year: 4 };
