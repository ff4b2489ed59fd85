/** What a schedule says, package by package: the same pure functions for the company, the customer and whoever verifies. */
import { canonicalBytes, canonicalText, digest } from './base/canonical.ts';
import { type Refusal, refusal } from './base/errors.ts';
import type { Json, JsonObject } from './base/json.ts';
import { LIMITS } from './base/limits.ts';
import { digitsOf, moneyAt, SCALE_MAX } from './base/money.ts';
import { at, withAt } from './base/pointer.ts';
import { err, ok, type Result } from './base/result.ts';
import { count, isRecord, json, listOf, object, objectWith, oneOf, type Shape, scalar, text } from './base/shape.ts';
import type { Offer, Schedule, Terms } from './operation.ts';

/** One value for every issue of the schedule, by pointer. */
export type Choice = JsonObject;

/** One package of a schedule. */
export interface Priced {
  readonly place: number;
  readonly choice: Choice;
  /** As the term has it. */
  readonly price: Json;
}

/** What is accepted: an offer, or the package of its schedule that was chosen. */
export type Chosen = Pick<
  Offer,
  'id' | 'parent' | 'by' | 'terms' | 'terms_digest' | 'firmness' | 'made_at' | 'expires_at' | 'facts'
> & {
  readonly schedule_digest?: string;
  readonly choice?: Choice;
};

/** What it says, without its signature. */
export function scheduleDigest(schedule: Schedule): string {
  return digest(unsigned(schedule));
}

export function unsigned({ main, unit, issues, prices, firmness, indicative }: Schedule): Schedule {
  const counted = unit?.scale === undefined ? {} : { scale: unit.scale };
  return {
    main,
    ...(unit === undefined ? {} : { unit: { currency: unit.currency, ...counted } }),
    issues: issues.map(({ pointer, values }) => ({ pointer, values })),
    prices,
    firmness,
    indicative,
  };
}

/** Every package that is offered, in the order of `prices`. */
export function pricedPackages(schedule: Schedule): readonly Priced[] {
  return schedule.prices.flatMap((_price, place) => {
    const price = priceAt(schedule, place);
    return price === null ? [] : [{ place, choice: choiceAt(schedule, place), price }];
  });
}

/** The package at a place of `prices`. */
export function choiceAt({ issues }: Pick<Schedule, 'issues'>, place: number): Choice {
  let rest = place;
  const named = issues.toReversed().map(({ pointer, values }): [string, Json] => {
    const value = values[rest % values.length] ?? null;
    rest = Math.floor(rest / values.length);
    return [pointer, value];
  });
  return Object.fromEntries(named.reverse());
}

/** The place of a package in `prices`; undefined where it is none of the set: a value of another list, an issue too few or too many. */
export function placeOf({ issues }: Pick<Schedule, 'issues'>, choice: Choice): number | undefined {
  if (Object.keys(choice).length !== issues.length) return undefined;
  let place = 0;
  for (const { pointer, values } of issues) {
    const wanted = Object.hasOwn(choice, pointer) ? choice[pointer] : undefined;
    const index = wanted === undefined ? -1 : values.findIndex((each) => isSame(each, wanted));
    if (index < 0) return undefined;
    place = place * values.length + index;
  }
  return place;
}

/** The price at a place as the term has it; null where the package is not offered. */
export function priceAt({ prices, unit }: Schedule, place: number): Json | null {
  const price = prices[place] ?? null;
  if (price === null || unit === undefined || typeof price !== 'number') return price;
  const { currency, scale = digitsOf(currency) } = unit;
  return { ...moneyAt({ amount: price, currency, scale }) };
}

/** A schedule that comes from outside. */
export const scheduleShape: Shape<Schedule> = objectWith<Omit<Schedule, 'unit'>, Required<Pick<Schedule, 'unit'>>>(
  {
    main: text,
    issues: listOf(object({ pointer: text, values: listOf(json) })),
    prices: listOf(scalar),
    firmness: oneOf(['indicative', 'binding', 'held']),
    indicative: listOf(count),
  },
  { unit: objectWith<{ currency: string }, { scale: number }>({ currency: text }, { scale: count }) },
);

/** Whether these terms are what an agreement on this package says: of this schedule, offered, with its price and firmness. */
export function isChosen(agreed: Readonly<Record<string, unknown>>, schedule: Schedule | undefined): boolean {
  const { terms, choice, schedule_digest, terms_digest, firmness } = agreed;
  if (choice === undefined && schedule_digest === undefined) return schedule === undefined;
  if (schedule === undefined || !isRecord(terms) || !isRecord(choice)) return false;
  const chosen = packageOf({ terms: terms as Terms, schedule }, choice as Choice);
  return (
    chosen.ok &&
    scheduleDigest(schedule) === schedule_digest &&
    digest(chosen.value.terms) === terms_digest &&
    chosen.value.firmness === firmness
  );
}

