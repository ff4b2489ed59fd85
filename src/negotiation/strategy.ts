import type { Offer } from '../../protocol/operation.ts';
import { admissible, floorPrice, rebateFor, samePackage, withinRanges } from './bounds.ts';
import { type NegotiationPolicy, scaleUp } from './policy.ts';
import { type ContractFacts, dayAfter, type RenewalTerms } from './terms.ts';

export interface TalkState {
  readonly policy: NegotiationPolicy;
  readonly facts: ContractFacts;
  readonly offers: readonly Offer[];
  readonly proposal: RenewalTerms | null;
  /** Which offer of the company this will be, from 1. */
  readonly round: number;
  readonly roundsMax: number;
}

export type Move =
  | { readonly kind: 'offer'; readonly terms: RenewalTerms; readonly matched: boolean; readonly final: boolean }
  | { readonly kind: 'impasse' };

/** A last proposal further than this below our last ask is not a matter of one more step: a person decides. In percent of the ask. */
const IMPASSE_GAP_PERCENT = 25;

/** The company's answer: deterministic, over the whole package. It takes the agent's wishes on everything but price where they are in
 * range (what is dear to them and cheap to us), prices that package, and falls along a path over the rounds. The path does not depend
 * on the floor; the floor only stops it. So two floors give the same answers until one of them is reached. */
export function companyMove({ policy, facts, offers, proposal, round, roundsMax }: TalkState): Move {
  const wanted = withinRanges(policy, facts, proposal ?? opening(policy, facts));
  const ask = askPrice(policy, facts, wanted, round, roundsMax);
  const final = round >= roundsMax;
  const meets = proposal !== null && samePackage(proposal, wanted) && proposal.unit_price.amount >= ask;
  if (proposal !== null && final && !meets && proposal.unit_price.amount * 100 < ask * (100 - IMPASSE_GAP_PERCENT))
    return { kind: 'impasse' };
  const amount = meets ? proposal.unit_price.amount : notAbove(ask, offers, wanted);
  const terms = {
    ...wanted,
    unit_price: { amount: Math.max(amount, floorPrice(policy, facts, wanted)), currency: facts.unit_price.currency },
  };
  if (!admissible(policy, facts, terms)) throw new Error('an inadmissible offer was about to be made');
  return { kind: 'offer', terms, matched: meets, final };
}

function opening({ numbers }: NegotiationPolicy, facts: ContractFacts): RenewalTerms {
  return { ...facts, term_months: numbers.term_months.preferred, start_date: dayAfter(facts.end_date) };
}

/** The ask for a package in a round: from `open` to `concede_to`, shaped by `beta`, less what the package has earned. Rounded up. */
function askPrice(
  policy: NegotiationPolicy,
  facts: ContractFacts,
  terms: RenewalTerms,
  round: number,
  roundsMax: number,
): number {
  const { open, concede_to, beta } = policy.numbers;
  const progress = roundsMax <= 1 ? 1 : Math.min(1, (round - 1) / (roundsMax - 1));
  const conceded = Math.round((open - concede_to) * progress ** (1 / beta));
  return Math.max(
    scaleUp(facts.unit_price.amount, open - conceded - rebateFor(policy, facts, terms)),
    floorPrice(policy, facts, terms),
  );
}

/** What was once offered for a package is not raised later. */
function notAbove(ask: number, offers: readonly Offer[], terms: RenewalTerms): number {
  const before = offers.filter(
    ({ by, terms: offered }) => by !== 'agent' && samePackage(offered as unknown as RenewalTerms, terms),
  );
  return Math.min(ask, ...before.map(({ terms: offered }) => (offered as unknown as RenewalTerms).unit_price.amount));
}
