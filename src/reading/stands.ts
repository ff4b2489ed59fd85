/** Whether a value that somebody else read stands in a text: as it is written there, and nowhere else from. */
import { isObject, type Json } from '../../protocol/base/json.ts';
import type { Issue } from '../engine/world.ts';
import { priceOf } from './amounts.ts';
import { numbersIn } from './numbers.ts';
import { same } from './packages.ts';
import { readable } from './readable.ts';
import { type Talked, valuesOf } from './values.ts';

export function stands(
  value: Json,
  words: string,
  { issue, scene }: { readonly issue: Issue; readonly scene: Talked },
): boolean {
  const text = readable(words);
  if (valuesOf(text, issue, scene.issues).some((found) => same(found.value, value))) return true;
  switch (issue.kind) {
    case 'money':
      return isObject(value) && isWritten(value, text, { finest: issue.decimals ?? 0, currency: scene.currency });
    case 'months':
      return has(text, value) || (typeof value === 'number' && value % 12 === 0 && has(text, value / 12));
    case 'count':
    case 'days':
    case 'percent':
      return has(text, value);
    // A day or a choice that the rules cannot find is not plain enough to be told back.
    default:
      return false;
  }
}

function has(text: string, value: Json): boolean {
  return typeof value === 'number' && numbersIn(text).includes(value);
}

/** An amount without its currency beside it: in the record's, as a number of the text. */
export function isWritten(
  value: Json,
  text: string,
  { finest, currency }: { readonly finest: number; readonly currency: string },
): boolean {
  const written = text.match(/\d[\d.,'’\u00a0\u202f]*/gu) ?? [];
  return written.some((each) => {
    const price = priceOf(each.replace(/[.,'’]+$/u, ''), { currency, finest });
    return price !== undefined && same({ ...price }, value);
  });
}
