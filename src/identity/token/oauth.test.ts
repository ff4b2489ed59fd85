import { createHash } from 'node:crypto';
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { toProblem } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import {
  addressOf,
  aside,
  asking,
  CLAIMS,
  type Fields,
  GRANT,
  type Holder,
  holder,
  ISSUER,
  mint,
  NOW,
  ORIGIN,
  type Parts,
  prove,
  RESOURCE,
  seconds,
} from '../../../test/support/tokens.ts';
import { makeGuardedFetch } from '../../platform/guarded-fetch.ts';
import { makeTokenAuth, type TokenAuthDeps } from './oauth.ts';
import { type ConfiguredTokenIssuer, readTokenIssuers } from './oauth-issuers.ts';
import { bearerChallenge, challengeError, metadataUrl, protectedResourceMetadata } from './oauth-metadata.ts';

let as: { readonly [A in Holder['alg']]: Holder };
let agent: Holder;
beforeAll(async () => {
  const [EdDSA, ES256, RS256, PS256] = await Promise.all([
    holder('EdDSA'),
    holder('ES256'),
    holder('RS256'),
    holder('PS256'),
  ]);
  as = { EdDSA, ES256, RS256, PS256 };
  agent = await holder('EdDSA');
});

async function auth(more: Partial<ConfiguredTokenIssuer> = {}, deps: Partial<TokenAuthDeps> = {}) {
  const jwks = Object.values(as).map(({ jwk, jkt }): JsonObject => ({ ...(jwk as JsonObject), kid: jkt }));
  const read = await readTokenIssuers([{ iss: ISSUER, tier: 'company', jwks, ...more }], {
    fetch: makeGuardedFetch({ allowPrivate: false }),
    allowPrivate: false,
    aside,
  });
  if (!read.ok) throw new Error(read.error.join());
  return makeTokenAuth({
    issuers: read.value,
    resources: [RESOURCE],
    origin: ORIGIN,
    isRevoked: () => false,
    addressOf,
    ...deps,
  });
}

async function outcome(fields: Fields, ...of: Parameters<typeof auth>): Promise<string> {
  const answer = await (await auth(...of))(asking(fields), NOW);
  return answer.ok ? 'ok' : `${answer.error.code}: ${answer.error.detail ?? ''}`;
}
const bearer = (token: string): Fields => ({ authorization: `Bearer ${token}` });
const spoken = async (claims: Parts, header: Parts = {}) => outcome(bearer(await mint(as.EdDSA, claims, header)));

async function callerOf(fields: Fields, ...of: Parameters<typeof auth>) {
  const answer = await (await auth(...of))(asking(fields), NOW);
  if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.value;
}

