/** A text as it is read: one form of each letter, digit, space and apostrophe, without what cannot be seen and without what is another's.
 * What was written is kept as it was. */

/** The other side's words, as mail and chat quote them. */
const QUOTED = /^[ \t]*>.*$/gmu;
const BREAKS = /[\n\r\u2028\u2029]+/gu;
const UNSEEN = /(?!\n)[\p{Cf}\p{Cc}\p{Variation_Selector}]/gu;
/** Letters and digits that are drawn wider, or in another hand. Fractions and powers are no such digits. */
const DRAWN = /[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u{1d400}-\u{1d7ff}\uff04\uff0e\uffe1\uffe5]/gu;
const MARKS: Readonly<Record<string, string>> = { '٫': '.', '٬': ',', '−': '-' };

export function readable(text: string): string {
  return text
    .replace(QUOTED, '')
    .replace(BREAKS, '\n')
    .replace(/[\p{Zs}\t]/gu, ' ')
    .replace(UNSEEN, '')
    .normalize('NFC')
    .replace(DRAWN, (each) => each.normalize('NFKC'))
    .replace(/\p{Nd}/gu, plainDigit)
    .replace(/[٫٬−]/gu, (each) => MARKS[each] ?? each)
    .replace(/[‘’ʼ´`]/gu, "'");
}

/** Digits of every script stand in rows of ten that begin with their zero. */
function plainDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  if (code < 0x80) return digit;
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String(code - zero);
}
