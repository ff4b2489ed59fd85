/** Where the words beside terms wish for something else than the terms say. What words only mention is no contradiction: what others ask,
 * what was, what the record or an offer has. */
import { isMoney } from '../../adapters/sdk/values.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { inOneScale } from '../../protocol/base/money.ts';
import { at } from '../../protocol/base/pointer.ts';
import type { Reading } from '../../protocol/operation.ts';
import { same } from './packages.ts';
import { readable } from './readable.ts';
import { isWritten } from './stands.ts';
import { type Talked, valuesOf } from './values.ts';
import { type Bound, boundOf, contextOf, isWished } from './wishes.ts';

export interface Beside extends Talked {
  /** What the record and the offers say. */
  readonly known: readonly JsonObject[];
}

export function contradictions(
  written: string,
  terms: JsonObject,
  { issues, currency, known }: Beside,
): Extract<Reading, { kind: 'contradiction' }>['between'] {
  const text = readable(written);
  const found = new Map(issues.map((issue) => [issue, valuesOf(text, issue, issues)]));
  const values = [...found.values()].flat();
  const context = contextOf(text, values);
  return issues.flatMap((issue) => {
    const typed = at(terms, issue.pointer);
    const said = found.get(issue) ?? [];
    if (typed === undefined || said.some(({ value }) => same(value, typed))) return [];
    if (issue.kind === 'money' && isMoney(typed) && isWritten(typed, text, { finest: issue.decimals ?? 0, currency }))
      return [];
    const other = said.find(
      (each) =>
        !known.some((one) => same(at(one, issue.pointer), each.value)) &&
        isWished(each, context) &&
        !isWithin(typed, each.value, boundOf(each, context)),
    );
    return other === undefined ? [] : [{ issue: issue.pointer, words: other.value, terms: typed }];
  });
}

/** “At most 45.00 EUR” is said of 43.00 too. */
function isWithin(typed: Json, said: Json, bound: Bound | undefined): boolean {
  if (bound === undefined) return false;
  const pair = inNumbers(typed, said);
  if (pair === undefined) return false;
  const [own, other] = pair;
  return bound === 'most' ? own <= other : own >= other;
}

function inNumbers(a: Json, b: Json): readonly [number, number] | undefined {
  if (typeof a === 'number' && typeof b === 'number') return [a, b];
  return isMoney(a) && isMoney(b) && a.currency === b.currency ? inOneScale(a, b) : undefined;
}