describe('a bearer token', () => {
  it.each(['EdDSA', 'ES256', 'RS256', 'PS256'] as const)('signed with %s makes its client known', async (alg) => {
    const caller = await callerOf(bearer(await mint(as[alg])));
    const id = JSON.stringify(['oauth', ISSUER, 'acme-agent', 'contact:C-1001']);
    const sum = (text: string, form: 'base64' | 'base64url') => createHash('sha256').update(text).digest(form);
    expect(caller).toEqual({
      keyid: sum(id, 'base64url'),
      proof: 'bearer',
      via: 'token',
      name: 'acme-agent',
      token: {
        jti: 'token-1',
        issuer: ISSUER,
        client: 'acme-agent',
        subject: 'contact:C-1001',
        issuerKey: as[alg].jkt,
      },
      evidence: { contentDigest: `sha-256=:${sum('{"a":1}', 'base64')}:`, signatureInput: '', signature: '' },
    });
  });

  it('of other clients, subjects and issuers is another caller; of the same, the same', async () => {
    const keyid = async (claims: Parts) => (await callerOf(bearer(await mint(as.EdDSA, claims)))).keyid;
    const ids = await Promise.all([{}, { jti: 'token-2' }, { sub: 'other' }, { client_id: 'other' }].map(keyid));
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  it('is named after its outermost actor, else its client or authorised party', async () => {
    const name = async (claims: Parts) => (await callerOf(bearer(await mint(as.EdDSA, claims)))).name;
    expect(await name({ act: { sub: 'https://agent.example', act: { sub: 'inner' } } })).toBe('https://agent.example');
    expect(await name({ client_id: undefined, azp: 'party' })).toBe('party');
  });

  it.each<[string, Parts]>([
    ['the longer name of its type', { typ: 'application/at+jwt' }],
    ['header members nobody acts on', { jku: 'https://evil.example', x5t: 'x' }],
  ])('with %s is accepted', async (_, header) => {
    expect(await spoken({}, header)).toBe('ok');
  });

  it.each<[string, Parts, Parts]>([
    ['of another type', {}, { typ: 'JWT' }],
    ['of a DPoP proof’s type', {}, { typ: 'dpop+jwt' }],
    ['of no type', {}, { typ: undefined }],
    ['of a kid that is not known', {}, { kid: 'unknown' }],
    ['of a kid that is a number', {}, { kid: 7 }],
    ['of another issuer', { iss: 'https://evil.example' }, {}],
    ['of no issuer', { iss: undefined }, {}],
    ['for another audience', { aud: 'https://other.example' }, {}],
    ['for a longer audience', { aud: `${RESOURCE}/x` }, {}],
    ['for no audience', { aud: undefined }, {}],
    ['for an audience in an object', { aud: { 0: RESOURCE } }, {}],
    ['without an end', { exp: undefined }, {}],
    ['with an end that is text', { exp: '9999999999' }, {}],
    ['that has expired', { exp: seconds - 30 }, {}],
    ['that lives too long', { exp: seconds + LIMITS.mandateLifetimeSecondsMax }, {}],
    ['that is not valid yet', { nbf: seconds + 31 }, {}],
    ['with a start that is text', { nbf: '1' }, {}],
    ['from the future', { iat: seconds + 31 }, {}],
    ['without a start', { iat: undefined }, {}],
    ['without a client', { client_id: undefined }, {}],
    ['with a client that is a number', { client_id: 1 }, {}],
    ['with a client too long', { client_id: 'x'.repeat(256) }, {}],
    ['without a subject', { sub: undefined }, {}],
    ['without a jti', { jti: undefined }, {}],
    ['with a jti too long', { jti: 'x'.repeat(129) }, {}],
    ['with an actor that is text', { act: 'agent' }, {}],
    ['with an actor too long', { act: { sub: 'x'.repeat(256) } }, {}],
    ['with an actor of control characters', { act: { sub: 'a\u0007' } }, {}],
    ['with an actor without a name', { act: {} }, {}],
    ['with a scope that is no text', { scope: ['parley', 7] }, {}],
    ['with details in an object', { authorization_details: GRANT }, {}],
    ['with details without a type', { authorization_details: [{}] }, {}],
    ['bound to a certificate', { cnf: { 'x5t#S256': 'x' } }, {}],
    ['bound to a key and a certificate', { cnf: { jkt: 'A'.repeat(43), 'x5t#S256': 'x' } }, {}],
    ['bound to no thumbprint', { cnf: { jkt: 'short' } }, {}],
    ['bound to nothing', { cnf: null }, {}],
  ])('%s is refused', async (_, claims, header) => {
    expect(await spoken(claims, header)).toMatch(/^token-invalid/);
  });

  it.each([{ scope: 'openid' }, { scope: 'parley:x xparley' }, { scope: undefined }, { scope: ['openid'] }])(
    'D16: with $scope for a scope is good, but for too little: 403',
    async (claims) => {
      expect(await spoken(claims)).toMatch(/^scope-missing/);
      expect(toProblem({ code: 'scope-missing' })).toMatchObject({ status: 403 });
    },
  );

  it('has a little leeway at both ends', async () => {
    expect(await spoken({ exp: seconds - 29, iat: seconds - 100 })).toBe('ok');
    expect(await spoken({ iat: seconds + 30, nbf: seconds + 30 })).toBe('ok');
  });

  it('without a kid is refused where several keys fit', async () => {
    expect(await spoken({}, { kid: undefined })).toBe('ok');
    const token = await mint(as.RS256, {}, { kid: undefined });
    expect(await outcome(bearer(token))).toMatch(/not signed/);
  });

  it('of nobody’s key, of another key’s signature, or with a critical header is refused', async () => {
    const stranger = await holder('EdDSA');
    expect(await outcome(bearer(await mint({ ...stranger, jkt: as.EdDSA.jkt })))).toMatch(/not signed/);
    const critical = await new SignJWT({ ...CLAIMS })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: as.EdDSA.jkt, crit: ['x'], x: 1 })
      .sign(as.EdDSA.key, { crit: { x: true } });
    expect(await outcome(bearer(critical))).toMatch(/critical/);
  });

  it('of no algorithm, of a MAC with the public key, or of another key’s algorithm is refused', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const [, payload, signature] = (await mint(as.RS256)).split('.');
    const kid = as.RS256.jkt;
    for (const alg of ['none', 'None', 'HS256', 'RS384', 'ES384', 'Ed25519', 'RS1']) {
      const header = encode({ alg, typ: 'at+jwt', kid });
      for (const end of ['', 'AAAA', signature])
        expect(await outcome(bearer(`${header}.${payload}.${end}`)), alg).toMatch(/^token-invalid/);
    }
    const secret = Buffer.from(JSON.stringify(as.RS256.jwk));
    const mac = await new SignJWT({ ...CLAIMS }).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid }).sign(secret);
    expect(await outcome(bearer(mac))).toMatch(/must be signed with/);
    const swapped = `${encode({ alg: 'PS256', typ: 'at+jwt', kid })}.${payload}.${signature}`;
    expect(await outcome(bearer(swapped))).toMatch(/not signed/);
  });

  it('any change of a character is refused, and nothing of it is repeated', async () => {
    const token = await mint(as.EdDSA);
    const authenticate = await auth();
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_.'), async (at, char) => {
        const changed = `${token.slice(0, at)}${char}${token.slice(at + 1)}`;
        const answer = await authenticate(asking(bearer(changed)), NOW);
        if (changed === token) return answer.ok;
        return !answer.ok && answer.error.code === 'token-invalid' && !/acme|C-1001/.test(answer.error.detail ?? '');
      }),
      { numRuns: 200 },
    );
  });

  it('that says a member twice is refused', async () => {
    const header = (await mint(as.EdDSA)).split('.')[0];
    const claims = Buffer.from(`{"iss":"https://evil.example",${JSON.stringify(CLAIMS).slice(1)}`).toString(
      'base64url',
    );
    expect(await outcome(bearer(`${header}.${claims}.AAAA`))).toMatch(/once/);
  });

  it('for the audience configured for its issuer is accepted, and then for no other', async () => {
    const token = await mint(as.EdDSA, { aud: 'parley-api' });
    expect(await outcome(bearer(token), { audience: 'parley-api' })).toBe('ok');
    expect(await outcome(bearer(await mint(as.EdDSA)), { audience: 'parley-api' })).toMatch(/audience/);
    expect(await outcome(bearer(await mint(as.EdDSA)), {}, { resources: [`${ORIGIN}/a2a`, RESOURCE] })).toBe('ok');
  });

  it('is refused once it, or its client, is revoked', async () => {
    const token = bearer(await mint(as.EdDSA));
    const { keyid } = await callerOf(token);
    const isRevoked: TokenAuthDeps['isRevoked'] = (kind, id) => kind === 'mandate' && id === 'token-1';
    expect(await outcome(token, {}, { isRevoked })).toMatch(/^token-invalid: .*revoked/);
    expect(await outcome(token, {}, { isRevoked: (kind, id) => kind === 'key' && id === keyid })).toMatch(
      /^key-revoked/,
    );
  });
});

