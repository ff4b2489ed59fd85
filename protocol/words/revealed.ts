/** A stranger's text for a person's eyes: what hides, reorders or only looks like something else is shown by its number. */

/** Controls, formats (bidirectional and zero-width ones, tags), private use, fillers, selectors and blanks that look like nothing. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\u2028\u2029\u2800]/gu;
const EMOJI = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)$/u;
/** Scripts whose spelling needs joiners. */
const JOINED =
  /[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gujarati}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Tamil}\p{Script=Telugu}]$/u;
const DIGIT_OR_PICTURE = /[\p{Emoji}\p{So}\p{Sm}]$/u;

const WORD = /[\p{L}\p{M}]+/gu;
const LATIN = /\p{Script=Latin}/u;
/** Letters that many fonts draw as Latin ones. */
const ALIKE = {
  Cyrillic: /^[асеорхуіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅԌԚԜ]+$/u,
  Greek: /^[ονυρικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ]+$/u,
} as const;
const OTHER = {
  Cyrillic: /\p{Script=Cyrillic}/gu,
  Greek: /\p{Script=Greek}/gu,
  Armenian: /\p{Script=Armenian}/gu,
  Cherokee: /\p{Script=Cherokee}/gu,
  Coptic: /\p{Script=Coptic}/gu,
  Lisu: /\p{Script=Lisu}/gu,
} as const;
const EAST_ASIAN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

export interface Revealing {
  /** Line breaks stay; otherwise they are shown too, and what is one line stays one. */
  readonly lines: boolean;
}

export function revealed(text: string, { lines }: Revealing): string {
  const isEastAsian = EAST_ASIAN.test(text);
  return text
    .replace(/\r\n?/g, '\n')
    .replace(HIDDEN, (each, at: number, whole: string) => (isHarmless(each, at, whole, lines) ? each : numbered(each)))
    .replace(WORD, (word) => alikeShown(word, text))
    .replace(/[^\p{ASCII}]/gu, (each) => (isDisguised(each, isEastAsian) ? numbered(each) : each));
}

/** Whether it is written where its script or an emoji needs it. */
function isHarmless(each: string, at: number, whole: string, lines: boolean): boolean {
  if (each === '\n') return lines;
  if (each === '\t') return true;
  const before = whole.slice(Math.max(0, at - 2), at);
  if (each === '\uFE0F' || each === '\uFE0E') return DIGIT_OR_PICTURE.test(before);
  if (each === '\u200D') return EMOJI.test(before) || JOINED.test(before);
  return each === '\u200C' && JOINED.test(before);
}

/** Words in two scripts, and words of which every letter looks Latin in a text that has no other words of their script. */
function alikeShown(word: string, text: string): string {
  return Object.entries(OTHER).reduce((shown, [script, letters]) => {
    const ofScript = word.match(letters);
    if (ofScript === null) return shown;
    const alike = script === 'Cyrillic' || script === 'Greek' ? ALIKE[script] : undefined;
    const isAlone = alike?.test(word) === true && (text.match(letters) ?? []).every((letter) => alike.test(letter));
    return LATIN.test(word) || isAlone ? shown.replace(letters, numbered) : shown;
  }, word);
}

/** One letter or digit that is an ASCII one in other clothes: mathematical, full-width (but for East Asian text), Kelvin's. */
function isDisguised(each: string, isEastAsian: boolean): boolean {
  if (!/[\p{L}\p{Nd}]/u.test(each) || each === 'ª' || each === 'º') return false;
  if (isEastAsian && /[\uFF00-\uFFEF]/.test(each)) return false;
  return /^[A-Za-z0-9]$/.test(each.normalize('NFKC'));
}

const numbered = (each: string): string =>
  `⟦U+${(each.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟧`;

/** Cut where it is longer than that, and said to be. */
export function cutInSight(text: string, charsMax: number): string {
  return text.length <= charsMax
    ? text
    : `${text.slice(0, charsMax).toWellFormed()} … (cut: ${text.length - charsMax} more characters)`;
}

/** Every line marked as another's words: none of them can pass for one of ours. */
export function quotedLines(text: string): string {
  return revealed(text.trim(), { lines: true })
    .split('\n')
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}
