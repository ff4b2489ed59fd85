import type { Snapshot } from '../../adapters/sdk/index.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { checkMandate, tierAllows } from '../../protocol/mandate.ts';
import type { Money } from '../../protocol/money.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';

/** Whether the mandate still stands and covers the action and these terms. Read afresh at offer, acceptance and execution. */
export async function withinMandate(
  world: World,
  operation: Operation,
  terms: JsonObject | null,
): Promise<Result<void, Refusal>> {
  const facts = operation.mandate;
  const definition = world.actions.action(operation.action)?.definition;
  if (definition === undefined) return err(refusal('not-found', 'This action is no longer offered.'));
  if (!tierAllows(facts?.tier ?? 'none', definition.risk))
    return err(refusal('mandate-exceeded', 'This action needs a stronger proof of who you act for.'));
  if (facts === null) return definition.mandate === 'none' ? ok(undefined) : err(refusal('mandate-missing'));
  const now = world.clock.now();
  const valid = await world.mandates.stillValid(facts, now);
  if (!valid.ok) return valid;
  const committed = terms === null ? {} : commitmentOf(terms);
  // Limits that cannot be compared are not limits that are kept.
  if (committed === undefined)
    return err(refusal('mandate-exceeded', 'The terms cannot be compared with the mandate’s limits.'));
  return checkMandate(facts, { action: operation.action, ...committed }, now);
}

/** A record outside the mandate's accounts looks the same as one that does not exist. */
export function ownRecord(operation: Operation, snapshot: Snapshot): Result<Snapshot, Refusal> {
  const account = snapshot.data['account'] ?? snapshot.data['id'];
  const mine = operation.mandate?.constraints.accounts ?? [];
  if (typeof account === 'string' && mine.includes(account)) return ok(snapshot);
  return err(refusal('not-found', 'There is no such record for this principal.'));
}

/** What these terms commit the customer to in all: price per seat and month × seats × months, in minor units. */
function commitmentOf(terms: JsonObject): { total: Money; termMonths: number; seats: number } | undefined {
  const { unit_price: price, term_months: termMonths, seats } = terms;
  if (!isMoney(price) || typeof termMonths !== 'number' || typeof seats !== 'number') return undefined;
  return { total: { amount: price.amount * seats * termMonths, currency: price.currency }, termMonths, seats };
}

function isMoney(value: unknown): value is Money {
  return (
    typeof value === 'object' &&
    value !== null &&
    'amount' in value &&
    typeof value.amount === 'number' &&
    'currency' in value &&
    typeof value.currency === 'string'
  );
}
