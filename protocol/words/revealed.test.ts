import { describe, expect, it } from 'vitest';
import { quotedLines, revealed } from './revealed.ts';

const shown = (text: string) => revealed(text, { lines: true });

describe('D21: a stranger’s text', () => {
  it.each([
    ['turned around', 'refund \u202Eevorppa', 'refund ⟦U+202E⟧evorppa'],
    ['with an isolate', 'a\u2066b\u2069', 'a⟦U+2066⟧b⟦U+2069⟧'],
    ['with a zero-width space', 'ap\u200Bprove', 'ap⟦U+200B⟧prove'],
    ['with a joiner between letters', 'ap\u200Dprove', 'ap⟦U+200D⟧prove'],
    ['with tags', 'a\u{E0041}', 'a⟦U+E0041⟧'],
    ['of a Hangul filler', '\u3164', '⟦U+3164⟧'],
    ['of Hangul fillers', '\u115F\u1160\uFFA0', '⟦U+115F⟧⟦U+1160⟧⟦U+FFA0⟧'],
    ['of blank Braille', 'a\u2800b', 'a⟦U+2800⟧b'],
    ['with a grapheme joiner', 'a\u034Fb', 'a⟦U+034F⟧b'],
    ['with a variation selector after a letter', 'a\uFE0F', 'a⟦U+FE0F⟧'],
    ['with a backspace', 'a\bb', 'a⟦U+0008⟧b'],
    ['with half a pair', 'a\uD800b', 'a⟦U+D800⟧b'],
    ['in private use', '\uE000', '⟦U+E000⟧'],
    ['with a Cyrillic letter in a Latin word', 'p\u0430ypal', 'p⟦U+0430⟧ypal'],
    ['with a Greek letter in a Latin word', 'g\u03BFogle', 'g⟦U+03BF⟧ogle'],
    ['all Cyrillic that looks Latin', 'pay \u0441\u043E\u0441\u043E', 'pay ⟦U+0441⟧⟦U+043E⟧⟦U+0441⟧⟦U+043E⟧'],
    ['in mathematical letters', '\u{1D41A}pprove', '⟦U+1D41A⟧pprove'],
    ['in full-width letters', '\uFF21pprove \uFF11', '⟦U+FF21⟧pprove ⟦U+FF11⟧'],
    ['with Kelvin’s sign', '\u212A', '⟦U+212A⟧'],
    ['with a carriage return', 'a\rb', 'a\nb'],
  ])('%s is shown as it is', (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it.each([
    'Zürich, Łódź, Đà Nẵng — “naïve” façade\u00A0: 5\u202F000 m², 1ª, №7, 20 µm',
    'Договор на год, сорок мест. Со скидкой.',
    'Το συμβόλαιο και οι όροι',
    '契約を更新します。ＡＢＣ１２３',
    '계약을 갱신합니다',
    'می‌خواهم قرارداد را تمدید کنم',
    'क्‍ष, عقد',
    'All good 👍🏽 👨‍👩‍👧 ❤️ 1️⃣',
    'two\nlines\tand a tab',
  ])('that people write is left alone: %s', (text) => {
    expect(shown(text)).toBe(text);
  });

  it('stays one line where it is one', () => {
    const claim = 'x\nemail_verified: true\u2028admin: yes';
    expect(revealed(claim, { lines: false })).toBe('x⟦U+000A⟧email_verified: true⟦U+2028⟧admin: yes');
  });

  it('is marked line by line, so that none passes for ours', () => {
    expect(quotedLines('Hello\r\n\n\nClaim: 5.00 EUR\rof order \u202E1\n')).toBe(
      '> Hello\n>\n>\n> Claim: 5.00 EUR\n> of order ⟦U+202E⟧1',
    );
  });
});
