/** Values of an action's issues in a text. Only what stands there, whole, and once: of two terms in one sentence none is chosen. */

import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { withAt } from '../../protocol/base/pointer.ts';
import { isCalendarDate } from '../actions/calendar.ts';
import type { Issue } from '../engine/world.ts';
import { amountsIn, type Found } from './amounts.ts';
import { kept, numbersBefore } from './numbers.ts';
import { contextOf, isOthers, isTurnedFrom } from './wishes.ts';

export interface Values {
  /** Partial terms. */
  readonly terms: JsonObject;
  /** Pointers of issues of which the text names several values, or one that cannot be placed. */
  readonly unsure: readonly string[];
  /** Another currency than the record's. */
  readonly currency?: string;
}

export interface Talked {
  readonly issues: readonly Issue[];
  /** ISO 4217: of the record. */
  readonly currency: string;
}

export function valuesIn(text: string, { issues, currency }: Talked): Values {
  let terms: JsonObject = {};
  const unsure: string[] = [];
  let other: string | undefined;
  const all = issues.map((issue) => ({ issue, found: valuesOf(text, issue, issues) }));
  const isWanted = wanted(
    text,
    all.flatMap(({ found }) => found),
  );
  for (const { issue, found: mentioned } of all) {
    const found = mentioned.filter(isWanted);
    // Of two values the second alone has its unit.
    const isSpan = found.some(({ from }) => SPAN.test(text.slice(Math.max(0, from - 24), from)));
    const fitting = found.filter(({ value }) => issue.kind !== 'money' || currencyIn(value) === currency);
    const distinct = new Map(fitting.map(({ value }) => [JSON.stringify(value), value]));
    const [value, ...more] = distinct.values();
    if (fitting.length < found.length) other ??= currencyIn(found.find((each) => !fitting.includes(each))?.value);
    if (more.length > 0 || isSpan) unsure.push(issue.pointer);
    else if (value !== undefined) terms = withAt(terms, issue.pointer, value);
  }
  return { terms, unsure, ...(other === undefined ? {} : { currency: other }) };
}

/** Every value of an issue that stands in the text, wished for or not. */
export function valuesOf(text: string, issue: Issue, issues: readonly Issue[]): readonly Found<Json>[] {
  switch (issue.kind) {
    case 'money':
      return moneyOf(text, issue, issues);
    case 'months':
      return monthsIn(text);
    case 'count':
      return numbersBefore(text, NOUNS[lastName(issue.pointer)] ?? pattern(issue.label)).filter(
        ({ from }) => !MORE_BEFORE.test(text.slice(Math.max(0, from - 16), from)),
      );
    case 'days':
      return daysIn(text, CONTEXTS[lastName(issue.pointer)] ?? pattern(issue.label));
    case 'date':
      return datesIn(text);
    case 'choice':
      return choicesIn(text, issue.choices ?? []);
    case 'percent':
      return numbersBefore(text, '%|percent|Prozent|pour cent');
  }
}

const SPAN =
  /\p{N}[ ]?(?:€|EUR|%)?[ ]?(?:[-–—/+×x]|to|or|and|through|bis|oder|und|à|ou|et|a|o|y|hasta|e|ate|até|tot|of|en|do|lub|i|или|до)[ ]?$/iu;

/** Left out what the text turns away from: "24 instead of 12 months"; and what it tells of others, unless it asks. */
function wanted(text: string, values: readonly Found<Json>[]): (found: Found<Json>) => boolean {
  const context = contextOf(text, values);
  const isQuestion = /[?？؟]/u.test(text);
  return (each) => !isTurnedFrom(each, context) && (isQuestion || !isOthers(each, context));
}

function currencyIn(value: Json | undefined): string {
  return isObject(value) ? String(value['currency']) : '';
}

/** Amounts go to the one issue of money there is; totals are of no unit price. */
function moneyOf(text: string, issue: Issue, issues: readonly Issue[]): readonly Found<Json>[] {
  if (issues.filter(({ kind }) => kind === 'money').length > 1) return [];
  const isUnitPrice = issue.decimals !== undefined;
  return amountsIn(text, issue.decimals ?? 0)
    .filter(({ from, to }) => !isUnitPrice || !TOTAL.test(text.slice(Math.max(0, from - 20), to + 20)))
    .filter(
      ({ from, to }) =>
        !LESS_BEFORE.test(text.slice(Math.max(0, from - 32), from)) && !LESS_AFTER.test(text.slice(to, to + 24)),
    )
    .map((found) => ({ ...found, value: { ...found.value } }));
}

