import type { Money } from '../../protocol/base/money.ts';
import { readConstraints } from '../../protocol/mandate/claims.ts';
import type { MandateConstraints } from '../../protocol/mandate/facts.ts';
import type { Limit } from './goals.ts';

/** What the action's terms commit to: which of them make the total, and which are the months and the seats. */
export interface Commits {
  readonly total?: readonly string[];
  readonly termMonths?: string;
  readonly seats?: string;
  /** What the mandate's other operations have taken of its total already. */
  readonly taken?: Money;
}

/** The limits of a mandate as the buyer keeps them, so that it never accepts what the gateway would refuse: of every hop where it was
 * handed on. Throws where the mandate limits what `commits` does not name: such a limit could not be kept. */
export function mandateLimits(mandate: string, commits: Commits): readonly Limit[] {
  return constraintsIn(mandate).flatMap(({ max_total, max_total_per_period, max_term_months, max_seats }) => [
    ...limit(max_total === undefined ? undefined : lessTaken(max_total, commits.taken), commits.total, 'total'),
    ...limit(max_total_per_period === undefined ? undefined : money(max_total_per_period), commits.total, 'total'),
    ...limit(max_term_months, named(commits.termMonths), 'term_months'),
    ...limit(max_seats, named(commits.seats), 'seats'),
  ]);
}

function limit(most: Limit['most'] | undefined, of: readonly string[] | undefined, what: string): Limit[] {
  if (most === undefined) return [];
  if (of === undefined) throw new TypeError(`the mandate limits ${what}: say which terms it is about`);
  return [{ of, most }];
}

const named = (term: string | undefined): readonly string[] | undefined => (term === undefined ? undefined : [term]);

const money = ({ amount, currency }: Money): Money => ({ amount, currency });

function lessTaken({ amount, currency }: Money, taken: Money | undefined): Money {
  if (taken === undefined) return { amount, currency };
  // What was taken in another currency exceeds it (SPEC, Mandates).
  return { amount: taken.currency === currency ? Math.max(0, amount - taken.amount) : 0, currency };
}

/** Of the issuer's own JWT and of every delegation behind it. */
function constraintsIn(mandate: string): readonly MandateConstraints[] {
  return mandate.split('~').flatMap((part) => {
    const [, body, signature] = part.split('.');
    if (body === undefined || signature === undefined) return [];
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || !('constraints' in claims)) return [];
    const read = readConstraints(claims.constraints);
    if (!read.ok) throw new TypeError(`the mandate’s constraints cannot be read: ${read.error}`);
    return [read.value];
  });
}
