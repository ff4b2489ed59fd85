/** Which of what the company has put forward has the values that somebody named: an offer, or a package of an offer's schedule. */
import { digest } from '../../protocol/base/canonical.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { at } from '../../protocol/base/pointer.ts';
import type { Offer } from '../../protocol/operation.ts';
import { type Chosen, chosenOffer } from '../../protocol/schedule.ts';
import type { Issue } from '../engine/world.ts';

export interface PutForward {
  readonly issues: readonly Issue[];
  /** The company's offers that may be accepted, the foremost last. */
  readonly open: readonly Offer[];
}

/** The open offers that have these values; all of them where none is named. */
export function offersWith(terms: JsonObject, { open, issues }: PutForward): readonly Offer[] {
  return open.filter((offer) => hasAll(offer.terms, terms, issues));
}

/** The package of a schedule with these values, all else as in the terms it stands beside. */
export function packageWith(terms: JsonObject, { open, issues }: PutForward): Chosen | undefined {
  for (const offer of open.toReversed()) {
    const named = offer.schedule?.issues.map(({ pointer }): [string, Json] => [
      pointer,
      at(terms, pointer) ?? at(offer.terms, pointer) ?? null,
    ]);
    const chosen = named === undefined ? undefined : chosenOffer(offer, Object.fromEntries(named));
    if (chosen?.ok === true && hasAll(chosen.value.terms, terms, issues)) return chosen.value;
  }
  return undefined;
}

function hasAll(whole: JsonObject, named: JsonObject, issues: readonly Issue[]): boolean {
  return issues.every(({ pointer }) => {
    const value = at(named, pointer);
    return value === undefined || same(at(whole, pointer), value);
  });
}

export function same(a: Json | undefined, b: Json): boolean {
  return a !== undefined && digest(a) === digest(b);
}