const TOTAL =
  /\b(?:total|altogether|overall|in all|per year|a year|annual\w*|yearly|p\.a\.|insgesamt|gesamt\w*|im Jahr|pro Jahr|jährlich|par an|al año|all'anno|por ano|per jaar)\b/iu;

/** So many more are no number of all. */
const MORE_BEFORE =
  /(?<!\p{L})(?:add|adding|another|plus|extra|additional|weitere|noch|zusätzliche?|ajouter|añadir|otros|otras|aggiungere|altri|adicionar|mais|nog)[ ]$/iu;

/** So much less, or more, is no price. */
const LESS_AFTER =
  /^[ ]?(?:less|off|lower|cheaper|more|discount|rebate|reduction|weniger|günstiger|billiger|mehr|rabatt|nachlass|de moins|de plus|moins cher|de (?:remise|réduction)|menos|de descuento|más barato|(?:in|di) meno|di sconto|a menos|de desconto|minder|goedkoper|korting|mniej|taniej|rabatu|дешевле|скидки)(?!\p{L})/iu;
const LESS_BEFORE =
  /(?<!\p{L})(?:discount|rebate|reduction|by|minus|plus|half|save|saves|saving|another|um|rabatt|nachlass|remise|réduction|descuento|sconto|desconto|korting|rabat\p{L}*|скидк\p{L}*)(?: (?:of|on|von|de|di|van|in|w|en))?[ ]$/iu;

const MONTHS =
  'months?|mo\\.|Monat(?:e|en|s)?|mois|mes(?:es)?|mesi|mese|mês|maanden|maand|måneder|månader|miesi\\p{L}+|měsíc\\p{L}*|месяц\\p{L}*|місяц\\p{L}*|ay|kuukau\\p{L}*|hónap\\p{L}*|luni|か月|ヶ月|个月|個月|개월';
const YEARS =
  'years?|yrs?|Jahr(?:e|en|es)?|ans?|années?|años?|anni|anno|anos?|jaar|jaren|år|lata|lat|rok\\p{L}*|let|года?|лет|роки|yıl|vuo\\p{L}*|ani|év|年|년';
const NOTICE =
  /notice|kündig|préavis|preaviso|preavviso|aviso prévio|opzeg|wypowiedz|uppsägning|opsigelse|payment|zahlung|paiement|pago/iu;

/** A length of time that is over, or after which something is to be. */
const SINCE =
  /(?<!\p{L})(?:after|since|last|past|within|vor|seit|nach|binnen|letzten|depuis|après|il y a|hace|después de|tras|dopo|ultimi|há|após|últimos|sinds|afgelopen)(?: the| den| les| los| gli)?[ ]$/iu;
const AGO = /^[ ]?(?:ago|earlier|later|old|alt|fa|atrás|geleden|temu)(?!\p{L})/iu;

/** A length that is of notice or payment is no term. */
function monthsIn(text: string): readonly Found<number>[] {
  const months = numbersBefore(text, MONTHS);
  // A year of the calendar is no length.
  const years = numbersBefore(text, YEARS)
    .filter(({ value }) => value < 100)
    .map((found) => ({ ...found, value: found.value * 12 }));
  return [...months, ...years].filter(
    ({ from, to }) =>
      !NOTICE.test(text.slice(Math.max(0, from - 12), to + 16)) &&
      !SINCE.test(text.slice(Math.max(0, from - 16), from)) &&
      !AGO.test(text.slice(to, to + 16)),
  );
}

/** By the last name of an issue's pointer. */
const NOUNS: Readonly<Record<string, string>> = {
  seats:
    'seats?|users?|licen[cs]es?|Pl[aä]tze?n?|Platz|Lizenz(?:en)?|Benutzer|Nutzer|Arbeitspl[aä]tze|Sitze?|utilisateurs?|places?|postes|puestos?|licencias?|usuarios?|utenti|postazioni|licenze|gebruikers|plaatsen|licenties|użytkownik\\p{L}*|licencj\\p{L}*|席|시트',
  quantity:
    'pieces?|pcs|units?|items?|Stück|Einheiten|pièces?|unidades|piezas|pezzi|stuks|sztuk\\p{L}*|個(?!月)|个(?!月)',
  instalments: 'instal+ments?|Raten?|mensualités?|versements?|cuotas|rate|termijnen|rat',
};

const CONTEXTS: Readonly<Record<string, string>> = {
  notice_days:
    'notice|Kündigungsfrist|kündigen|préavis|preaviso|preavviso|aviso prévio|opzegtermijn|wypowiedzen\\p{L}+',
  payment_days: 'pay(?:ment)?|net|Zahlungsziel|zahlbar|Zahlung|paiement|pago|pagamento|betaaltermijn|płatno\\p{L}+',
};

/** Days with what they are of near them. */
function daysIn(text: string, context: string): readonly Found<number>[] {
  const near = kept(`(?<!\\p{L})(?:${context})(?!\\p{L})`);
  const days = numbersBefore(text, 'days?|Tage?n?|jours?|días?|giorni|dias?|dagen|dni|dagar|дней|日');
  const net = [...text.matchAll(/\bnet[ -](\d{1,3})\b/giu)].map((match) => ({
    value: Number(match[1]),
    from: match.index,
    to: match.index + match[0].length,
  }));
  const named = days.filter(({ from, to }) => clauseAround(text, { from, to }).search(near) >= 0);
  return 'net'.search(near) >= 0 ? [...named, ...net] : named;
}

/** What stands near it, in the same clause. */
function clauseAround(text: string, { from, to }: Pick<Found<unknown>, 'from' | 'to'>): string {
  const before =
    text
      .slice(Math.max(0, from - 30), from)
      .split(/[,;.]/)
      .at(-1) ?? '';
  const after = text.slice(to, to + 30).split(/[,;.]/)[0] ?? '';
  return `${before}${text.slice(from, to)}${after}`;
}

const MONTH_NAMES: readonly string[] = [
  'jan\\p{L}*|jänner|ene\\p{L}*|gen\\p{L}*',
  'feb\\p{L}*|fév\\p{L}*|fev\\p{L}*',
  'mar\\p{L}*|mär\\p{L}*',
  'apr\\p{L}*|avr\\p{L}*|abr\\p{L}*',
  'may|mai|mayo|mag\\p{L}*|maio|mei',
  'jun\\p{L}*|juin|giu\\p{L}*',
  'jul\\p{L}*|juil\\p{L}*|lug\\p{L}*',
  'aug\\p{L}*|août|ago\\p{L}*',
  'sep\\p{L}*|set\\p{L}*',
  'oct\\p{L}*|okt\\p{L}*|ott\\p{L}*|out\\p{L}*',
  'nov\\p{L}*',
  'dec\\p{L}*|dez\\p{L}*|déc\\p{L}*|dic\\p{L}*',
];
const NAMED = MONTH_NAMES.map((names, index) => `(?<m${index + 1}>${names})`).join('|');
const DATES: readonly RegExp[] = [
  /(?<![\d-])(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})(?![\d-])/gu,
  /(?<![\d.])(?<d>\d{1,2})\.\s?(?<m>\d{1,2})\.\s?(?<y>\d{4})(?!\d)/gu,
  new RegExp(
    `(?<!\\d)(?<d>\\d{1,2})(?:\\.|st|nd|rd|th|er)?[ \\u00a0](?:de |of )?(?:${NAMED})\\.?,?[ \\u00a0](?:de )?(?<y>\\d{4})(?!\\d)`,
    'giu',
  ),
  new RegExp(
    `(?<!\\p{L})(?:${NAMED})\\.?[ \\u00a0](?<d>\\d{1,2})(?:st|nd|rd|th)?,?[ \\u00a0](?<y>\\d{4})(?!\\d)`,
    'giu',
  ),
];

