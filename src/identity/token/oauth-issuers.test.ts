import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { aside, ISSUER, NOW, holder as newHolder, type Holder as TestHolder } from '../../../test/support/tokens.ts';
import { makeGuardedFetch } from '../../platform/guarded-fetch.ts';
import { type ConfiguredTokenIssuer, grantIssuers, readTokenIssuers } from './oauth-issuers.ts';

let requests = 0;
let serve: { status: number; headers: Record<string, string>; body: string };
let held = Promise.resolve();
const server = createServer((_, response) => {
  requests += 1;
  void held.then(() => response.writeHead(serve.status, serve.headers).end(serve.body));
});
let url = '';
let rsa: TestHolder;
let other: TestHolder;
let ed: TestHolder;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  [rsa, other, ed] = await Promise.all([newHolder('RS256'), newHolder('RS256'), newHolder('EdDSA')]);
});
afterAll(() => void server.close());
beforeEach(() => {
  requests = 0;
  held = Promise.resolve();
  publish(jwkOf(rsa));
});

const jwkOf = ({ jwk, jkt }: TestHolder): JsonObject => ({ ...(jwk as JsonObject), kid: jkt });
function publish(...keys: readonly unknown[]): void {
  serve = { status: 200, headers: { 'content-type': 'application/jwk-set+json' }, body: JSON.stringify({ keys }) };
}
const guarded = { fetch: makeGuardedFetch({ allowPrivate: true }), allowPrivate: true, aside };
const later = (by: number) => new Date(NOW.getTime() + by * 1000);

async function finder(more: Partial<ConfiguredTokenIssuer>) {
  const read = await readTokenIssuers([{ iss: ISSUER, tier: 'company', ...more }], guarded);
  if (!read.ok) throw new Error(read.error.join());
  const issuer = read.value.get(ISSUER);
  if (issuer === undefined) throw new Error('no issuer');
  const find = (kid: string | undefined, now = NOW, alg: TestHolder['alg'] = 'RS256') =>
    issuer.findKey?.({ alg, kid }, now);
  const finds = async (...of: Parameters<typeof find>) => {
    const found = await find(...of);
    return found?.ok === true && found.value !== undefined;
  };
  /** Seconds until it is worth asking again; undefined where it was told. */
  const waits = async (...of: Parameters<typeof find>) => {
    const found = await find(...of);
    return found?.ok === false ? found.error.retryAfterSeconds : undefined;
  };
  return Object.assign(finds, { waits });
}

