/** Whole numbers of a text, in digits or words. Only whole ones: the end of another number is none. */
import type { Found } from './amounts.ts';

/** Number words up to what terms are made of, where people write them out. */
const SMALL: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  twelve: 12,
  eighteen: 18,
  'twenty-four': 24,
  'twenty four': 24,
  'thirty-six': 36,
  'thirty six': 36,
  ein: 1,
  eine: 1,
  einen: 1,
  zwei: 2,
  drei: 3,
  vier: 4,
  fünf: 5,
  sechs: 6,
  zwölf: 12,
  achtzehn: 18,
  vierundzwanzig: 24,
  sechsunddreißig: 36,
  un: 1,
  deux: 2,
  trois: 3,
  quatre: 4,
  cinq: 5,
  douze: 12,
  'vingt-quatre': 24,
  'vingt quatre': 24,
  'trente-six': 36,
  'trente six': 36,
  dos: 2,
  tres: 3,
  cuatro: 4,
  cinco: 5,
  doce: 12,
  veinticuatro: 24,
  'treinta y seis': 36,
  due: 2,
  tre: 3,
  quattro: 4,
  cinque: 5,
  dodici: 12,
  ventiquattro: 24,
  trentasei: 36,
  dois: 2,
  três: 3,
  quatro: 4,
  doze: 12,
  'vinte e quatro': 24,
  'trinta e seis': 36,
  twee: 2,
  drie: 3,
  vijf: 5,
  twaalf: 12,
  vierentwintig: 24,
  zesendertig: 36,
  dwa: 2,
  trzy: 3,
  cztery: 4,
  pięć: 5,
};
const SPELT = Object.keys(SMALL)
  .toSorted((a, b) => b.length - a.length)
  .join('|');
/** Where no spaces are written, what stands beside a number is no part of it. */
const UNSPACED = '[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}]';
/** What a number word that follows is only the end of. */
const TENS =
  '(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|vingt|trente|quarante|cinquante|soixante|cent|veinte|treinta|cuarenta|cincuenta|venti|trenta|quaranta|vinte|trinta|quarenta|dwadzieścia|trzydzieści|czterdzieści)';
const COUNT = `(?<![\\p{N}.,])(?<!\\p{L}(?<!${UNSPACED}))(?<!\\d[ '’]|[-+/×]|${TENS}[ -](?:(?:and|y|et|e|i)[ -])?)(?:(?<digits>\\d{1,3}(?:[ .,'’]\\d{3})+|\\d{1,6})|(?<spelt>${SPELT}))`;

/** Made once: there are as many as there are kinds of issues. */
const MADE = new Map<string, RegExp>();

export function kept(source: string): RegExp {
  const made = MADE.get(source) ?? new RegExp(source, 'giu');
  MADE.set(source, made);
  return made;
}

export function numbersBefore(text: string, nouns: string): readonly Found<number>[] {
  const sought = kept(`${COUNT}[ \\u00a0-]?(?:${nouns})(?:(?<=${UNSPACED})|(?![\\p{L}]))`);
  return [...text.matchAll(sought)].flatMap((match) => {
    const { digits, spelt } = match.groups ?? {};
    const value = digits === undefined ? SMALL[(spelt ?? '').toLowerCase()] : Number(digits.replace(/\D/gu, ''));
    return value === undefined ? [] : [{ value, from: match.index, to: match.index + match[0].length }];
  });
}

/** Every whole number of the text, written either way. */
export function numbersIn(text: string): readonly number[] {
  const written = text.match(/(?<![\p{L}\p{N}.,])\d{1,9}(?![.,]?\p{N}|\p{L})/gu) ?? [];
  const spelt = text.match(kept(`(?<![\\p{L}\\p{N}])(?:${SPELT})(?!\\p{L})`)) ?? [];
  return [...written.map(Number), ...spelt.map((each) => SMALL[each.toLowerCase()] ?? Number.NaN)];
}
