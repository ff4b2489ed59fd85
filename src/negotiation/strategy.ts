import type { Level } from './issues.ts';
import { type Wish, wishesOf } from './learn.ts';
import { isBarelyBelow, nearness, type Proposal } from './nearness.ts';
import { better, type Points, reaches } from './policy.ts';
import { keptFrom, type PriceList, type Pricing, priceList, wantedMain } from './schedule.ts';
import type { Package } from './space.ts';
import {
  admissible,
  costFree,
  mainAt,
  openingOf,
  type Side,
  samePackage,
  type Table,
  withinRanges,
  withMain,
} from './table.ts';

export interface TalkState {
  readonly table: Table;
  /** Their proposals, oldest first. */
  readonly theirs: readonly Proposal[];
  /** Everything the company has offered. */
  readonly ours: readonly Package[];
  /** Every package that its schedules have priced. */
  readonly stated?: readonly Package[];
  /** Which turn of the company this will be, from 1. */
  readonly round: number;
  readonly roundsMax: number;
  /** False when the period's budget is used up: then nothing that costs is offered. */
  readonly mayDiscount: boolean;
  /** False while an offer is held: then the talk is not broken off. */
  readonly mayStop: boolean;
}

export type Move =
  | {
      readonly kind: 'offer';
      /** Offers to choose from, all worth the same to the company; the last is the one it believes suits them best. */
      readonly offers: readonly Package[];
      readonly matched: boolean;
      readonly final: boolean;
      /** What other packages cost, at the same target; null where there are none to choose from. */
      readonly list: PriceList | null;
    }
  /** The budget is used up, and the policy has a person decide. `inReach`: whether their last proposal is within the policy; for that
   * person only. */
  | { readonly kind: 'impasse'; readonly why: 'budget'; readonly inReach: boolean };

/** Two offers whose side issues differ by less than this are one offer. In points: half a percent. */
const DIFFERENCE_MIN: Points = 50;

/** The company's answer: deterministic, over whole packages. It takes what they ask for on the side issues where that is in range and
 * dear to them, trades where they have shown to be flexible, prices the package, and falls along a path over the rounds. No path of a
 * policy leads past its limits, so that none of them moves an answer: two limits give the same answers, by the same work. */
export function companyMove(state: TalkState): Move {
  const { table, theirs, round, roundsMax, mayDiscount, mayStop } = state;
  const { numbers } = table.policy;
  const { sign } = table.scale;
  const final = round >= roundsMax;
  const target = targetAt(state, round);
  const pricing = pricingOf(state);
  const proposal = theirs.at(-1);
  const wanted = proposal?.levels ?? openingOf(table);
  const asked = withinRanges(table, wanted);
  const ask = within(state, mainAt(table, asked, target));
  const offered = wanted[table.main] ?? 0;
  const named = proposal?.priced === true && samePackage(table, wanted, asked);
  const stands = pricing.kept(asked);
  const barely = named && mayDiscount && stands !== undefined && isBarelyBelow(table, offered, stands);
  const meets = named && !barely && reaches(sign, offered, ask);
  const inReach = proposal?.priced === true && admissible(table, proposal.levels);
  if (mayStop && !meets && !mayDiscount && numbers.budget?.exhausted === 'person')
    return { kind: 'impasse', why: 'budget', inReach };
  const offers = meets
    ? [withMain(table, asked, capped(state, pricing, { asked, offered }))]
    : barely
      ? [withMain(table, asked, within(state, stands))]
      : choosePackages(table, theirs, numbers.alternatives).map((each) =>
          withMain(table, each, within(state, wantedMain(pricing, each, target))),
        );
  if (!offers.every((each) => admissible(table, each))) throw new Error('an inadmissible offer was about to be made');
  return { kind: 'offer', offers, matched: meets, final, list: listBeside(state, pricing, { offers, meets, barely }) };
}

/** Who has what they ask for is not shown what else they might have asked, and a cent moves no other price either. */
function listBeside(
  state: TalkState,
  pricing: Pricing,
  { offers, meets, barely }: { readonly offers: readonly Package[]; readonly meets: boolean; readonly barely: boolean },
): PriceList | null {
  const round = barely ? Math.max(1, state.round - 1) : state.round;
  return meets ? null : priceList(pricing, offers, targetAt(state, round));
}

/** The schedule that stands beside offers which are made again. */
export function listAgain(state: TalkState, offers: readonly Package[]): PriceList | null {
  return priceList(pricingOf(state), offers, targetAt(state, state.round));
}