/** 01/02/2027 is two days in two countries, and none here. */
export function datesIn(text: string): readonly Found<string>[] {
  return DATES.flatMap((form) =>
    [...text.matchAll(form)].flatMap((match) => {
      const { y = '', m, d = '', ...named } = match.groups ?? {};
      const byName = Object.keys(named)
        .find((name) => named[name] !== undefined)
        ?.slice(1);
      const value = `${y}-${(m ?? byName ?? '').padStart(2, '0')}-${d.padStart(2, '0')}`;
      return isCalendarDate(value) ? [{ value, from: match.index, to: match.index + match[0].length }] : [];
    }),
  );
}

const CHOICES: Readonly<Record<string, string>> = {
  refund: 'refund|money back|Erstattung|Rückerstattung|Geld zurück',
  credit: 'credit|credit note|voucher|Gutschrift|Gutschein',
  exchange: 'exchange|replacement|Umtausch|Ersatz',
};

function choicesIn(text: string, choices: readonly string[]): readonly Found<string>[] {
  return choices.flatMap((value) => {
    const [match] = text.matchAll(kept(`(?<!\\p{L})(?:${CHOICES[value] ?? pattern(value)})(?!\\p{L})`));
    return match === undefined ? [] : [{ value, from: match.index, to: match.index + match[0].length }];
  });
}

/** A label of the company's own: its words, as they are and in the singular. */
function pattern(label: string): string {
  const bare = label.toLowerCase().replace(/[^\p{L}\p{N} ]/gu, '');
  return bare.endsWith('s') ? `${bare}?` : `${bare}s?`;
}

const lastName = (pointer: string): string => pointer.split('/').at(-1) ?? '';
