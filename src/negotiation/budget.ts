import { dayIn } from '../../protocol/base/zone.ts';
import type { Offer } from '../../protocol/operation.ts';
import { standingOffers } from '../engine/open-offers.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import type { HoldSet } from '../ports.ts';
import { periodOf } from './period.ts';
import type { BudgetRule } from './policy.ts';
import type { Package } from './space.ts';
import { costFree, type Table } from './table.ts';

type Talk = NonNullable<Operation['negotiation']>;

/** The company's moment: its periods begin with its own days. */
type Here = Pick<World, 'clock' | 'settings'>;

/** The budget a moment falls into: `budget:contract.renew/2026-11`. */
export function budgetName({ name, period }: BudgetRule, { clock, settings }: Here): string {
  return `budget:${name}/${periodOf(period, dayIn(settings.timeZone, clock.now().getTime()))}`;
}

/** What a package costs the company, in minor units: below today's price, or the refund itself, for every seat and month. */
export function costOf(table: Table, levels: Package): number {
  const { budget } = table.policy.numbers;
  const each = Math.max(0, table.scale.sign * (costFree(table) - (levels[table.main] ?? 0)));
  const times = budget?.times ?? [];
  const factor = table.space.issues.reduce(
    (product, { pointer }, place) => (times.includes(pointer) ? product * (levels[place] ?? 1) : product),
    1,
  );
  // In whole minor units, a part of one counting as one: what is left is never more than it seems.
  return Math.min(Math.ceil((each * factor) / table.scale.perUnit), Number.MAX_SAFE_INTEGER);
}

/** Whether anything that costs may be offered now: a yes or a no, the same whatever is asked for. */
export function mayDiscount(
  world: Here & Pick<World, 'store'>,
  table: Table,
  { operation, place }: { readonly operation: Operation; readonly place: string | undefined },
): boolean {
  const { budget } = table.policy.numbers;
  if (budget === null) return true;
  // A cost in another currency cannot be counted: it is not one that may be had.
  if (budget.currency !== table.space.currency) return false;
  const { store } = world;
  const name = budgetName(budget, world);
  if (!store.isExhausted(name, budget.limit)) return true;
  // What talks about this very record reserve is not in its own way.
  const ours = new Set([operation.id, ...reservers(world, place)]);
  const own = store.heldBy(name).filter((each) => ours.has(each.operation));
  return !store.isExhausted(name, budget.limit + own.reduce((sum, { amount }) => sum + amount, 0));
}

/** What the open held offers reserve: as only one of them can be accepted, the dearest. */
export function heldUse(
  world: Here,
  table: Table,
  operation: Operation,
  { talk, place }: { readonly talk: Talk; readonly place: string | undefined },
): readonly HoldSet[] {
  const { budget } = table.policy.numbers;
  if (budget === null) return [];
  const amount = Math.max(0, ...heldOffers(talk, world.clock.now()).map(({ terms }) => costOfTerms(table, terms)));
  const once =
    amount === 0 || place === undefined
      ? []
      : [{ name: heldFor(place), amount: 1, limit: 1, lasts: 'operation' as const }];
  return [
    // First: that another talk reserves for this record is no reason to offer less.
    { operation: operation.id, kind: 'record', holds: once },
    use(operation, budgetName(budget, world), amount, budget.limit),
  ];
}

/** Only one talk about a record reserves anything: as only one of them can end in a deal. */
const heldFor = (place: string): string => `record:offers/${place}`;

function reservers({ store }: Pick<World, 'store'>, place: string | undefined): readonly string[] {
  return place === undefined ? [] : store.heldBy(heldFor(place)).map(({ operation }) => operation);
}

/** What an acceptance takes. A promise that was held, or a person's word, is kept whatever is left; it is counted all the same. What another
 * talk about the record had reserved is free: only one of them ends in a deal, and what it promised is kept even so. */
export function acceptedUse(
  world: Here & Pick<World, 'store'>,
  table: Table,
  { operation, place }: { readonly operation: Operation; readonly place: string | undefined },
  offer: Pick<Offer, 'by' | 'terms' | 'firmness'>,
): readonly HoldSet[] {
  const { budget } = table.policy.numbers;
  if (budget === null) return [];
  const promised = offer.by === 'person' || offer.firmness === 'held';
  const limit = budget.currency === table.space.currency ? budget.limit : 0;
  const others = reservers(world, place).filter(
    (id) => id !== operation.id && world.store.operation(id)?.state === 'negotiating',
  );
  return [
    use(operation, budgetName(budget, world), costOfTerms(table, offer.terms), promised ? null : limit),
    ...others.map((id): HoldSet => ({ operation: id, kind: 'budget', holds: [] })),
  ];
}

function use({ id }: Operation, name: string, amount: number, limit: number | null): HoldSet {
  const holds = amount === 0 ? [] : [{ name, amount, limit, lasts: 'effect' as const }];
  return { operation: id, kind: 'budget', holds };
}

export function heldOffers(talk: Talk, now: Date): readonly Offer[] {
  return standingOffers(talk, now).filter(({ firmness }) => firmness === 'held');
}

function costOfTerms(table: Table, terms: Offer['terms']): number {
  const levels = table.space.read(terms);
  return levels.ok ? costOf(table, levels.value) : Number.MAX_SAFE_INTEGER;
}
