/** The company's sides that are compared: its policy as the gateway plays it, and two simpler ways to use the same numbers. */
import type { Refusal } from '../../protocol/base/errors.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import { type CompanySide, type Move, makeCompanySide, type Past } from '../negotiation/core.ts';
import type { Package } from '../negotiation/space.ts';
import { lastMain, mainAt, openingOf, samePackage, withinRanges, withMain } from '../negotiation/table.ts';
import type { Scenario } from './scenario.ts';

export type Company = (
  scenario: Scenario,
  options: { readonly roundsMax: number; readonly past?: Past },
) => Result<CompanySide, Refusal>;

/** As the gateway plays. */
export const parley: Company = ({ policy, facts }, options) => makeCompanySide(policy, facts, options);

/** As the gateway plays with a partner that takes no notice of schedules. */
export const withoutSchedules: Company = (scenario, options) => {
  const side = parley(scenario, options);
  if (!side.ok) return side;
  return ok({
    stood: side.value.stood,
    unmet: side.value.unmet,
    next(proposal): Result<Move, Refusal> {
      const move = side.value.next(proposal);
      if (!move.ok || move.value.kind !== 'offer') return move;
      const { schedule: _, ...unread } = move.value;
      return ok(unread);
    },
  });
};

/** Bargains over the price of what it first offered and hears nothing else. */
export const scalar: Company = (scenario, options) => simple(scenario, options, () => openingOf(scenario.table));

/** Takes whatever side issues are asked for, prices them and offers that alone. */
export const packaged: Company = (scenario, options) =>
  simple(scenario, options, (asked) => asked ?? openingOf(scenario.table));

/** One offer at a time, the same step every round, from the policy's first ask to where it ends. */
function simple(
  { table, policy }: Scenario,
  { roundsMax, past }: { readonly roundsMax: number; readonly past?: Past },
  choose: (asked: Package | undefined) => Package,
): Result<CompanySide, Refusal> {
  const { open, concedeTo } = policy.numbers;
  const { sign } = table.scale;
  let rounds = past?.rounds ?? 0;
  return ok({
    stood: () => ({ rounds, last: [], ours: [], theirs: [] }),
    // Nobody of theirs is asked.
    unmet: () => ({ person: false, inReach: false }),
    next(proposal): Result<Move, Refusal> {
      const read = proposal === null ? undefined : table.space.read(proposal);
      if (read?.ok === false) return read;
      const theirs = read?.value;
      rounds = Math.min(roundsMax, rounds + 1);
      const points = open + Math.round(((concedeTo - open) * (rounds - 1)) / Math.max(1, roundsMax - 1));
      const sides = withinRanges(table, choose(theirs));
      const [wanted, last] = [mainAt(table, sides, points), lastMain(table, sides)];
      const ask = sign === 1 ? Math.max(wanted, last) : Math.min(wanted, last);
      const offered = theirs?.[table.main] ?? 0;
      const matched = theirs !== undefined && samePackage(table, theirs, sides) && sign * offered >= sign * ask;
      const offers = [table.space.write(withMain(table, sides, matched ? offered : ask))];
      return ok({ kind: 'offer', offers, matched, final: rounds >= roundsMax });
    },
  });
}
