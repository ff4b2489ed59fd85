/** Why the buyer did what it did, for the principal it acts for: as data, and as words. Nothing of it is sent to the company. */
import type { Json } from '../../protocol/base/json.ts';
import { digitsOf, formatMoney } from '../../protocol/base/money.ts';
import type { Offer, Terms } from '../../protocol/operation.ts';
import { type BuyerGoals, type Candidate, fitOf, type Goal, jsonOf, type Limit, limitsOf, productOf } from './goals.ts';

export interface Why {
  /** `enough`: as good as was still hoped for. `last_round`: within all bounds, and there was no other round. */
  readonly because: 'enough' | 'last_round' | 'no_rounds_left' | 'nothing_within';
  /** What was looked at: packages on offer, and how many of them were within every bound. */
  readonly looked: { readonly packages: number; readonly within: number };
  /** Of what was taken: how much of all wishes it fulfils, from 0 to 1. */
  readonly score?: number;
  readonly firmness?: Offer['firmness'];
  readonly terms: readonly TermWhy[];
  readonly limits: readonly LimitWhy[];
  readonly words: string;
}

/** One term beside its wish and its bounds. */
export interface TermWhy {
  readonly term: string;
  readonly value: Json;
  readonly wish: Json;
  readonly most?: Json;
  readonly least?: Json;
  /** From 1, the wish or better, to 0, its bound; absent beyond it. */
  readonly fit?: number;
}

/** What the terms come to under a limit, and the limit. */
export interface LimitWhy {
  readonly of: readonly string[];
  readonly value: Json;
  readonly most: Json;
}

export function whyAccepted(
  goals: BuyerGoals,
  open: readonly Candidate[],
  {
    best,
    because,
  }: { readonly best: Candidate & { readonly score: number }; readonly because: 'enough' | 'last_round' },
): Why {
  const why = {
    because,
    looked: lookedAt(open),
    score: best.score,
    firmness: best.firmness,
    ...comparedWith(goals, best.terms),
  };
  return { ...why, words: acceptedInWords(why) };
}

export function whyLeft(
  goals: BuyerGoals,
  open: readonly Candidate[],
  because: 'no_rounds_left' | 'nothing_within',
): Why {
  const nearest = open.at(-1);
  const why = {
    because,
    looked: lookedAt(open),
    ...(nearest === undefined ? NOTHING : comparedWith(goals, nearest.terms)),
  };
  const beyond = why.terms.filter(({ fit }) => fit === undefined).map(({ term }) => term);
  const last = beyond.length === 0 ? '' : ` The last offer is beyond the bounds of ${beyond.join(', ')}.`;
  const first =
    because === 'nothing_within'
      ? 'Nothing can be asked for within the limits.'
      : 'There are no rounds left, and nothing on offer is within all bounds.';
  return { ...why, words: `${first}${last}` };
}

const NOTHING = { terms: [], limits: [] };

function lookedAt(open: readonly Candidate[]): Why['looked'] {
  return { packages: open.length, within: open.filter(({ score }) => score !== undefined).length };
}

function comparedWith(goals: BuyerGoals, terms: Terms): Pick<Why, 'terms' | 'limits'> {
  return {
    terms: Object.entries(goals.terms).map(([term, goal]) => beside(term, goal, terms[term] ?? null)),
    limits: limitsOf(goals).map(({ of, most }) => {
      const product = productOf(terms, of, most);
      return { of, value: product === undefined ? null : amountOf(product, most), most: jsonOf(most) };
    }),
  };
}

function beside(term: string, goal: Goal, value: Json): TermWhy {
  const { wish, most, least } = goal;
  const fit = fitOf(goal, value);
  return {
    term,
    value,
    wish: jsonOf(wish),
    ...(most === undefined ? {} : { most: jsonOf(most) }),
    ...(least === undefined ? {} : { least: jsonOf(least) }),
    ...(fit === undefined ? {} : { fit }),
  };
}

function amountOf({ value, scale }: { readonly value: bigint; readonly scale: number }, most: Limit['most']): Json {
  if (typeof most === 'number') return Number(value);
  const { currency } = most;
  return { amount: Number(value), currency, ...(scale === 0 ? {} : { scale: scale + digitsOf(currency) }) };
}

function acceptedInWords({ because, looked, score = 0, firmness, terms, limits }: Omit<Why, 'words'>): string {
  const best =
    looked.packages === 1
      ? 'The one offer'
      : `The best of ${looked.packages} packages on offer (${looked.within} within your bounds)`;
  const first =
    because === 'enough'
      ? `${best} fulfils ${Math.round(score * 100)} % of your wishes: as much as could still be hoped for.`
      : `${best} is within all your bounds, and there was no other round.`;
  const each = terms.map(({ term, value, wish, most, least }) => {
    const bounds = [
      `wish ${shown(wish)}`,
      ...(most === undefined ? [] : [`at most ${shown(most)}`]),
      ...(least === undefined ? [] : [`at least ${shown(least)}`]),
    ];
    return `${term} ${shown(value)} (${bounds.join(', ')})`;
  });
  const within = limits.map(({ of, value, most }) => `${of.join(' × ')} ${shown(value)} of at most ${shown(most)}`);
  const signoff = firmness === 'indicative' ? ['A person at the company may still have to sign off.'] : [];
  return [first, `${[...each, ...within].join('; ')}.`, ...signoff].join(' ');
}

function shown(value: Json): string {
  if (typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value)
    return formatMoney({ ...value, amount: Number(value['amount']), currency: String(value['currency']) });
  return String(value);
}