describe('the Authorization field', () => {
  it('is missing, of another scheme, there twice, or no token', async () => {
    const token = await mint(as.EdDSA);
    expect(await outcome({})).toMatch(/^token-missing/);
    expect(await outcome({ authorization: 'Basic YTpi' })).toMatch(/^token-missing/);
    expect(await outcome({ authorization: [`Bearer ${token}`, `Bearer ${token}`] })).toMatch(/^malformed-request/);
    expect(await outcome(bearer(''))).toMatch(/^token-invalid/);
    expect(await outcome({ authorization: 'Bearer' })).toMatch(/^token-invalid/);
    expect(await outcome(bearer(`${token}, Bearer ${token}`))).toMatch(/^token-invalid/);
    expect(await outcome(bearer(` ${token} `))).toMatch(/^token-invalid/);
    expect(await outcome(bearer('x'.repeat(LIMITS.mandateBytesMax)))).toMatch(/^token-invalid: .*larger/);
    expect(await outcome({ authorization: `bEARER  ${token}` })).toBe('ok');
  });

  it('never throws', async () => {
    const authenticate = await auth();
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    );
    const field = fc.tuple(fc.constantFrom('Bearer', 'DPoP', ''), part, part, part);
    await fc.assert(
      fc.asyncProperty(field, async ([scheme, ...parts]) => {
        const answer = await authenticate(asking({ authorization: `${scheme} ${parts.join('.')}` }), NOW);
        return !answer.ok && ['token-missing', 'token-invalid'].includes(answer.error.code);
      }),
    );
  });
});

