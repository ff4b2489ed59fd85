import { accessTokenHash, DpopSession, generateDpopKeyPair } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { calculateJwkThumbprint, exportJWK, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseThumbprint } from '../../../protocol/base/ids.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import {
  asking,
  type Holder,
  holder,
  NOW,
  ORIGIN,
  type Parts,
  prove,
  RESOURCE,
  seconds,
} from '../../../test/support/tokens.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import { normalTarget, verifyDpop } from './dpop.ts';

const TOKEN = 'aaa.bbb.ccc';
let ed: Holder;
let es: Holder;
let rsa: Holder;
beforeAll(async () => {
  [ed, es, rsa] = await Promise.all([holder('EdDSA'), holder('ES256'), holder('RS256')]);
});

function check(dpop: string | readonly string[], jkt: string, more: Partial<RawRequest> = {}, now = NOW) {
  const id = parseThumbprint(jkt);
  if (id === undefined) throw new Error('no thumbprint');
  const read = verifyDpop(asking({ dpop }, more), { origin: ORIGIN, token: TOKEN, jkt: id }, now);
  return read.ok ? read.value : `${read.error.code}: ${read.error.detail}`;
}

describe('a DPoP proof', () => {
  it.each(['EdDSA', 'ES256'])('of an %s key is believed, and spends its jti', async (alg) => {
    const by = alg === 'EdDSA' ? ed : es;
    const jwt = await prove(by, TOKEN);
    const { signatureWindowSecondsMax: window, clockSkewSeconds: skew } = LIMITS;
    expect(check(jwt, by.jkt)).toEqual({
      jwt,
      nonce: { keyid: by.jkt, nonce: 'dpop:proof-1', expiresAt: seconds + window + skew },
    });
  });

  const faults: readonly [string, Parts, Parts, RegExp][] = [
    ['of another type', {}, { typ: 'JWT' }, /typ/],
    ['without a type', {}, { typ: undefined }, /typ/],
    ['with a critical member', {}, { crit: ['exp'], exp: 1 }, /header/],
    ['with a key from elsewhere', {}, { jku: 'https://evil.example' }, /header/],
    ['without a key', {}, { jwk: undefined }, /public/],
    ['for another method', { htm: 'GET' }, {}, /method/],
    ['for a method in lower case', { htm: 'post' }, {}, /method/],
    ['for no method', { htm: undefined }, {}, /method/],
    ['for another path', { htu: `${ORIGIN}/a2a` }, {}, /address/],
    ['for another origin', { htu: 'https://evil.example/mcp' }, {}, /address/],
    ['for another scheme', { htu: 'http://parley.example/mcp' }, {}, /address/],
    ['for another port', { htu: 'https://parley.example:8443/mcp' }, {}, /address/],
    ['with user information', { htu: 'https://a@parley.example/mcp' }, {}, /address/],
    ['for no address', { htu: undefined }, {}, /address/],
    ['for an address that is none', { htu: '/mcp' }, {}, /address/],
    ['for another token', { ath: 'x'.repeat(43) }, {}, /token/],
    ['for no token', { ath: undefined }, {}, /token/],
    ['too old', { iat: seconds - 301 }, {}, /seconds/],
    ['from the future', { iat: seconds + 31 }, {}, /seconds/],
    ['without a time', { iat: undefined }, {}, /seconds/],
    ['with a time that is text', { iat: String(seconds) }, {}, /seconds/],
    ['without a jti', { jti: undefined }, {}, /jti/],
    ['with an empty jti', { jti: '' }, {}, /jti/],
    ['with a jti that is too long', { jti: 'x'.repeat(257) }, {}, /jti/],
    ['that is too long', { more: 'x'.repeat(LIMITS.mandateBytesMax) }, {}, /too long/],
  ];
  it.each(faults)('%s is refused', async (_, claims, header, why) => {
    // Not every one of them is one jose would make.
    const jwt = await forge(ed, claims, header);
    expect(check(jwt, ed.jkt)).toMatch(why);
    expect(check(jwt, ed.jkt)).toMatch(/^dpop-invalid/);
  });

  it('none, or two, are refused', async () => {
    const jwt = await prove(ed, TOKEN);
    expect(check([], ed.jkt)).toMatch(/exactly one/);
    expect(check([jwt, jwt], ed.jkt)).toMatch(/exactly one/);
    expect(check(`${jwt}, ${jwt}`, ed.jkt)).toMatch(/compact/);
    expect(check(jwt.slice(0, -3), ed.jkt)).toMatch(/^dpop-invalid/);
    expect(check(`${jwt}.`, ed.jkt)).toMatch(/compact/);
    expect(check('', ed.jkt)).toMatch(/compact/);
  });

  it('of another key than the token’s is refused', async () => {
    expect(check(await prove(es, TOKEN), ed.jkt)).toMatch(/another key/);
  });

  it('that names one key and is signed by another is refused', async () => {
    const other = await holder('EdDSA');
    expect(check(await prove({ ...other, jwk: ed.jwk }, TOKEN), ed.jkt)).toMatch(/does not verify/);
  });

  it('with an RSA key, a private key, a symmetric key or no algorithm is refused', async () => {
    expect(check(await prove(rsa, TOKEN), rsa.jkt)).toMatch(/public Ed25519 or P-256/);
    const secret = { ...ed.jwk, ...(await exportJWK(ed.key)) };
    expect(check(await prove({ ...ed, jwk: secret }, TOKEN), ed.jkt)).toMatch(/public/);
    const [, payload] = (await prove(ed, TOKEN)).split('.');
    const headed = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`;
    const none = headed({ typ: 'dpop+jwt', alg: 'none', jwk: ed.jwk });
    expect(check(`${none}.`, ed.jkt)).toMatch(/alg/);
    const es256 = headed({ typ: 'dpop+jwt', alg: 'ES256', jwk: ed.jwk });
    expect(check(`${es256}.AAAA`, ed.jkt)).toMatch(/alg/);
    const oct = headed({ typ: 'dpop+jwt', alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } });
    expect(check(`${oct}.AAAA`, ed.jkt)).toMatch(/public/);
  });

  it('is refused when a member stands in it twice', async () => {
    const [header] = (await prove(ed, TOKEN)).split('.');
    const claims = Buffer.from('{"htm":"GET","htm":"POST"}').toString('base64url');
    expect(check(`${header}.${claims}.AAAA`, ed.jkt)).toMatch(/once/);
  });

  it('any change of a character is refused', async () => {
    const jwt = await prove(ed, TOKEN);
    fc.assert(
      fc.property(fc.nat(jwt.length - 1), fc.constantFrom(...'AZaz09-_.'), (at, char) => {
        const changed = `${jwt.slice(0, at)}${char}${jwt.slice(at + 1)}`;
        const read = check(changed, ed.jkt);
        return changed === jwt ? typeof read !== 'string' : String(read).startsWith('dpop-invalid');
      }),
    );
  });

  it('stays within its window to the second', async () => {
    const jwt = await prove(ed, TOKEN);
    const at = (later: number) => typeof check(jwt, ed.jkt, {}, new Date((seconds + later) * 1000));
    expect([-31, -30, 0, 300, 301].map(at)).toEqual(['string', 'object', 'object', 'object', 'string']);
  });

  it('names its address in any spelling, with or without query and fragment', async () => {
    const spelt = ['HTTPS://PARLEY.example:443/mcp', `${RESOURCE}?a=b`, `${RESOURCE}#c`, `${ORIGIN}/%6dcp`];
    for (const htu of spelt) expect(check(await prove(ed, TOKEN, { htu }), ed.jkt), htu).toBeTypeOf('object');
    expect(check(await prove(ed, TOKEN), ed.jkt, { target: '/mcp?x=1' })).toBeTypeOf('object');
    expect(check(await prove(ed, TOKEN), ed.jkt, { target: '/MCP' })).toMatch(/address/);
    expect(check(await prove(ed, TOKEN), ed.jkt, { target: '/mcp/' })).toMatch(/address/);
    expect(normalTarget('https://a.example/%2f%7e%e4')).toBe('https://a.example/%2F~%E4');
    expect(normalTarget('urn:a')).toBeUndefined();
  });
});