describe('keys read from a jwks_uri', () => {
  it('are fetched once, for many tokens at once and after', async () => {
    const finds = await finder({ jwks_uri: url });
    expect(await Promise.all(Array.from({ length: 20 }, () => finds(rsa.jkt)))).not.toContain(false);
    expect(await finds(rsa.jkt, later(59))).toBe(true);
    expect(requests).toBe(1);
  });

  it('an unknown kid makes one refresh in its window, which finds a new key', async () => {
    const finds = await finder({ jwks_uri: url });
    await finds(rsa.jkt);
    for (let count = 0; count < 10; count += 1) expect(await finds(other.jkt, later(count))).toBe(false);
    expect(requests).toBe(1);
    const at = later(LIMITS.directoryRetrySeconds);
    expect(await Promise.all(Array.from({ length: 10 }, () => finds('stranger', at)))).not.toContain(true);
    expect(requests).toBe(2);
    publish(jwkOf(rsa), jwkOf(other));
    expect(await finds(other.jkt, later(2 * LIMITS.directoryRetrySeconds))).toBe(true);
    expect(requests).toBe(3);
  });

  it('no known key waits for a refresh that strangers cause', async () => {
    const finds = await finder({ jwks_uri: url });
    await finds(rsa.jkt);
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    const stranger = finds('stranger', later(31));
    expect(await finds(rsa.jkt, later(31))).toBe(true);
    release();
    expect(await stranger).toBe(false);
  });

  it('keys that are taken out are gone when the set is stale', async () => {
    const finds = await finder({ jwks_uri: url });
    await finds(rsa.jkt);
    publish(jwkOf(other));
    expect(await finds(rsa.jkt, later(61))).toBe(false);
    expect(await finds(other.jkt, later(62))).toBe(true);
  });

  it('max-age is believed, within bounds', async () => {
    serve.headers['cache-control'] = 'max-age=600';
    const finds = await finder({ jwks_uri: url });
    await finds(rsa.jkt);
    await finds(rsa.jkt, later(599));
    expect(requests).toBe(1);
    await finds(rsa.jkt, later(600));
    expect(requests).toBe(2);
  });

  it.each<[string, () => void]>([
    [
      'an error',
      () => {
        serve.status = 500;
      },
    ],
    ['a redirect', () => void Object.assign(serve, { status: 302, headers: { location: url } })],
    [
      'no JSON',
      () => {
        serve.body = '<html>';
      },
    ],
    [
      'no set',
      () => {
        serve.body = '{"keys":{}}';
      },
    ],
    [
      'a list',
      () => {
        serve.body = '[]';
      },
    ],
    [
      'a member twice',
      () => {
        serve.body = serve.body.replace('{', '{"keys":[],');
      },
    ],
    [
      'too much',
      () => {
        serve.body += ' '.repeat(LIMITS.fetchBytesMax);
      },
    ],
  ])('%s in place of the set finds nothing, and is not asked for again at once', async (_, breakIt) => {
    breakIt();
    const finds = await finder({ jwks_uri: url });
    expect(await finds(rsa.jkt)).toBe(false);
    expect(await finds(rsa.jkt, later(29))).toBe(false);
    expect(requests).toBe(1);
    publish(jwkOf(rsa));
    expect(await finds(rsa.jkt, later(30))).toBe(true);
  });

  it('D24: a set that cannot be read is nobody’s bad token: when to come again is told, and what is known goes on', async () => {
    serve.status = 503;
    const finds = await finder({ jwks_uri: url });
    expect(await finds.waits(rsa.jkt)).toBe(30);
    expect(await finds.waits(rsa.jkt, later(20))).toBe(10);
    serve.status = 200;
    expect(await finds(rsa.jkt, later(30))).toBe(true);
    // It was read: another key is none of its.
    expect(await finds.waits(other.jkt, later(31))).toBeUndefined();
    serve.status = 500;
    expect(await finds.waits(other.jkt, later(91))).toBe(30);
    expect(await finds(rsa.jkt, later(91))).toBe(true);
    const over = later(90 + LIMITS.directoryStaleSecondsMax);
    expect(await finds.waits(rsa.jkt, over)).toBe(30);
  });

  it('keys survive their server for a while, then nothing is believed', async () => {
    const finds = await finder({ jwks_uri: url });
    await finds(rsa.jkt);
    serve.status = 503;
    expect(await finds(rsa.jkt, later(61))).toBe(true);
    expect(await finds(rsa.jkt, later(60 + LIMITS.directoryStaleSecondsMax))).toBe(false);
  });

  it('an unreachable address finds nothing; a private one is not configured for a public gateway', async () => {
    expect(await (await finder({ jwks_uri: 'http://127.0.0.1:1/jwks' }))(rsa.jkt)).toBe(false);
    const read = await readTokenIssuers([{ iss: ISSUER, tier: 'company', jwks_uri: url }], {
      ...guarded,
      allowPrivate: false,
    });
    expect(read).toEqual({ ok: false, error: ['/0/jwks_uri is only https is fetched'] });
  });

  it('kinds of keys it does not know do not spoil the set, and no more are read than the limit', async () => {
    const odd = [null, 7, { kty: 'oct', k: 'AAAA' }, { kty: 'EC', crv: 'P-521', x: 'A', y: 'A' }, { kty: 'RSA', n: 1 }];
    publish(...odd, { ...jwkOf(other), use: 'enc' }, jwkOf(rsa));
    expect(await (await finder({ jwks_uri: url }))(rsa.jkt)).toBe(true);
    expect(await (await finder({ jwks_uri: url }))(other.jkt)).toBe(false);
    publish(...Array.from({ length: LIMITS.directoryKeysMax }, () => null), jwkOf(rsa));
    expect(await (await finder({ jwks_uri: url }))(rsa.jkt)).toBe(false);
  });
});

