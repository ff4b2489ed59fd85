import { isMoney } from '../../adapters/sdk/values.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { type Money, total as totalOf } from '../../protocol/base/money.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { type Commitment, checkCommitment, checkLimits, limitsOn, tierAllows } from '../../protocol/mandate/mandate.ts';
import { demandsOf, isRight } from '../engine/demands.ts';
import type { Ended } from '../engine/grounds.ts';
import type { MandateFacts, Operation } from '../engine/operation.ts';
import { type ActionRules, NOTHING, scopeOf } from '../engine/rules.ts';
import { lasting, mandateOf } from '../engine/schedule.ts';
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
  const facts = permissionOf(world, operation, now);
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
  if (terms === null) return checkLimits(facts, { action: operation.action });
  // Only what is limited is looked at: what cannot be told is nobody's concern where nobody limits it.
  const committed = commitmentOf(rules, operation, { terms, only: (member) => limitsOn(facts, member).length > 0 });
  return checkCommitment(facts, operation.action, committed);
}

/** For the people who decide: what has ended since it was asked. An action that rests on no permission loses none. */
export async function endedSince(world: World, operation: Operation): Promise<readonly Ended[]> {
  if (actionOf(world, operation)?.definition.mandate === 'none') return [];
  const now = world.clock.now();
  return world.mandates.ended({ agent: operation.agent, mandate: permissionOf(world, operation, now) }, now);
}

/** A right that was exercised in time does not lapse while the company cannot record it. */
function permissionOf(world: World, operation: Operation, now: Date): MandateFacts | null {
  const facts = mandateOf(operation, now);
  return isRight(world, operation) ? lasting(facts, { from: Date.parse(operation.createdAt), now }) : facts;
}

/** Nobody can say now whether it stands: nothing is written, and nothing ended, until somebody can. A list of somebody else's is waited
 * for as long as a CRM is; our own is mended by our own people. */
export function waitsFor(operation: Operation, { code }: Refusal): 'unavailable' | 'mandate-unverifiable' | undefined {
  if (code === 'unavailable') return code;
  return code === 'mandate-unverifiable' && !gaveUp(operation) ? code : undefined;
}

const MEMBERS = { total: 'total', termMonths: 'term_months', seats: 'seats' } as const;

/** What these terms commit the customer to in all, as the definition says. What it does not state, or cannot be told of these terms, is
 * left out. */
function commitmentOf(
  { commits }: ActionRules,
  operation: Operation,
  { terms, only }: { readonly terms: JsonObject; readonly only: (member: keyof Commitment) => boolean },
): Commitment {
  const scope = scopeOf(operation, terms);
  const told = (member: keyof Commitment): Json | undefined => {
    if (!only(member)) return undefined;
    try {
      return commits[MEMBERS[member]]?.(scope);
    } catch {
      return undefined;
    }
  };
  const [total, termMonths, seats] = [told('total'), told('termMonths'), told('seats')];
  return {
    ...(isMoney(total) ? { total: totalOf(total) } : total === NOTHING ? { total } : {}),
    ...(isCount(termMonths) || termMonths === NOTHING ? { termMonths } : {}),
    ...(isCount(seats) || seats === NOTHING ? { seats } : {}),
  };
}

/** What these terms commit the customer to, in money; nothing where the definition says of none. */
export function committedTotal(
  world: Pick<World, 'actions'>,
  operation: Operation,
  terms: JsonObject | null,
): Money | undefined {
  const action = actionOf(world, operation);
  if (action === undefined || terms === null) return undefined;
  const { total } = commitmentOf(action.rules, operation, { terms, only: (member) => member === 'total' });
  return total === NOTHING ? undefined : total;
}

const isCount = (value: Json | undefined): value is number => typeof value === 'number' && Number.isSafeInteger(value);