describe('the proofs of an independent client (the MCP SDK’s)', () => {
  it.each(['EdDSA', 'ES256'] as const)('are believed: %s', async (alg) => {
    const keyPair = await generateDpopKeyPair({ alg });
    const session = await DpopSession.create({ keyPair });
    const proof = await session.buildProof({ htm: 'POST', htu: `${RESOURCE}?a=1`, accessToken: TOKEN });
    const jkt = await calculateJwkThumbprint({ ...keyPair.publicJwk });
    expect(check(proof, jkt, {}, new Date())).toBeTypeOf('object');
    expect(check(proof, jkt, { method: 'GET' }, new Date())).toMatch(/method/);
    expect(await accessTokenHash(TOKEN)).toBe(claimsOf(await prove(ed, TOKEN)).ath);
  });
});

function claimsOf(jwt: string): { readonly ath: string } {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}

async function forge(by: Holder, claims: Parts, header: Parts): Promise<string> {
  if (!('crit' in header)) return prove(by, TOKEN, claims, header);
  const all: JWTPayload = { ...claimsOf(await prove(by, TOKEN)) };
  return new SignJWT(all)
    .setProtectedHeader({ alg: by.alg, typ: 'dpop+jwt', jwk: by.jwk, ...header })
    .sign(by.key, { crit: { exp: true } });
}
