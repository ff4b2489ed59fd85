/** What a mandate says once it is verified, and the pure rules over it: decided again at every offer, acceptance and execution. */
import { type Refusal, refusal } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Money } from '../base/money.ts';
import { err, ok, type Result } from '../base/result.ts';

/** How strongly it is proven that the agent may act for the principal. Caps the risk class. */
export type Tier = 'none' | 'principal' | 'company';

/** R0 reads; R1 reversible, no money; R2 money or a commitment; R3 irreversible or legal. */
export type Risk = 'R0' | 'R1' | 'R2' | 'R3';

/** How strongly a caller is proven: `signature` covers the very bytes asked (RFC 9421), `dpop` the method and address (RFC 9449),
 * `bearer` nothing but possession of a token. */
export type Proof = 'signature' | 'dpop' | 'bearer';

export const PERIODS = ['day', 'month', 'year'] as const;
export type Period = (typeof PERIODS)[number];

/** The limits that all operations of one permission share. */
export type SharedLimits = Pick<MandateConstraints, 'max_total' | 'max_total_per_period' | 'max_uses'>;

export function sharedLimits({ max_total, max_total_per_period, max_uses }: MandateConstraints): SharedLimits {
  return {
    ...(max_total === undefined ? {} : { max_total }),
    ...(max_total_per_period === undefined ? {} : { max_total_per_period }),
    ...(max_uses === undefined ? {} : { max_uses }),
  };
}

/** The closed vocabulary: a mandate with any other constraint is refused. Absent means not limited, except `actions` and `accounts`. */
export interface MandateConstraints {
  /** Action names, e.g. `contract.renew`. Exact: there are no wildcards. */
  readonly actions: readonly string[];
  /** CRM account references this agent may touch, e.g. `A-1001`. */
  readonly accounts: readonly string[];
  /** Highest total of all commitments over the mandate's life, minor units. Any other currency exceeds it: a mandate holds no exchange
   * rates. */
  readonly max_total?: Money;
  /** The same for each day, month or year, in the gateway's time zone. */
  readonly max_total_per_period?: Money & { readonly period: Period };
  /** How many operations it may bring about, over its life. */
  readonly max_uses?: number;
  readonly max_term_months?: number;
  readonly max_seats?: number;
  /** How many times it may be handed on, one hop after the other. Absent: never. */
  readonly max_delegations?: number;
}

/** What a verified mandate says; the only form in which the core sees one. */
export interface MandateFacts {
  readonly jti: string;
  readonly issuer: string;
  readonly tier: Tier;
  /** CRM reference of the principal, e.g. `contact:C-1001`. */
  readonly subject: string;
  /** Digest of the presented SD-JWT, without its key binding: the `sd_hash` of RFC 9901 §4.3.1. */
  readonly digest: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** When the principal gave it, Unix seconds; unknown where its form does not say. */
  readonly issuedAt?: number;
  readonly constraints: MandateConstraints;
  /** The permissions it is made of, from the one the principal gave to the last hop, each with what all operations under it share. Left
   * out where there is one, named by its `jti`. */
  readonly chain?: readonly (SharedLimits & { readonly name: string })[];
  /** The hops it was handed on by, first to last; the limits above are what the last one left. A revocation of any ends it. */
  readonly delegations?: readonly { readonly jti: string; readonly to: string }[];
  /** Thumbprint of the key the principal gave it to. Facts kept by earlier versions lack it, as they do `issuerKey`. */
  readonly holder?: string;
  /** Thumbprint of the issuer's key that signed it. */
  readonly issuerKey?: string;
  /** Given by an access token, not an SD-JWT: its expiry bounds what may be asked with it, not how long the company may take. */
  readonly form?: 'token';
  /** Where its revocation status is published (Token Status List), when it is not only the company's own. */
  readonly status?: { readonly uri: string; readonly index: number };
  /** What the principal chose to show of itself. Personal data; no decision may rest on it. */
  readonly disclosed?: { readonly name?: string; readonly email?: string };
}

/** What an agent is about to commit its principal to. A member left out is not checked: whoever commits passes all of them. */
export interface MandateAsk {
  readonly action: string;
  readonly account?: string;
  readonly total?: Money;
  readonly termMonths?: number;
  readonly seats?: number;
}

/** Whether the mandate covers this at this time. Refuses with `mandate-invalid` when it has expired, otherwise `mandate-exceeded`. */
export function checkMandate(facts: MandateFacts, ask: MandateAsk, now: Date): Result<void, Refusal> {
  // `!(now < end)` also refuses an expiry that is no number.
  if (!(now.getTime() < facts.expiresAt * 1000)) return err(refusal('mandate-invalid', 'The mandate has expired.'));
  return checkLimits(facts, ask);
}

