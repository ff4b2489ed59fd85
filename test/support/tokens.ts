/** A small world of access tokens for tests: an authorisation server and a client with real keys, that get any part wrong on request. */
import { createHash } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { RawRequest } from '../../src/edge/raw-request.ts';
import type { Aside } from '../../src/identity/token/introspection.ts';
import type { TokenAlg } from '../../src/identity/token/oauth-issuers.ts';
import { makeGuardedFetch } from '../../src/platform/guarded-fetch.ts';

export const ORIGIN = 'https://parley.example';
export const RESOURCE = `${ORIGIN}/mcp`;
export const ISSUER = 'https://as.example';
export const NOW = new Date('2026-11-24T12:00:00Z');
export const seconds = NOW.getTime() / 1000;

export interface Holder {
  readonly alg: TokenAlg;
  readonly key: CryptoKey;
  readonly jwk: JWK;
  readonly jkt: string;
}

export async function holder(alg: TokenAlg): Promise<Holder> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, key: privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

export type Parts = Readonly<Record<string, unknown>>;

export const CLAIMS: Parts = {
  iss: ISSUER,
  aud: [RESOURCE],
  sub: 'contact:C-1001',
  client_id: 'acme-agent',
  jti: 'token-1',
  iat: seconds - 10,
  exp: seconds + 600,
  scope: 'openid parley',
};

export const GRANT: Parts = {
  type: 'urn:parley:action',
  actions: ['contract.renew'],
  accounts: ['A-1001'],
  max_total: { amount: 1_200_000, currency: 'EUR' },
};

/** A token of {@link CLAIMS}; members given as `undefined` are left out. */
export async function mint(by: Holder, claims: Parts = {}, header: Parts = {}): Promise<string> {
  return issue(by, { typ: 'at+jwt', ...header }, { ...CLAIMS, ...claims });
}

/** A token of exactly these claims. */
export async function issue(by: Holder, header: Parts, claims: Parts): Promise<string> {
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: by.alg, kid: by.jkt, ...header }).sign(by.key);
}

export async function prove(by: Holder, token: string, claims: Parts = {}, header: Parts = {}): Promise<string> {
  const ath = createHash('sha256').update(token).digest('base64url');
  return new SignJWT({ htm: 'POST', htu: RESOURCE, jti: 'proof-1', iat: seconds, ath, ...claims })
    .setProtectedHeader({ alg: by.alg, typ: 'dpop+jwt', jwk: by.jwk, ...header })
    .sign(by.key);
}

export type Fields = Readonly<Record<string, readonly string[] | string>>;

export function asking(fields: Fields, more: Partial<RawRequest> = {}): RawRequest {
  const headers = new Map(Object.entries(fields).map(([name, value]) => [name, [value].flat()]));
  return { method: 'POST', target: '/mcp', headers, body: new TextEncoder().encode('{"a":1}'), ...more };
}

/** Strangers' tokens are asked about at any time, one after the other. */
export const aside: Aside = {
  fetch: makeGuardedFetch({ allowPrivate: true }),
  nowMs: () => performance.now(),
  later: (ms, run) => void setTimeout(run, ms).unref(),
};
/** Wherever it says that it comes from. */
export const addressOf = ({ headers }: RawRequest): string => headers.get('x-from')?.[0] ?? '203.0.113.1';
