/** "I understood: …": a reading told back, and what a question can be answered with. Fixed sentences over what the customer sees anyway. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { at, withAt } from '../../protocol/base/pointer.ts';
import type { Offer, Reading } from '../../protocol/operation.ts';
import { type Language, labelIn, timeIn, valueIn } from '../engine/wording.ts';
import type { Issue } from '../engine/world.ts';
import { packageWith } from './packages.ts';
import { SENTENCES } from './sentences.ts';

/** What may be said. */
export interface Answering {
  readonly language: Language;
  readonly understood: Reading;
  readonly issues: readonly Issue[];
  readonly open: readonly Offer[];
  /** By pointer, as the policy states them: `{least, most}` or `{allowed}`. */
  readonly ranges: ReadonlyMap<string, JsonObject>;
  /** Why what was understood as terms cannot be terms. */
  readonly fault?: string;
  readonly company: string;
  readonly person: string;
  readonly currency: string;
}

export function answerTo(asked: Answering): string {
  const say = SENTENCES[asked.language];
  const { understood } = asked;
  switch (understood.kind) {
    case 'proposal':
      return joined(
        `${say.understood} ${say.proposal(termsIn(asked, understood.terms))}`,
        ...outside(asked, understood.terms),
        asked.fault === undefined ? say.confirmProposal : say.cannot(asked.fault),
      );
    case 'acceptance': {
      const chosen = understood.choice === undefined ? undefined : packageWith(byPointer(understood.choice), asked);
      const offers = asked.open.filter(({ id }) => understood.offers.includes(id));
      const meant = (chosen === undefined ? offers : [chosen]).map((each) => offerIn(asked, each));
      return joined(
        `${say.understood} ${say.acceptance(meant)}`,
        meant.length === 1 ? say.confirmAcceptance : say.whichOffer,
      );
    }
    case 'withdrawal':
      return joined(`${say.understood} ${say.withdrawal}`, say.confirmWithdrawal);
    case 'complaint':
      return joined(`${say.understood} ${say.complaint}`, say.personAt(asked.person));
    case 'person':
      return joined(`${say.understood} ${say.person}`, say.personAt(asked.person));
    case 'contradiction':
      return joined(...understood.between.map((each) => contradictionIn(asked, each)), say.askWhich);
    case 'question':
      return joined(
        `${say.understood} ${say.question}`,
        ...priced(asked, understood.terms),
        ...understood.about.flatMap((each) => about(asked, each)),
        standing(asked),
      );
    case 'unclear':
      return joined(say.unclear, example(asked), standing(asked), say.personAt(asked.person));
  }
}

type Told = Pick<Answering, 'language' | 'issues'>;

function termsIn({ language, issues }: Told, terms: JsonObject): string {
  return issues
    .flatMap((issue) => {
      const value = at(terms, issue.pointer);
      return value === undefined ? [] : [`${labelIn(language, issue.label)} ${valueIn(language, issue, value)}`];
    })
    .join(', ');
}

function offerIn(told: Told, { terms, expires_at }: Pick<Offer, 'terms' | 'expires_at'>): string {
  return SENTENCES[told.language].offer(termsIn(told, terms), timeIn(expires_at));
}

/** What the values that a question names would make of an offer, as far as a schedule says it. */
function priced(asked: Answering, terms: JsonObject | undefined): readonly string[] {
  const chosen = terms === undefined ? undefined : packageWith(terms, asked);
  return chosen === undefined ? [] : [SENTENCES[asked.language].priced(offerIn(asked, chosen))];
}

/** A choice is by pointer; terms are nested. */
function byPointer(choice: JsonObject): JsonObject {
  return Object.entries(choice).reduce<JsonObject>((terms, [pointer, value]) => withAt(terms, pointer, value), {});
}

function standing(asked: Answering): string {
  const say = SENTENCES[asked.language];
  return asked.open.length === 0 ? '' : say.standing(asked.open.map((each) => offerIn(asked, each)));
}

/** What of a proposal lies beyond what is offered: said before it is sent. */
function outside(asked: Answering, terms: JsonObject): readonly string[] {
  return asked.issues.flatMap((issue) => {
    const value = at(terms, issue.pointer);
    const range = asked.ranges.get(issue.pointer);
    return value === undefined || range === undefined || isWithin(value, range) ? [] : [rangeIn(asked, issue, range)];
  });
}

function isWithin(value: Json, { least, most, allowed }: JsonObject): boolean {
  if (Array.isArray(allowed)) return allowed.includes(value);
  if (typeof value === 'number') return value >= Number(least) && value <= Number(most);
  return typeof value !== 'string' || (value >= String(least) && value <= String(most));
}

function rangeIn({ language }: Told, issue: Issue, { least, most, allowed }: JsonObject): string {
  const value = (of: Json | undefined) => valueIn(language, issue, of);
  const label = labelIn(language, issue.label);
  return Array.isArray(allowed)
    ? SENTENCES[language].oneOf(
        label,
        allowed.map((each) => value(each)),
      )
    : SENTENCES[language].range(label, value(least), value(most));
}

function about(asked: Answering, topic: string): readonly string[] {
  const { language, issues, ranges, company, person, currency, open } = asked;
  const say = SENTENCES[language];
  const issue = issues.find(({ pointer }) => pointer === topic);
  const range = ranges.get(topic);
  if (issue !== undefined) return range === undefined ? [] : [rangeIn(asked, issue, range)];
  const because = (codes: readonly string[]) => [
    ...new Set(
      open.flatMap(({ reasons = [] }) => reasons.filter(({ code }) => codes.includes(code)).map(({ words }) => words)),
    ),
  ];
  const answers: Readonly<Record<string, () => readonly string[]>> = {
    price: () => [...because(['better_with', 'better_because']), say.price],
    range: () =>
      issues.flatMap((each) => {
        const of = ranges.get(each.pointer);
        return of === undefined ? [] : [rangeIn(asked, each, of)];
      }),
    time: () => because(['binding', 'held', 'signoff', 'confirmed_on_acceptance', 'rounds_left']),
    signoff: () => because(['signoff', 'binding', 'held', 'confirmed_on_acceptance']),
    identity: () => [say.identity(company), say.personAt(person)],
    next: () => [say.next, example(asked)],
    currency: () => [say.currency(currency)],
  };
  return answers[topic]?.() ?? [];
}

function example({ language, open, issues }: Answering): string {
  const terms = open.at(-1)?.terms ?? {};
  const [first, second] = issues.filter(
    ({ pointer }) => isObject(at(terms, pointer)) || typeof at(terms, pointer) === 'number',
  );
  const named = [first, second].flatMap((issue) => (issue === undefined ? [] : [issue]));
  return named.length === 0 ? '' : SENTENCES[language].example(termsIn({ language, issues: named }, terms));
}

function contradictionIn(
  { language, issues }: Told,
  { issue: pointer, words, terms }: { readonly issue: string; readonly words: Json; readonly terms: Json },
): string {
  const issue = issues.find((each) => each.pointer === pointer);
  if (issue === undefined) return '';
  const value = (of: Json) => valueIn(language, issue, of);
  return SENTENCES[language].contradiction({
    label: labelIn(language, issue.label),
    words: value(words),
    terms: value(terms),
  });
}

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join(' ');