describe('a token that is bound to a key', () => {
  const bound = (claims: Parts = {}) => mint(as.ES256, { cnf: { jkt: agent.jkt }, ...claims });
  const withProof = (token: string, dpop: string): Fields => ({ authorization: `DPoP ${token}`, dpop });

  it('makes the key known, and names the nonce to spend: the same for the same proof', async () => {
    const token = await bound();
    const proof = await prove(agent, token);
    const caller = await callerOf(withProof(token, proof));
    expect(caller).toMatchObject({ keyid: agent.jkt, proof: 'dpop', via: 'token', evidence: { signature: proof } });
    expect(caller.nonce).toMatchObject({ keyid: agent.jkt, nonce: 'dpop:proof-1' });
    expect((await callerOf(withProof(token, proof))).nonce).toEqual(caller.nonce);
    expect((await callerOf(withProof(token, await prove(agent, token, { jti: 'b' })))).nonce?.nonce).toBe('dpop:b');
  });

  it('is refused as a bearer token, without a proof, and with the proof of another', async () => {
    const token = await bound();
    const proof = await prove(agent, token);
    expect(await outcome(bearer(token))).toMatch(/^dpop-invalid/);
    expect(await outcome({ ...bearer(token), dpop: proof })).toMatch(/^dpop-invalid/);
    expect(await outcome({ authorization: `DPoP ${token}` })).toMatch(/^dpop-invalid/);
    expect(await outcome(withProof(await bound({ jti: 'token-2' }), proof))).toMatch(/^dpop-invalid: .*another token/);
    const thief = await holder('EdDSA');
    expect(await outcome(withProof(token, await prove(thief, token)))).toMatch(/^dpop-invalid: .*another key/);
  });

  it('is not what an unbound token becomes by the scheme', async () => {
    const token = await mint(as.EdDSA);
    expect(await outcome(withProof(token, await prove(agent, token)))).toMatch(/^dpop-invalid: .*not bound/);
  });

  it('is refused when its key is revoked', async () => {
    const token = await bound();
    const isRevoked: TokenAuthDeps['isRevoked'] = (kind, id) => kind === 'key' && id === agent.jkt;
    expect(await outcome(withProof(token, await prove(agent, token)), {}, { isRevoked })).toMatch(/^key-revoked/);
  });
});

describe('what a token permits', () => {
  const granted = (details: readonly unknown[], claims: Parts = {}) =>
    mint(as.EdDSA, { scope: undefined, authorization_details: details, ...claims });

  it('are the facts of a mandate, of its issuer’s tier', async () => {
    const token = await granted([{ type: 'other', whatever: 1 }, GRANT]);
    const { type: _, ...constraints } = GRANT;
    expect((await callerOf(bearer(token))).grant).toMatchObject({
      chain: [{ name: expect.stringMatching(/^grant:/), max_total: GRANT['max_total'] }],
      jti: 'token-1',
      issuer: ISSUER,
      tier: 'company',
      subject: 'contact:C-1001',
      digest: `sha-256:${createHash('sha256').update(token).digest('base64url')}`,
      expiresAt: seconds + 600,
      constraints,
      form: 'token',
      issuerKey: as.EdDSA.jkt,
    });
  });

  it('is nothing without an entry', async () => {
    expect((await callerOf(bearer(await granted([{ type: 'other' }], { scope: 'parley' })))).grant).toBeUndefined();
    expect(await outcome(bearer(await granted([{ type: 'other' }])))).toMatch(/^scope-missing/);
  });

  it.each<[string, readonly unknown[], Parts]>([
    ['several entries', [GRANT, GRANT], {}],
    ['an unknown limit', [{ ...GRANT, max_discount: 5 }], {}],
    ['a location', [{ ...GRANT, locations: [RESOURCE] }], {}],
    ['no actions', [{ ...GRANT, actions: [] }], {}],
    ['a wildcard', [{ ...GRANT, actions: ['*'] }], {}],
    ['no accounts', [{ ...GRANT, accounts: undefined }], {}],
    ['a negative limit', [{ ...GRANT, max_seats: -1 }], {}],
    ['a limit that is text', [{ ...GRANT, max_total: '5 EUR' }], {}],
    ['a subject that is no principal', [GRANT], { sub: 'acme-agent' }],
  ])('%s is refused', async (_, details, claims) => {
    expect(await outcome(bearer(await granted(details, claims)))).toMatch(/^mandate-invalid/);
  });

  it('is only what a principal’s issuer may give', async () => {
    const own = { tier: 'principal', subjects: ['contact:C-1001'], accounts: ['A-1001'] } as const;
    const token = await granted([GRANT]);
    expect((await callerOf(bearer(token), own)).grant?.tier).toBe('principal');
    expect(await outcome(bearer(token), { ...own, subjects: ['contact:C-2'] })).toMatch(/^mandate-invalid/);
    expect(await outcome(bearer(token), { ...own, accounts: ['A-2'] })).toMatch(/^mandate-invalid/);
    expect(await outcome(bearer(token), { subjects: ['contact:C-2'] })).toMatch(/^mandate-invalid/);
  });
});