/** The limits alone: `mandate-exceeded` where it does not cover this. */
export function checkLimits(facts: MandateFacts, ask: MandateAsk): Result<void, Refusal> {
  const { actions, accounts, max_total: most, max_term_months: longest, max_seats: seats } = facts.constraints;
  if (!actions.includes(ask.action)) return exceeded('It does not name this action.');
  if (ask.account !== undefined && !accounts.includes(ask.account)) return exceeded('It does not name this account.');
  const { max_total_per_period: perPeriod, max_uses: uses } = facts.constraints;
  for (const [name, limit] of Object.entries({ max_total: most, max_total_per_period: perPeriod })) {
    if (limit === undefined || ask.total === undefined) continue;
    if (ask.total.currency !== limit.currency) return exceeded('Its limit is in another currency.');
    if (!(ask.total.amount <= limit.amount)) return exceeded(`The total is above its \`${name}\`.`);
  }
  if (uses === 0) return exceeded('Its `max_uses` is none.');
  if (above(ask.termMonths, longest)) return exceeded('The term is above its `max_term_months`.');
  if (above(ask.seats, seats)) return exceeded('The seats are above its `max_seats`.');
  return ok(undefined);
}

/** What an action commits the principal to in all, as its definition states it. What it does not state it may commit to without limit. */
export interface Commitment {
  readonly total?: Money | 'nothing';
  readonly termMonths?: number | 'nothing';
  readonly seats?: number | 'nothing';
}

const LIMITS_ON = {
  total: ['max_total', 'max_total_per_period'],
  termMonths: ['max_term_months'],
  seats: ['max_seats'],
} as const satisfies Record<keyof Commitment, readonly (keyof MandateConstraints)[]>;

/** The limits a mandate sets on one of the things an action may commit to. */
export function limitsOn({ constraints }: MandateFacts, member: keyof Commitment): readonly string[] {
  return LIMITS_ON[member].filter((name) => constraints[name] !== undefined);
}

/** Whether the mandate covers all that the action commits to. What cannot be compared with a limit exceeds it. */
export function checkCommitment(facts: MandateFacts, action: string, committed: Commitment): Result<void, Refusal> {
  for (const member of ['total', 'termMonths', 'seats'] as const) {
    const [limit] = limitsOn(facts, member);
    if (limit !== undefined && committed[member] === undefined)
      return exceeded(`The action does not state what would have to be compared with its \`${limit}\`.`);
  }
  const { total, termMonths, seats } = committed;
  // Nothing is nothing in every currency.
  const owes = total !== undefined && total !== 'nothing' && total.amount !== 0;
  return checkLimits(facts, {
    action,
    ...(owes ? { total } : {}),
    ...(termMonths === undefined || termMonths === 'nothing' ? {} : { termMonths }),
    ...(seats === undefined || seats === 'nothing' ? {} : { seats }),
  });
}

/** The principal's fresh consent to one thing: a mandate for this action alone, given just now, by nobody in between. */
export function isFreshConsent(facts: MandateFacts, action: string, now: Date): boolean {
  const { issuedAt, constraints, delegations } = facts;
  const age = issuedAt === undefined ? Number.NaN : now.getTime() / 1000 - issuedAt;
  const isExact = constraints.actions.length === 1 && constraints.actions[0] === action && delegations === undefined;
  return isExact && age <= LIMITS.freshConsentSecondsMax;
}

const RISKS: readonly Risk[] = ['R0', 'R1', 'R2', 'R3'];
const HIGHEST_RISK: { readonly [T in Tier]: Risk } = { none: 'R0', principal: 'R2', company: 'R3' };

/** Whether a tier of proof is enough for a risk class. A principal who consented freshly to this very action is believed further. */
export function tierAllows(tier: Tier, risk: Risk, consented = false): boolean {
  const highest = consented && tier === 'principal' ? 'R3' : HIGHEST_RISK[tier];
  return RISKS.indexOf(risk) <= RISKS.indexOf(highest);
}

/** The highest risk a caller may ask for, by how strongly it is proven. */
export const HIGHEST_RISK_OF_PROOF: { readonly [P in Proof]: Risk } = { signature: 'R3', dpop: 'R2', bearer: 'R1' };

export function proofAllows(proof: Proof, risk: Risk): boolean {
  return RISKS.indexOf(risk) <= RISKS.indexOf(HIGHEST_RISK_OF_PROOF[proof]);
}

const exceeded = (detail: string): Result<never, Refusal> => err(refusal('mandate-exceeded', detail));

// `!(a <= b)` rather than `a > b`: NaN is above every limit.
const above = (asked: number | undefined, limit: number | undefined): boolean =>
  asked !== undefined && limit !== undefined && !(asked <= limit);
