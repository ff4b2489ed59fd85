import type { AdapterManifest } from '../../adapters/sdk/index.ts';
import { isMoney } from '../../adapters/sdk/values.ts';
import type { Json } from '../../protocol/base/json.ts';
import { formatMoney } from '../../protocol/base/money.ts';
import type { ClaimedBefore } from '../engine/claimed.ts';
import { changedUnderAgreement } from '../engine/facts.ts';
import type { Changed, Operation } from '../engine/operation.ts';
import type { Judge, Verdict } from './prepare.ts';

/** Policy, and a person besides wherever the CRM’s adapter says that what a write does cannot be known well enough. */
export function withForcedSignoff({ capabilities }: AdapterManifest, judge: Judge): Judge {
  const forcing = new Set(
    capabilities.filter(({ forcesSignoff }) => forcesSignoff === true).map(({ action }) => action),
  );
  return (operation, plan, terms) => {
    const verdict = judge(operation, plan, terms);
    // Nothing to write is nothing to decide.
    if (!forcing.has(operation.action) || plan?.steps.length === 0) return verdict;
    return { ...verdict, required: true, reasons: [...verdict.reasons, 'Every write to this CRM needs a person.'] };
  };
}

/** A claim of a record that does not say how much there is in all is a person's to compare, whatever policy allows. */
export function withUncertainClaim({ certain }: ClaimedBefore, verdict: Verdict): Verdict {
  if (certain) return verdict;
  const reason = 'How much there is to claim cannot be read from the record: compare what is asked for with it.';
  return { ...verdict, required: true, reasons: [...verdict.reasons, reason] };
}

/** Policy, and a person besides where the record is no longer what the agreed offer was made from: a promise is kept, or unmade, by
 * somebody who knows both. What the customer's own requests made of it was agreed on with the promise in sight. */
export function withKeptFacts(
  judge: Judge,
  isPrincipals: (operation: Operation, changed: readonly Changed[]) => boolean,
): Judge {
  return (operation, plan, terms) => {
    const verdict = judge(operation, plan, terms);
    const changed = changedUnderAgreement(operation);
    if (changed.length === 0 || plan === null || isPrincipals(operation, changed)) return verdict;
    const told = changed.map(({ fact, from, to }) => `${fact} was ${inWords(from)} and is ${inWords(to)}`).join('; ');
    const reason = `The record has changed since the offer that was accepted: ${told}.`;
    return { ...verdict, required: true, reasons: [...verdict.reasons, reason] };
  };
}

const WORDS_CHARS_MAX = 80;

function inWords(value: Json): string {
  if (value === null) return 'empty';
  const text = isMoney(value) ? formatMoney(value) : typeof value === 'string' ? value : JSON.stringify(value);
  return text.slice(0, WORDS_CHARS_MAX);
}
