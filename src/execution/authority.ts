import { isMoney } from '../../adapters/sdk/values.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { checkLimits, type MandateAsk, tierAllows } from '../../protocol/mandate.ts';
import type { Money } from '../../protocol/money.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { demandsOf } from '../engine/demands.ts';
import type { Ended } from '../engine/grounds.ts';
import type { Operation } from '../engine/operation.ts';
import { type ActionRules, scopeOf } from '../engine/rules.ts';
import { mandateOf } from '../engine/schedule.ts';
import { actionOf, type World } from '../engine/world.ts';
import { gaveUp } from './crm.ts';

/** `asking`: the customer’s side commits to something now. `acting`: the company carries out what was asked in time. */
export type Moment = 'asking' | 'acting';

/** Whether all that the operation's authority rests on still stands and covers the action and, where they are known, these terms. Read
 * afresh at offer, acceptance, planning, decision and before every write. */
export async function withinMandate(
  world: World,
  operation: Operation,
  terms: JsonObject | null,
  moment: Moment = 'acting',
): Promise<Result<void, Refusal>> {
  const now = world.clock.now();
  const facts = mandateOf(operation, now);
  const action = actionOf(world, operation);
  if (action === undefined) return err(refusal('not-found', 'This action is no longer offered.'));
  const { definition, rules } = action;
  const { risk, step_up } = demandsOf(action, operation.input);
  // A step-up was judged when the action was asked for: without it there is no operation.
  if (!tierAllows(facts?.tier ?? 'none', risk, step_up === 'customer'))
    return err(refusal('mandate-exceeded', 'This action needs a stronger proof of who you act for.'));
  // What needs no permission is never judged by one that happens to be there: a person is reached with a revoked one too.
  if (definition.mandate === 'none') return ok(undefined);
  if (facts === null) return err(refusal('mandate-missing'));
  const ended = await world.mandates.ended({ agent: operation.agent, mandate: facts }, now);
  const first = ended.find(({ bounds }) => bounds === 'everything' || moment === 'asking');
  if (first !== undefined) return err(first.refusal);
  const committed = terms === null ? {} : commitmentOf(rules, operation, terms);
  // Limits that cannot be compared are not limits that are kept.
  if (committed === undefined)
    return err(refusal('mandate-exceeded', 'The terms cannot be compared with the mandate’s limits.'));
  return checkLimits(facts, { action: operation.action, ...committed });
}

/** For the people who decide: what has ended since it was asked. An action that rests on no permission loses none. */
export async function endedSince(world: World, operation: Operation): Promise<readonly Ended[]> {
  if (actionOf(world, operation)?.definition.mandate === 'none') return [];
  const now = world.clock.now();
  return world.mandates.ended({ agent: operation.agent, mandate: mandateOf(operation, now) }, now);
}

/** Nobody can say now whether it stands: nothing is written, and nothing ended, until somebody can. A list of somebody else's is waited
 * for as long as a CRM is; our own is mended by our own people. */
export function waitsFor(operation: Operation, { code }: Refusal): 'unavailable' | 'mandate-unverifiable' | undefined {
  if (code === 'unavailable') return code;
  return code === 'mandate-unverifiable' && !gaveUp(operation) ? code : undefined;
}

type Commitment = Pick<MandateAsk, 'total' | 'termMonths' | 'seats'>;

/** What these terms commit the customer to in all, as the definition says. */
function commitmentOf({ commits }: ActionRules, operation: Operation, terms: JsonObject): Commitment | undefined {
  const scope = scopeOf(operation, terms);
  try {
    const total = commits.total?.(scope);
    const termMonths = commits.term_months?.(scope);
    const seats = commits.seats?.(scope);
    if (!((total === undefined || isMoney(total)) && isCount(termMonths) && isCount(seats))) return undefined;
    return {
      ...(total === undefined ? {} : { total }),
      ...(termMonths === undefined ? {} : { termMonths }),
      ...(seats === undefined ? {} : { seats }),
    };
  } catch {
    return undefined;
  }
}

/** What these terms commit the customer to, in money; nothing where the definition says of none. */
export function committedTotal(
  world: Pick<World, 'actions'>,
  operation: Operation,
  terms: JsonObject | null,
): Money | undefined {
  const action = actionOf(world, operation);
  return action === undefined || terms === null ? undefined : commitmentOf(action.rules, operation, terms)?.total;
}

const isCount = (value: Json | undefined): value is number | undefined =>
  value === undefined || (typeof value === 'number' && Number.isSafeInteger(value));