describe('what a client is told', () => {
  it('the metadata of the resource, at its well-known address', () => {
    const settings = {
      origin: ORIGIN,
      authorizationServers: [ISSUER],
      scopes: ['parley'],
      name: 'Acme',
      documentation: `${ORIGIN}/.well-known/parley`,
    };
    expect(protectedResourceMetadata(RESOURCE, settings)).toEqual({
      resource: RESOURCE,
      authorization_servers: [ISSUER],
      jwks_uri: `${ORIGIN}/.well-known/jwks.json`,
      scopes_supported: ['parley'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['EdDSA', 'ES256'],
      authorization_details_types_supported: ['urn:parley:action'],
      resource_name: 'Acme',
      resource_documentation: `${ORIGIN}/.well-known/parley`,
    });
    expect(metadataUrl(RESOURCE)).toBe(`${ORIGIN}/.well-known/oauth-protected-resource/mcp`);
    expect(metadataUrl(ORIGIN)).toBe(`${ORIGIN}/.well-known/oauth-protected-resource`);
  });

  it('challenges of both schemes, which the MCP SDK’s client reads', () => {
    const url = metadataUrl(RESOURCE);
    expect(bearerChallenge({ metadata: url, scope: 'parley' })).toEqual([
      `Bearer resource_metadata="${url}", scope="parley"`,
      `DPoP resource_metadata="${url}", scope="parley", algs="EdDSA ES256"`,
    ]);
    const headers = new Headers();
    for (const each of bearerChallenge({ metadata: url, scope: 'parley', error: 'insufficient_scope' }))
      headers.append('www-authenticate', each);
    const read = extractWWWAuthenticateParams(new Response(null, { status: 401, headers }));
    expect({ ...read, resourceMetadataUrl: read.resourceMetadataUrl?.href }).toMatchObject({
      resourceMetadataUrl: url,
      scope: 'parley',
      error: 'insufficient_scope',
    });
    const [plain, dpop] = bearerChallenge({ metadata: url, error: 'invalid_dpop_proof' });
    expect(plain).toBe(`Bearer resource_metadata="${url}"`);
    expect(dpop).toContain('error="invalid_dpop_proof"');
  });

  it('the error of each refusal', async () => {
    const authenticate = await auth();
    const errorOf = async (fields: Fields) => {
      const answer = await authenticate(asking(fields), NOW);
      return answer.ok ? 'ok' : challengeError(answer.error);
    };
    expect(await errorOf({})).toBeUndefined();
    expect(await errorOf(bearer(await mint(as.EdDSA, { exp: 1, iat: 0 })))).toBe('invalid_token');
    expect(await errorOf(bearer(await mint(as.EdDSA, { scope: 'x' })))).toBe('insufficient_scope');
    expect(await errorOf(bearer(await mint(as.EdDSA, { cnf: { jkt: agent.jkt } })))).toBe('invalid_dpop_proof');
    expect(challengeError({ code: 'key-revoked' })).toBe('invalid_token');
    expect(challengeError({ code: 'mandate-invalid' })).toBeUndefined();
  });
});
