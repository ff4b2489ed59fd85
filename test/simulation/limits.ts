/** What the simulated action gives away, and how much of it policy lets go without a person, whatever the number of requests. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { lately } from '../../src/engine/grants.ts';
import type { Operation } from '../../src/engine/operation.ts';
import type { ActionRules } from '../../src/engine/rules.ts';
import type { World } from '../../src/engine/world.ts';
import { hasWritten } from './claims.ts';
import type { Tape } from './crm.ts';

/** Of each thing, in a year: what one request may give, and two may not. */
const LIMIT = 3;
const WINDOW = { count: 12, unit: 'month' } as const;

export const given = (amount: Json | undefined) => ({ amount: Number(amount), currency: 'EUR' });
export const GIVEN: ActionRules['standardTerms'] = new Map([['gives', ({ input }) => input['gives']]]);
export const drawGift = (tape: Tape) => ({ gives: 1 + tape.draw(LIMIT) });

/** The policy: what was given of this thing, this included, with the engine's own memory. */
export function passesLimit(world: World, operation: Operation, terms: JsonObject | null): boolean {
  const { granted } = lately(world, operation, { terms, window: WINDOW, per: 'record' });
  return granted === null || granted > LIMIT;
}

/** Over all operations of a thing nobody got more without a person's yes than one operation could. */
export function passedWrong(operations: readonly Operation[], written: readonly string[]): string[] {
  const byItself = operations.filter(
    (each) => hasWritten(each, written) && !each.signoffs.some(({ decision }) => decision?.kind === 'approved'),
  );
  return [...new Set(byItself.map(({ input }) => String(input['first'])))].flatMap((thing) => {
    const own = byItself.filter(({ input }) => input['first'] === thing);
    const sum = own.reduce((total, { input }) => total + Number(input['gives']), 0);
    return sum > LIMIT
      ? [`${thing}: ${sum} given of ${LIMIT} without a person (${own.map(({ id }) => id).join(' ')})`]
      : [];
  });
}
