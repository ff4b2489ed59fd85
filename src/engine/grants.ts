/** What an operation grants a customer, in money, and what was granted before. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { excess, inOneScale, type Money, total } from '../../protocol/base/money.ts';
import { recordsBefore } from './baseline.ts';
import { type Dealing, recordName } from './dealings.ts';
import type { Operation } from './operation.ts';
import { type ActionRules, scopeOf } from './rules.ts';
import { moneyOf, tried } from './tried.ts';
import { WINDOW_DEFAULT, type Window, windowStart } from './window.ts';
import { actionOf, type World } from './world.ts';

type GrantWorld = Pick<World, 'actions' | 'store' | 'clock'>;

export type WindowScope = 'record' | 'account' | 'agent' | 'issuer';

/** What a rule over a window may look at. */
export interface Lately {
  /** Of the price, in percent, from the window's start to these terms; negative is cheaper. */
  readonly change: number;
  /** Minor units, these terms included; null where it was granted in several currencies. */
  readonly granted: number | null;
  /** Operations of this action, this one included. */
  readonly operations: number;
}

export function lately(
  world: GrantWorld,
  operation: Operation,
  { terms, window, per }: { readonly terms: JsonObject | null; readonly window: Window; readonly per: WindowScope },
): Lately {
  const since = windowStart(window, world.clock.now());
  const before = new Map<string, Dealing>();
  for (const value of namesOf(world, operation, per))
    for (const each of world.store.dealings({ by: per, value, since }))
      if (each.operation !== operation.id) before.set(each.operation, each);
  const now = terms === null ? undefined : grantedBy(world, operation, { terms, window });
  const sums = [...before.values()].flatMap(({ granted }) => granted ?? []);
  const all = now === undefined ? sums : [...sums, now];
  const currencies = new Set(all.filter(({ amount }) => amount > 0).map(({ currency }) => currency));
  return {
    change: priceChange(world, operation, { terms, window }),
    granted: currencies.size > 1 ? null : all.reduce((sum, { amount }) => sum + amount, 0),
    operations: 1 + [...before.values()].filter(({ action }) => action === operation.action).length,
  };
}

/** How far these terms lie below the price at the window's start, for all they commit to, and what is given outright. */
export function grantedBy(
  world: GrantWorld,
  operation: Operation,
  { terms, window = WINDOW_DEFAULT }: { readonly terms: JsonObject; readonly window?: Window },
): Money | undefined {
  const rules = actionOf(world, operation)?.rules;
  if (rules === undefined) return undefined;
  const granted = moneyOf(() => rules.grants?.(scopeOf(operation, terms)));
  const given = granted === undefined ? undefined : total(granted);
  const { before, after } = pricesOf(world, rules, operation, { terms, window });
  const times = countOf(() => rules.price?.times?.(scopeOf(operation, terms)));
  if (before === undefined || after === undefined || times === undefined || before.currency !== after.currency)
    return given;
  const amount = Math.min(excess(before, after, BigInt(times)), Number.MAX_SAFE_INTEGER);
  if (given === undefined) return { amount, currency: after.currency };
  return given.currency === after.currency ? { amount: amount + given.amount, currency: after.currency } : given;
}

/** In percent. A difference that cannot be told is as large as can be: a rule about it calls a person. */
export function priceChange(
  world: GrantWorld,
  operation: Operation,
  { terms, window = WINDOW_DEFAULT }: { readonly terms: JsonObject | null; readonly window?: Window },
): number {
  const rules = actionOf(world, operation)?.rules;
  if (rules === undefined || rules.price === null || terms === null) return 0;
  const { before, after } = pricesOf(world, rules, operation, { terms, window });
  if (before === undefined || after === undefined || before.currency !== after.currency)
    return Number.NEGATIVE_INFINITY;
  const [from, to] = inOneScale(before, after);
  return from > 0 ? ((to - from) / from) * 100 : 0;
}

function pricesOf(
  world: GrantWorld,
  { price }: ActionRules,
  operation: Operation,
  { terms, window }: { readonly terms: JsonObject; readonly window: Window },
) {
  const records = recordsBefore(world, operation, windowStart(window, world.clock.now()));
  return {
    before: moneyOf(() => price?.from(scopeOf({ ...operation, records }, terms))),
    after: moneyOf(() => price?.to(scopeOf(operation, terms))),
  };
}

function namesOf(world: GrantWorld, operation: Operation, per: WindowScope): readonly string[] {
  const { records = {}, agent, mandate } = operation;
  if (per === 'agent') return [agent.keyid];
  if (per === 'issuer') return mandate === null ? [] : [mandate.issuer];
  const owned = actionOf(world, operation)?.rules.subjects.filter(({ shared }) => !shared) ?? [];
  const found = owned.flatMap(({ name, type }) =>
    [records[name]].flat().flatMap((record) => {
      if (typeof record !== 'object' || record === null || Array.isArray(record)) return [];
      const { id, account } = record as JsonObject;
      const value = per === 'account' ? account : typeof id === 'string' ? recordName(type, id) : null;
      return typeof value === 'string' ? [value] : [];
    }),
  );
  return [...new Set(found)];
}

function countOf(evaluate: () => Json | undefined): number | undefined {
  const value = tried(evaluate);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
