/** The machine's own sentences: in which languages there are any, which of them a customer writes, and how values read in it. */
import { isObject, type Json } from '../../protocol/base/json.ts';
import { digitsOf, formatMoney } from '../../protocol/base/money.ts';
import type { Operation } from './operation.ts';
import type { Issue } from './world.ts';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Words that sentences of a language are hardly without, and sentences of the other never have. */
const TELLING: Readonly<Record<Language, ReadonlySet<string>>> = {
  en: new Set(
    'the and is are not we you for with please would could can our your how what why this that have want need offer'.split(
      ' ',
    ),
  ),
  de: new Set(
    'der die das den und ist sind nicht wir sie ich für mit bitte möchten möchte können kann unser ihr ihre wie warum was ein eine wollen brauchen zu auf'.split(
      ' ',
    ),
  ),
};

/** Undefined where the text does not tell. */
export function languageOf(text: string): Language | undefined {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const count = (language: Language) => words.filter((word) => TELLING[language].has(word)).length;
  const [english, german] = [count('en'), count('de')];
  if (german > english) return 'de';
  return english > 0 ? 'en' : undefined;
}

/** The one asked for, or else the one that the customer wrote last. */
export function languageFor({ language, messages }: Pick<Operation, 'language' | 'messages'>): Language {
  const [asked] = LANGUAGES.filter((each) => each === language?.toLowerCase().split('-', 1)[0]);
  if (asked !== undefined) return asked;
  for (const { by, text } of messages.toReversed()) {
    const told = by === 'agent' ? languageOf(text) : undefined;
    if (told !== undefined) return told;
  }
  return 'en';
}

const GERMAN_LABELS: ReadonlyMap<string, string> = new Map([
  ['Price per seat and month', 'Preis je Platz und Monat'],
  ['Price each', 'Stückpreis'],
  ['Term', 'Laufzeit'],
  ['Seats', 'Plätze'],
  ['Start', 'Beginn'],
  ['From', 'Ab'],
  ['Notice period', 'Kündigungsfrist'],
  ['Payment terms', 'Zahlungsziel'],
  ['Fee', 'Gebühr'],
  ['Delivery', 'Lieferung'],
  ['Instalments', 'Raten'],
  ['First instalment', 'Erste Rate'],
  ['End of transition', 'Ende des Übergangs'],
  ['Quantity', 'Menge'],
  ['Amount', 'Betrag'],
  ['Form', 'Form'],
  ['Return shipping', 'Rückversand'],
]);

/** An action of the company's own is in the company's own words. */
export function labelIn(language: Language, label: string): string {
  return language === 'de' ? (GERMAN_LABELS.get(label) ?? label) : label;
}

export function valueIn(language: Language, { kind }: Pick<Issue, 'kind'>, value: Json | undefined): string {
  if (isObject(value)) {
    const { amount, currency, scale } = value;
    if (typeof amount !== 'number' || typeof currency !== 'string') return '';
    const text = formatMoney({ amount, currency, scale: typeof scale === 'number' ? scale : digitsOf(currency) });
    return language === 'de' ? text.replace('.', ',') : text;
  }
  const text = String(value);
  if (kind === 'percent') return `${text} %`;
  if (kind !== 'months' && kind !== 'days') return text;
  const unit = UNITS[language][kind];
  return `${text} ${unit[value === 1 ? 0 : 1]}`;
}

const UNITS: Readonly<Record<Language, Readonly<Record<'months' | 'days', readonly [one: string, many: string]>>>> = {
  en: { months: ['month', 'months'], days: ['day', 'days'] },
  de: { months: ['Monat', 'Monate'], days: ['Tag', 'Tage'] },
};

/** `2026-11-28 14:30 UTC` */
export function timeIn(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}
