/** The terms of a person's own offer, as people write them: money in units of the currency, and what looks like a slip asked about. */
import { html } from 'hono/html';
import type { Json, JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { fromDecimal, inOneScale, type Price, SCALE_MAX, toDecimal } from '../../../protocol/base/money.ts';
import type { Terms } from '../../../protocol/operation.ts';
import type { Html } from './layout.ts';
import { isMoney, label, shown } from './text.ts';

/** What the form's figures are held against. */
export interface Beside {
  /** The terms that were asked for or agreed on last: which there are, and of which kind each is. */
  readonly asked: Terms;
  /** The record as it is. */
  readonly today: JsonObject;
}

export type ReadTerms =
  | { readonly kind: 'terms'; readonly terms: JsonObject }
  /** By term, what is wrong with what was entered. */
  | { readonly kind: 'wrong'; readonly problems: ReadonlyMap<string, string> }
  /** By term, what the figure is far from; `sure` is what says that it is meant. */
  | { readonly kind: 'far'; readonly far: ReadonlyMap<string, string>; readonly sure: string };

/** A form that comes back to the person who sent it, with what they had written. */
export interface Returned {
  readonly form: URLSearchParams;
  readonly read?: Exclude<ReadTerms, { kind: 'terms' }>;
}

/** The form's fields in the types that these terms have. */
export function readTerms(form: URLSearchParams, { asked, today }: Beside): ReadTerms {
  const problems = new Map<string, string>();
  const far = new Map<string, string>();
  const terms: Record<string, Json> = {};
  for (const [name, before] of Object.entries(asked)) {
    const text = form.get(`terms.${name}`)?.trim();
    const value = text === undefined || !isEditable(before) ? before : readValue(text, before);
    if (value === undefined) {
      problems.set(name, `“${text?.slice(0, 40)}” ${wanted(before)}`);
      continue;
    }
    terms[name] = value;
    const beside = [
      ...(isFarFrom(value, before) ? [`asked for: ${shown(before)}`] : []),
      ...(isFarFrom(value, today[name]) ? [`today: ${shown(today[name])}`] : []),
    ];
    if (beside.length > 0) far.set(name, `${shown(value)} is far from what is ${beside.join(', and from what is ')}.`);
  }
  if (problems.size > 0) return { kind: 'wrong', problems };
  const sure = JSON.stringify([...far.keys()].map((name) => [name, terms[name]]));
  return far.size === 0 || form.get('sure') === sure ? { kind: 'terms', terms } : { kind: 'far', far, sure };
}

const isEditable = (before: Json): boolean => typeof before !== 'object' || before === null || isMoney(before);

function readValue(text: string, before: Json): Json | undefined {
  if (isMoney(before)) return fromDecimal(text, before.currency, SCALE_MAX) as JsonObject | undefined;
  if (typeof before === 'number') return /^-?\d{1,15}(?:\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
  if (typeof before === 'boolean') return text === 'true' || text === 'false' ? text === 'true' : undefined;
  return before === null && text === '' ? null : text;
}

function wanted(before: Json): string {
  if (isMoney(before)) return `is not an amount in ${before.currency}: write it like ${toDecimal(before)}.`;
  return typeof before === 'boolean' ? 'must be true or false.' : 'is not a number: write it like 24.';
}

/** Only of money: a slip of a digit there is a promise. */
function isFarFrom(value: Json, other: Json | undefined): boolean {
  if (!isMoney(value) || !isMoney(other)) return false;
  if (value.currency !== other.currency) return true;
  const [now, before] = inOneScale(value as Price, other as Price);
  return Math.abs(now - before) * 100 > Math.abs(before) * LIMITS.personsFigureFarPercent;
}

export function counterForm({
  action,
  hidden,
  terms,
  title,
  returned,
}: {
  readonly action: string;
  readonly hidden: Html;
  readonly terms: Terms;
  readonly title: string;
  readonly returned: Returned | undefined;
}): Html {
  const back = returned?.form.get('decision') === 'countered' ? returned : undefined;
  const read = back?.read;
  const field = (name: string) => {
    const value = terms[name] ?? null;
    if (!isEditable(value)) return html`<p>${label(name)}: ${shown(value)}</p>`;
    const text = back?.form.get(`terms.${name}`) ?? entry(value);
    const note = isMoney(value) ? ` (${value.currency})` : '';
    const told = read?.kind === 'wrong' ? read.problems.get(name) : read?.far.get(name);
    const marks = told === undefined ? '' : html` aria-describedby="w-${name}" aria-invalid="true"`;
    return html`<label for="t-${name}">${label(name)}${note}</label><input id="t-${name}" name="terms.${name}" value="${text}" inputmode="${typeof value === 'string' ? 'text' : 'decimal'}" maxlength="40"${value === null ? '' : ' required'}${marks}>${
      told === undefined ? '' : html`<p class="error" role="alert" id="w-${name}">${label(name)}: ${told}</p>`
    }`;
  };
  return html`<details${back === undefined ? '' : ' open'}><summary>${title}</summary><form method="post" action="${action}">${hidden}${Object.keys(terms).map(field)}${
    read?.kind === 'far'
      ? html`<label class="sure"><input type="checkbox" name="sure" value="${read.sure}" required> I have looked again: this is what I offer</label>`
      : ''
  }
<label for="t-message">A note for the customer’s agent, if any</label><textarea id="t-message" name="message" rows="2" maxlength="${LIMITS.personsWordsChars}">${back?.form.get('message') ?? ''}</textarea>
<p><button name="decision" value="countered">Send as the company’s offer</button></p></form></details>`;
}

function entry(value: Json): string {
  return isMoney(value) ? toDecimal(value) : value === null ? '' : String(value);
}