function firmnessAt({ firmness, indicative }: Schedule, place: number): Schedule['firmness'] {
  return indicative.includes(place) ? 'indicative' : firmness;
}

/** Terms with the schedule that stands beside them. */
interface Scheduled {
  readonly terms: Terms;
  readonly schedule?: Schedule | undefined;
}

/** The terms of the offer with the chosen package and its price in them. */
export function chosenTerms(offer: Scheduled, choice: Choice): Result<Terms, Refusal> {
  const chosen = packageOf(offer, choice);
  return chosen.ok ? ok(chosen.value.terms) : chosen;
}

/** A package with its price in the terms, and how firm the company is about it. */
export interface PackageTerms {
  readonly terms: Terms;
  readonly place: number;
  readonly schedule: Schedule;
  readonly firmness: Schedule['firmness'];
}

/** {@link chosenOffer} without its digests: for whoever weighs all packages. */
export function packageOf({ terms, schedule }: Scheduled, choice: Choice): Result<PackageTerms, Refusal> {
  if (schedule === undefined)
    return notOffered('The offer has no schedule to choose from: accept it without `choice`.');
  const place = placeOf(schedule, choice);
  if (place === undefined) return notOffered('The choice is no package of this offer’s schedule.');
  const price = priceAt(schedule, place);
  if (price === null) return notOffered('The schedule has no price for this package: it is not offered.');
  const withSides = schedule.issues.reduce(
    (whole, { pointer }) => withAt(whole, pointer, choice[pointer] ?? null),
    terms,
  );
  const whole = withAt(withSides, schedule.main, price);
  return ok({ terms: whole, place, schedule, firmness: firmnessAt(schedule, place) });
}

/** The offer as it is accepted: with the terms and the firmness of the chosen package. */
export function chosenOffer(offer: Offer, choice: Choice | undefined): Result<Chosen, Refusal> {
  const { id, parent, by, made_at, expires_at, facts } = offer;
  const same = { id, parent, by, made_at, expires_at, ...(facts === undefined ? {} : { facts }) };
  if (choice === undefined)
    return ok({ ...same, terms: offer.terms, terms_digest: offer.terms_digest, firmness: offer.firmness });
  const found = packageOf(offer, choice);
  if (!found.ok) return found;
  const { terms, place, schedule, firmness } = found.value;
  return ok({
    ...same,
    terms,
    terms_digest: digest(terms),
    firmness,
    schedule_digest: scheduleDigest(schedule),
    choice: choiceAt(schedule, place),
  });
}

/** What is wrong with a schedule beside these terms; undefined: every package of it can be accepted. */
export function scheduleFault({
  terms,
  schedule,
}: {
  readonly terms: Terms;
  readonly schedule: Schedule;
}): string | undefined {
  const { main, issues, prices, indicative } = schedule;
  const pointers = [main, ...issues.map(({ pointer }) => pointer)];
  if (!pointers.every((each) => POINTER.test(each))) return 'a pointer is none';
  if (pointers.some((a, i) => pointers.some((b, j) => i !== j && `${b}/`.startsWith(`${a}/`))))
    return 'two pointers name the same term';
  if (issues.length === 0) return 'it has no issues';
  if (issues.some(({ values }) => new Set(values.map(canonicalText)).size !== values.length))
    return 'an issue has a value twice';
  const packages = issues.reduce((product, { values }) => product * values.length, 1);
  if (packages === 0 || packages > LIMITS.schedulePackagesMax || prices.length !== packages)
    return `it prices ${prices.length} of ${packages} packages`;
  if (canonicalBytes({ issues, prices, indicative }).length > LIMITS.scheduleBytesMax) return 'it is too large';
  if (!prices.every((each) => isPrice(each, schedule))) return 'a price is none';
  if (!indicative.every((each, place) => prices[each] != null && each > (indicative[place - 1] ?? -1)))
    return '`indicative` names no packages';
  const own = Object.fromEntries(issues.map(({ pointer }) => [pointer, at(terms, pointer) ?? null]));
  const chosen = chosenTerms({ terms, schedule }, own);
  return chosen.ok && digest(chosen.value) === digest(terms) ? undefined : 'the offer’s own terms are no package of it';
}

const POINTER = /^(?:\/[A-Za-z0-9_-]{1,64}){1,8}$/;

function isPrice(price: Schedule['prices'][number], { unit }: Schedule): boolean {
  if (price === null) return true;
  if (unit === undefined) return typeof price === 'string' || Number.isSafeInteger(price);
  const { currency, scale = 0 } = unit;
  const counts = /^[A-Z]{3}$/.test(currency) && Number.isInteger(scale) && scale >= 0 && scale <= SCALE_MAX;
  return counts && typeof price === 'number' && Number.isSafeInteger(price) && price >= 0;
}

function isSame(a: Json, b: Json): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && canonicalText(a) === canonicalText(b));
}

function notOffered(detail: string): Result<never, Refusal> {
  return err(refusal('package-not-offered', detail));
}
