import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import { parseStrictJson } from './strict-json.ts';

const parse = (text: string) => parseStrictJson(new TextEncoder().encode(text));
const nested = (depth: number, open = '[', close = ']', inside = '') =>
  `${open.repeat(depth)}${inside}${close.repeat(depth)}`;
const reasonOf = (bytes: Uint8Array) => {
  const parsed = parseStrictJson(bytes);
  return parsed.ok ? `parsed ${JSON.stringify(parsed.value)}` : parsed.error.reason;
};

describe('what one parser would read differently from another is refused', () => {
  it.each([
    ['a repeated name', '{"amount":1,"amount":2}', /repeated/],
    ['a repeated name with one value', '{"a":1,"a":1}', /repeated/],
    ['a repeated name, escaped', String.raw`{"amount":1,"\u0061mount":2}`, /repeated/],
    ['a repeated name, deep inside', '[{"x":{"b":1,"c":2,"b":3}}]', /repeated/],
    ['__proto__', '{"__proto__":{"admin":true}}', /reserved/],
    ['__proto__, escaped', String.raw`{"\u005f_proto__":{"admin":true}}`, /reserved/],
    ['constructor', '{"constructor":{"prototype":{}}}', /reserved/],
    ['prototype', '{"a":[{"prototype":1}]}', /reserved/],
    ['33 levels of arrays', nested(33), /too deep/],
    ['33 levels of objects', nested(33, '{"a":', '}', '1'), /too deep/],
    ['100,000 levels', nested(100_000), /too deep/],
    ['100,000 levels that never close', '['.repeat(100_000), /too deep/],
    ['a lone high surrogate', String.raw`"\ud800"`, /surrogate/],
    ['a lone low surrogate', String.raw`{"a":"x\udc00"}`, /surrogate/],
    ['surrogates in the wrong order', String.raw`"\udc00\ud800"`, /surrogate/],
    ['a lone surrogate as a name', String.raw`{"\ud800":1}`, /surrogate/],
    ['negative zero', '-0', /zero/],
    ['negative zero as a fraction', '{"a":-0.0}', /zero/],
    ['negative zero by underflow', '-1e-400', /zero/],
    ['an overflow', '1e400', /too large/],
    ['a negative overflow', '-1e400', /too large/],
    ['2^53 + 1', '9007199254740993', /safe range/],
    ['2^53', '9007199254740992', /safe range/],
    ['1E21', '1E21', /safe range/],
    ['an unsafe integer with a fraction', '9007199254740993.0', /safe range/],
    ['something after the value', '{} {}', /more after/],
    ['a letter after the value', '1x', /more after/],
    ['nothing', '', /expected/],
    ['only spaces', ' \n\t\r ', /expected/],
  ])('%s', (_, text, reason) => {
    expect(reasonOf(new TextEncoder().encode(text))).toMatch(reason);
  });

  it.each([
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x7b, 0x7d], /byte order mark/],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00], /UTF-8/],
    ['a lone continuation byte', [0x22, 0x80, 0x22], /UTF-8/],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22], /UTF-8/],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22], /UTF-8/],
    ['a code point above U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], /UTF-8/],
    ['a character cut short', [0x22, 0xe2, 0x82, 0x22], /UTF-8/],
  ])('%s', (_, bytes, reason) => {
    expect(reasonOf(Uint8Array.from(bytes))).toMatch(reason);
  });

  it.each([
    '{',
    '}',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{"a":}',
    '{a:1}',
    "{'a':1}",
    '{1:1}',
    '"a',
    '"a\nb"',
    '"\u0000"',
    String.raw`"\x41"`,
    String.raw`"\u12g4"`,
    String.raw`"\u123`,
    '"\\',
    'nul',
    'nulll',
    'True',
    'NaN',
    'Infinity',
    'undefined',
    '01',
    '+1',
    '1.',
    '.5',
    '1e',
    '--1',
    '0x10',
    '1_000',
    '// note\n1',
    '/* */1',
    '\u00a01',
    '\ufeff1',
    '\u20281',
  ])('%j is not JSON', (text) => {
    expect(parse(text).ok).toBe(false);
  });

  it('refuses depth before it costs anything', () => {
    const started = performance.now();
    parse('[{"a":'.repeat(LIMITS.bodyBytesMax / 6));
    expect(performance.now() - started).toBeLessThan(50);
  });

  it('leaves every object as it was', () => {
    parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});

describe('what every parser reads alike is accepted', () => {
  it.each([
    ['32 levels', nested(32)],
    ['the largest safe integer', '9007199254740991'],
    ['the smallest safe integer', '-9007199254740991'],
    ['zero', '0'],
    ['a fraction', '-0.5e-3'],
    ['a pair of surrogates', String.raw`"\ud83d\ude00"`],
    ['the same name in two objects', '[{"a":1},{"a":{"a":2}}]'],
    ['names that look alike', '{"a":1,"A":2,"ａ":3}'],
    ['names of methods', '{"toString":1,"hasOwnProperty":2,"valueOf":3}'],
    ['the empty name', '{"":1}'],
    ['space around everything', ' { "a" : [ 1 , true , null ] } \r\n\t'],
    ['a reserved name as a value', '["__proto__","constructor"]'],
  ])('%s', (_, text) => {
    expect(parse(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  const safe = (value: unknown): boolean => {
    if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
    if (typeof value !== 'object' || value === null) return true;
    return Object.entries(value).every(
      ([name, member]) => !['__proto__', 'constructor', 'prototype'].includes(name) && safe(member),
    );
  };

  it.each([undefined, 2])('agrees with JSON.parse on what JSON.stringify writes (indent %s)', (indent) => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme-composite', maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value, null, indent);
        expect(parse(text)).toEqual(
          safe(value) ? { ok: true, value: JSON.parse(text) } : { ok: false, error: expect.anything() },
        );
      }),
      { numRuns: 500 },
    );
  });

  it('accepts nothing that JSON.parse refuses, and never throws', () => {
    const alphabet = fc.constantFrom(...'{}[]:,"\\ue0123-+.tfn \n', 'true', 'null', '\\u0061', '\ud800', 'é');
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const parsed = parse(text);
        if (parsed.ok)
          expect(parsed.value).toEqual(JSON.parse(new TextDecoder().decode(new TextEncoder().encode(text))));
      }),
      { numRuns: 3_000 },
    );
  });
});