function pricingOf({ table, theirs, ours, stated = [], mayDiscount }: TalkState): Pricing {
  const kept = keptFrom(table, [...stated, ...ours]);
  return { table, theirs: theirs.map(({ levels }) => levels), mayDiscount, kept };
}

/** The points aimed at in a round: from `open` to `concede_to`, shaped by `beta`; the last part only as far as they came near. */
function targetAt({ table, theirs, roundsMax }: TalkState, round: number): Points {
  const { open, concedeTo, beta, reciprocity } = table.policy.numbers;
  const progress = roundsMax <= 1 ? 1 : Math.min(1, (round - 1) / (roundsMax - 1));
  const walked = Math.min(progress ** (1 / beta), 1 - reciprocity * (1 - nearness(table, theirs)));
  return open + Math.round((concedeTo - open) * walked);
}

/** What they ask for, but never more than was asked of them: for this very package, or else along the path until now. */
function capped(
  state: TalkState,
  { kept }: Pricing,
  { asked, offered }: { readonly asked: Package; readonly offered: Level },
): Level {
  const { table, round } = state;
  const stood = kept(asked) ?? mainAt(table, asked, targetAt(state, Math.max(1, round - 1)));
  return within(state, reaches(table.scale.sign, offered, stood) ? stood : offered);
}

/** Never brought to the limit: what came past it would be no offer at all. */
function within({ table, mayDiscount }: TalkState, main: Level): Level {
  return mayDiscount ? main : better(table.scale.sign, main, costFree(table));
}

/** The packages to offer, the one believed to suit them best last. Each issue is decided by itself, since worth adds up. Before it stand
 * the one that lowers their price most, with every issue where the company would rather have it, and the largest single step towards it:
 * what they choose from is what they will not say. */
function choosePackages(table: Table, theirs: readonly Proposal[], count: number): readonly Package[] {
  const wishes = wishesOf(table, theirs);
  const ranked = table.sides.map((side, place) => (side === null ? [] : rank(side, wishes[place] ?? null)));
  const primary = openingOf(table).map((level, place) => ranked[place]?.[0]?.level ?? level);
  const put = (swaps: readonly Swap[]): Package =>
    primary.map((old, place) => swaps.find((each) => each.place === place)?.level ?? old);
  const swaps = ranked
    .flatMap((choices, place): Swap[] => choices.slice(1).map((choice) => ({ place, ...choice })))
    .filter(({ gain }) => Math.abs(gain) >= DIFFERENCE_MIN)
    .sort((a, b) => Math.abs(b.gain) - Math.abs(a.gain) || b.gain - a.gain || a.place - b.place || a.level - b.level);
  const most = swaps.filter(
    ({ place, gain, level }) =>
      gain > 0 && swaps.find((each) => each.place === place && each.gain > 0)?.level === level,
  );
  const others = [...(most.length > 1 ? [put(most)] : []), ...swaps.map((each) => put([each]))];
  return [...others.slice(0, count - 1).reverse(), primary];
}

interface Swap extends Choice {
  readonly place: number;
}

interface Choice {
  readonly level: Level;
  /** Points the company gains over the best choice. */
  readonly gain: Points;
}

/** Positions on one issue, the best for both together first: what the company gains by leaving theirs, less what that seems to cost them. */
function rank(side: Side, wish: Wish | null): readonly Choice[] {
  const at = side.clamp(wish?.at ?? side.open);
  const ideas = [side.open, ...side.knots];
  // Off what they ask for, only towards what makes their price lower: anything else is worse for both.
  const offered = wish === null ? ideas : ideas.filter((level) => side.worth(level) > side.worth(at));
  const levels = [...new Set([at, ...(wish?.taken ?? []).map(side.clamp), ...offered])];
  const dearness = wish?.dearness ?? UNASKED;
  const scored = levels.map((level) => {
    const gain = side.worth(level) - side.worth(at);
    return { level, gain, score: gain - dearness * Math.abs(gain) };
  });
  // Stable: where nothing is gained, their own position, which comes first, stays first.
  scored.sort((a, b) => b.score - a.score);
  const [best] = scored;
  return scored.map(({ level, gain }) => ({ level, gain: gain - (best?.gain ?? 0) }));
}

/** Nobody has asked for anything: the company's opening stands. */
const UNASKED = 1.5;
