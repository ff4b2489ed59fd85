import { describe, expect, it } from 'vitest';
import { disclosedName, disclosureDigest, makeDisclosure, openDisclosures, splitSdJwt } from './sd-jwt.ts';

// RFC 9901 §5.1: two disclosures of the example and their digests.
const EXAMPLES = [
  [
    'WyIyR0xDNDJzS1F2ZUNmR2ZyeU5STjl3IiwgImdpdmVuX25hbWUiLCAiSm9obiJd',
    'given_name',
    'John',
    'jsu9yVulwQQlhFlM_3JlzMaSFzglhQG0DpfayQwLUK4',
  ],
  [
    'WyJlbHVWNU9nM2dTTklJOEVZbnN4QV9BIiwgImZhbWlseV9uYW1lIiwgIkRvZSJd',
    'family_name',
    'Doe',
    'TGf4oLbgwd5JQaHyKVQZU9UdGE0w5rtDsrZzfUaomLo',
  ],
] as const;

describe('disclosures', () => {
  it.each(EXAMPLES)('%s', (disclosure, name, value, digest) => {
    expect(disclosureDigest(disclosure)).toBe(digest);
    expect(disclosedName(disclosure)).toBe(name);
    const claims = { sub: 'x', _sd_alg: 'sha-256', _sd: EXAMPLES.map((each) => each[3]) };
    expect(openDisclosures(claims, [disclosure], [name])).toEqual({ ok: true, value: { sub: 'x', [name]: value } });
    expect(openDisclosures(claims, [disclosure], []).ok).toBe(false);
    expect(openDisclosures(claims, [disclosure, disclosure], [name]).ok).toBe(false);
  });

  it('need a salt nobody can guess', () => {
    expect(() => makeDisclosure('A'.repeat(21), 'name', 'Ada')).toThrow(TypeError);
  });
});

describe('the compact form', () => {
  it('is split at every tilde', () => {
    expect(splitSdJwt('a~b~c~d')).toEqual({
      ok: true,
      value: { issuerJwt: 'a', disclosures: ['b', 'c'], delegations: [], bound: 'a~b~c~', keyBinding: 'd' },
    });
    expect(splitSdJwt('a~')).toEqual({
      ok: true,
      value: { issuerJwt: 'a', disclosures: [], delegations: [], bound: 'a~' },
    });
    const chained = splitSdJwt('a~b~c.c.c~d~e');
    expect(chained).toMatchObject({ value: { disclosures: ['b'], delegations: ['c.c.c', 'd'], keyBinding: 'e' } });
  });

  it.each(['', 'a', '~', '~b', 'a~~', 'a~~b'])('refuses %j', (text) => {
    expect(splitSdJwt(text).ok).toBe(false);
  });
});
