/** The company's side of a negotiation without an engine: pure and deterministic. What the gateway bargains with, what a simulator plays. */
import type { Refusal } from '../../protocol/errors.ts';
import type { Terms } from '../../protocol/operation.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { NegotiationPolicy } from './policy.ts';
import { makeSpace, type Package, type SpaceFacts } from './space.ts';
import { type Move as CoreMove, companyMove } from './strategy.ts';
import { admissible, layTable, type Table, worthOf } from './table.ts';

export { parseNegotiationPolicy } from './parse-policy.ts';

export type Move =
  | {
      readonly kind: 'offer';
      /** To choose from; the last is what the company believes suits them best. */
      readonly offers: readonly Terms[];
      readonly matched: boolean;
      readonly final: boolean;
    }
  | Extract<CoreMove, { kind: 'impasse' }>;

export interface CompanySide {
  /** The company's answer to a proposal (partial terms are completed from its last offer); null: the company begins.
   * After the last round or an impasse it must not be asked again. */
  next(proposal: Terms | null): Result<Move, Refusal>;
}

export interface SideOptions {
  readonly roundsMax: number;
  /** Whether the period's budget has anything left; asked once a move. */
  readonly mayDiscount?: () => boolean;
}

/** One negotiation: a policy over one record. Throws away nothing and remembers everything said, as an operation does. */
export function makeCompanySide(
  policy: NegotiationPolicy,
  facts: SpaceFacts,
  options: SideOptions,
): Result<CompanySide, Refusal> {
  const space = makeSpace(facts);
  if (!space.ok) return space;
  const table = layTable(policy, space.value);
  if (!table.ok) return table;
  const theirs: Package[] = [];
  const ours: Package[] = [];
  let last: Terms | null = null;
  let round = 0;
  return ok({
    next(proposal) {
      if (proposal !== null) {
        const whole = space.value.complete(proposal, last);
        const levels = whole.ok ? space.value.read(whole.value) : whole;
        if (!levels.ok) return levels;
        theirs.push(levels.value);
      }
      round += 1;
      const mayDiscount = options.mayDiscount?.() ?? true;
      const move = companyMove({
        table: table.value,
        theirs,
        ours,
        round,
        roundsMax: options.roundsMax,
        mayDiscount,
        mayStop: true,
      });
      if (move.kind === 'impasse') return ok(move);
      ours.push(...move.offers);
      const offers = move.offers.map(space.value.write);
      last = offers.at(-1) ?? null;
      return ok({ ...move, offers });
    },
  });
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
  const points = (main: number) =>
    scale.reference === null ? main * 100 : (main * 10_000) / Math.max(1, scale.reference);
  const mine = scale.sign * points(levels[table.main] ?? 0) + worthOf(table, levels);
  const least = scale.sign * points(policy.last(scale, 0));
  const most = scale.sign * policy.numbers.open;
  return { admissible: admissible(table, levels), utility: most === least ? 0 : (mine - least) / (most - least) };
}