describe('keys that are given', () => {
  it('are found by kid and algorithm; without a kid only when there is one choice', async () => {
    const finds = await finder({ jwks: [jwkOf(rsa), jwkOf(other), { ...jwkOf(ed), alg: 'EdDSA' }] });
    expect(await finds(rsa.jkt)).toBe(true);
    expect(await finds(rsa.jkt, NOW, 'PS256')).toBe(true);
    expect(await finds(rsa.jkt, NOW, 'EdDSA')).toBe(false);
    expect(await finds('unknown')).toBe(false);
    expect(await finds(undefined)).toBe(false);
    expect(await finds(undefined, NOW, 'EdDSA')).toBe(true);
  });

  it('a key with an algorithm of its own serves no other', async () => {
    const finds = await finder({ jwks: [{ ...jwkOf(rsa), alg: 'PS256' }] });
    expect(await finds(rsa.jkt)).toBe(false);
    expect(await finds(rsa.jkt, NOW, 'PS256')).toBe(true);
  });
});

describe('the configuration', () => {
  const problems = async (...all: readonly Partial<ConfiguredTokenIssuer>[]) => {
    const read = await readTokenIssuers(
      all.map((each) => ({ iss: ISSUER, tier: 'company', ...each })),
      guarded,
    );
    return read.ok ? [] : read.error;
  };

  it('every mistake is named', async () => {
    const jwks = [jwkOf(rsa)];
    expect(await problems({ jwks })).toEqual([]);
    expect(await problems({})).toEqual(['/0 needs exactly one of jwks, jwks_uri and introspection']);
    expect(await problems({ jwks, jwks_uri: url })).toEqual([
      '/0 needs exactly one of jwks, jwks_uri and introspection',
    ]);
    expect(await problems({ jwks }, { jwks, iss: 'as' })).toEqual(['/1/iss is no URL']);
    expect(await problems({ jwks }, { jwks })).toEqual(['/1/iss is there twice']);
    expect(await problems({ jwks, tier: 'principal', subjects: ['contact:C-1'] })).toEqual([
      '/0 is a principal’s: it needs the subjects and accounts it may speak for',
    ]);
    expect(await problems({ jwks_uri: 'nonsense' })).toEqual(['/0/jwks_uri is not a usable URL']);
  });

  it.each<[string, JsonObject, RegExp]>([
    ['a private key', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), d: 'A'.repeat(43) }, /private/],
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }, /symmetric/],
    ['another curve', { kty: 'EC', crv: 'P-384', x: 'A', y: 'A' }, /neither/],
    ['no point', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }, /not a valid key/],
    ['a short RSA key', { kty: 'RSA', n: 'A'.repeat(171), e: 'AQAB' }, /2048/],
    ['an encryption key', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), use: 'enc' }, /not for verifying/],
    ['another algorithm', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), alg: 'HS256' }, /alg other than EdDSA/],
    ['a kid that is a number', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 1 }, /kid/],
  ])('%s is a mistake', async (_, jwk, why) => {
    const [problem] = await problems({ jwks: [jwk] });
    expect(problem).toMatch(/^\/0\/jwks\/0 /);
    expect(problem).toMatch(why);
  });

  it('grants are checked again against the same issuers, which hold no keys for mandates', async () => {
    const speaks = { tier: 'principal', subjects: ['contact:C-1'], accounts: ['A-1'] } as const;
    const read = await readTokenIssuers([{ iss: ISSUER, jwks: [jwkOf(rsa)], ...speaks }], guarded);
    if (!read.ok) throw new Error(read.error.join());
    expect(grantIssuers(read.value)).toEqual(new Map([[ISSUER, { ...speaks, keys: [] }]]));
  });
});
