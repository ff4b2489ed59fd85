/** The company's side of a negotiation without an engine: pure and deterministic. What the gateway bargains with, what a simulator plays. */
import type { Refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import type { Schedule, Terms } from '../../protocol/operation.ts';
import { chosenTerms, pricedPackages } from '../../protocol/schedule.ts';
import { type Unmet, unmetOf } from './nearness.ts';
import { type NegotiationPolicy, pointsAt } from './policy.ts';
import { answerOn } from './resume.ts';
import { writeSchedule } from './schedule.ts';
import { packagesIn, proposalsIn, type Said, unnamedIn } from './setting.ts';
import { makeSpace, type Package, type SpaceFacts } from './space.ts';
import type { Move as CoreMove } from './strategy.ts';
import { admissible, layTable, type Table, worthOf } from './table.ts';

export { parseNegotiationPolicy } from './parse-policy.ts';

export type Move =
  | {
      readonly kind: 'offer';
      /** To choose from; the last is what the company believes suits them best. */
      readonly offers: readonly Terms[];
      readonly matched: boolean;
      readonly final: boolean;
      /** Of the last offer: what the other packages cost. */
      readonly schedule?: Schedule;
    }
  | Extract<CoreMove, { kind: 'impasse' }>;

export interface CompanySide {
  /** The company's answer to a proposal (partial terms are completed from its last offer); null: the company begins.
   * After the last round or an impasse it must not be asked again. */
  next(proposal: Terms | null): Result<Move, Refusal>;
  /** Where the talk stands: what the next one about the same record goes on from. */
  stood(): Past;
  /** How it ends if they agree to nothing that was offered: whether a person decides then. */
  unmet(): Pick<Unmet, 'person' | 'inReach'>;
}

/** What was said about the record before, in whichever talk. */
export interface Past {
  readonly rounds: number;
  readonly last: readonly Terms[];
  readonly ours: readonly Terms[];
  readonly theirs: readonly Said[];
  /** What its last schedule priced. */
  readonly stated?: readonly Terms[];
}

export interface SideOptions {
  readonly roundsMax: number;
  /** Whether the period's budget has anything left; asked once a move. */
  readonly mayDiscount?: () => boolean;
  readonly past?: Past;
  /** The record as it was at the start of the policy's window; as it is, unless told. */
  readonly before?: JsonObject;
}

/** One negotiation: a policy over one record. Throws away nothing and remembers everything said, as an operation does. */
export function makeCompanySide(
  policy: NegotiationPolicy,
  facts: SpaceFacts,
  options: SideOptions,
): Result<CompanySide, Refusal> {
  const space = makeSpace(facts);
  if (!space.ok) return space;
  const table = layTable(policy, space.value, options.before);
  if (!table.ok) return table;
  const { past } = options;
  const said: Said[] = [...(past?.theirs ?? [])];
  const ours: Package[] = [...packagesIn(space.value, past?.ours ?? [])];
  const stated: Package[] = [...packagesIn(space.value, past?.stated ?? [])];
  let priced: readonly Package[] = stated.slice();
  let standing: readonly Package[] = packagesIn(space.value, past?.last ?? []);
  let last: Terms | null = null;
  let rounds = past?.rounds ?? 0;
  let begun = false;
  return ok({
    stood: () => ({
      rounds,
      last: standing.map(space.value.write),
      ours: ours.map(space.value.write),
      theirs: [...said],
      stated: priced.map(space.value.write),
    }),
    unmet: () => unmetOf(table.value, { theirs: proposalsIn(table.value, said), ours: [...ours, ...stated] }),
    next(proposal) {
      if (proposal !== null) {
        const whole = space.value.complete(proposal, last);
        if (!whole.ok) return whole;
        said.push({ terms: whole.value, unnamed: unnamedIn(proposal, whole.value) });
      }
      const mayDiscount = options.mayDiscount?.() ?? true;
      const theirs = proposalsIn(table.value, said);
      const { move, round } = answerOn(
        { table: table.value, theirs, ours, stated, roundsMax: options.roundsMax, mayDiscount, mayStop: true },
        { rounds, last: standing },
        // To say nothing to an offer is to ask for another.
        proposal !== null || begun,
      );
      begun = true;
      rounds = round;
      if (move.kind === 'impasse') return ok(move);
      standing = move.offers;
      ours.push(...move.offers);
      const offers = move.offers.map(space.value.write);
      last = offers.at(-1) ?? null;
      const { list, ...shown } = move;
      if (list === null) return ok({ ...shown, offers });
      const others = list.packages.filter((each) => each !== null);
      stated.push(...others);
      priced = others;
      const schedule = writeSchedule(table.value, list, { firmness: 'binding', indicative: [] });
      return ok({ ...shown, offers, schedule });
    },
  });
}

/** All that may be accepted of a move: its offers, and every package of their schedule. */
export function acceptable(move: Move): readonly Terms[] {
  if (move.kind === 'impasse') return [];
  const { offers, schedule } = move;
  const terms = offers.at(-1);
  if (schedule === undefined || terms === undefined) return offers;
  const others = pricedPackages(schedule).flatMap(({ choice }) => {
    const chosen = chosenTerms({ terms, schedule }, choice);
    return chosen.ok ? [chosen.value] : [];
  });
  return [...offers, ...others];
}

/** For whoever owns the policy, never for the other side: what terms are worth to the company. 0: its limit; 1: its opening. */
export function appraise(policy: NegotiationPolicy, facts: SpaceFacts, terms: Terms): Result<Appraisal, Refusal> {
  const space = makeSpace(facts);
  if (!space.ok) return space;
  const table = layTable(policy, space.value);
  if (!table.ok) return table;
  const levels = space.value.read(terms);
  return levels.ok ? ok(appraisalOf(table.value, levels.value)) : levels;
}

export interface Appraisal {
  readonly admissible: boolean;
  readonly utility: number;
}

function appraisalOf(table: Table, levels: Package): Appraisal {
  const { scale, policy } = table;
  const points = (main: number) => pointsAt(scale, main);
  const mine = scale.sign * points(levels[table.main] ?? 0) + worthOf(table, levels);
  const least = scale.sign * points(policy.last(scale, 0));
  const most = scale.sign * policy.numbers.open;
  return { admissible: admissible(table, levels), utility: most === least ? 0 : (mine - least) / (most - least) };
}
