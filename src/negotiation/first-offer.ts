/** What a policy says first, in money: shown before customers hear it, and held against the record it is about. */
import type { Refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { formatMoney } from '../../protocol/base/money.ts';
import { at, withAt } from '../../protocol/base/pointer.ts';
import { ok, type Result } from '../../protocol/base/result.ts';
import type { Terms } from '../../protocol/operation.ts';
import type { ActionDefinition, Issue } from '../engine/world.ts';
import { isMoney } from './issues.ts';
import type { NegotiationPolicy } from './policy.ts';
import { factsOf } from './setting.ts';
import { makeSpace } from './space.ts';
import { layTable, mainAt, openingOf, type Table, withMain } from './table.ts';

export interface FirstOffer {
  /** The main issue as the record has it. */
  readonly record: string;
  readonly offer: string;
  /** What else the offer has that the record has not. */
  readonly with: readonly string[];
  /** Further from the record than the policy itself calls far. */
  readonly far: boolean;
}

/** The first ask on a record. */
export function firstOffer(
  policy: NegotiationPolicy,
  {
    definition,
    record,
    today,
  }: { readonly definition: ActionDefinition; readonly record: JsonObject; readonly today: string },
): Result<FirstOffer, Refusal> {
  const space = makeSpace(factsOf(definition, record, {}, today));
  if (!space.ok) return space;
  const table = layTable(policy, space.value);
  if (!table.ok) return table;
  const { issues, base, write } = space.value;
  const main = issues[table.value.main];
  const levels = askOf(table.value);
  const terms = write(levels);
  const [before, after] = [write(base), terms];
  return ok({
    record: main === undefined ? '' : shown(before, main),
    offer: main === undefined ? '' : shown(after, main),
    with: issues.flatMap((issue, place) =>
      place === table.value.main || levels[place] === base[place] ? [] : [`${issue.label} ${shown(terms, issue)}`],
    ),
    far: isFar(table.value),
  });
}

/** Whether the first ask is so far from the record that the policy is more likely wrong than meant: a price on either side, what the company
 * pays only above. Where the record has nothing there is nothing to be far from. */
export function isFar(table: Table): boolean {
  const { space, main, scale, policy } = table;
  const stands = space.base[main] ?? 0;
  if (space.issues[main]?.kind !== 'money' || stands === 0) return false;
  const away = (askOf(table)[main] ?? 0) - stands;
  return (scale.sign === 1 ? Math.abs(away) : away) * 100 > policy.numbers.far * stands;
}

function askOf(table: Table) {
  const levels = openingOf(table);
  return withMain(table, levels, mainAt(table, levels, table.policy.numbers.open));
}

/** A record such as the policy is for: what it names itself, and something usual for the rest. */
export function sampleFor({ negotiable }: ActionDefinition, { numbers }: NegotiationPolicy, today: string): JsonObject {
  const { sample, percentOf } = numbers;
  const currency = Object.values(sample).flatMap((each) => (isMoney(each) ? [each.currency] : []))[0] ?? 'EUR';
  const usual = negotiable.reduce<JsonObject>(
    (record, issue) => withAt(record, issue.record ?? issue.pointer, usualOf(issue, { currency, today })),
    {},
  );
  const main = negotiable.find(({ pointer }) => pointer === numbers.main);
  const whole = main === undefined ? usual : { ...usual, ...sample };
  if (percentOf === null || main === undefined || at(whole, percentOf) !== undefined) return whole;
  const stands = at(whole, main.record ?? main.pointer);
  return stands === undefined ? whole : withAt(whole, percentOf, stands);
}

function usualOf(
  { kind, choices, default: standing }: Issue,
  { currency, today }: { readonly currency: string; readonly today: string },
) {
  switch (kind) {
    case 'money':
      return { amount: 4_900, currency };
    case 'date':
      return today;
    case 'choice':
      return standing ?? choices?.[0] ?? '';
    case 'months':
      return 12;
    default:
      return 30;
  }
}

function shown(terms: Terms, { pointer }: Issue): string {
  const value = at(terms, pointer);
  return isMoney(value) ? formatMoney(value) : String(value);
}
