/** A small world of mandates for tests and vectors: published test keys, and a forge that gets any part wrong on request. */
import { base64url } from 'jose';
import { publicJwk, thumbprintOf } from '../base/strict-jws.ts';
import { type JwtSigner, jwkSigner } from './jwt.ts';
import type { MandateIssuers } from './mandate.ts';
import { disclosureDigest, makeDisclosure, sdHash } from './sd-jwt.ts';

/** Published private keys: nobody may trust them outside tests. */
const PRIVATE_KEYS = {
  // RFC 8037 Appendix A.1
  company: {
    kty: 'OKP',
    crv: 'Ed25519',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  },
  // RFC 7515 Appendix A.3
  principal: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
  },
  // RFC 8032 §7.1, tests 2 and 3
  agent: {
    kty: 'OKP',
    crv: 'Ed25519',
    x: hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
    d: hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
  },
  stranger: {
    kty: 'OKP',
    crv: 'Ed25519',
    x: hex('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025'),
    d: hex('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7'),
  },
} as const;

export type Who = keyof typeof PRIVATE_KEYS;

export interface Holder {
  readonly jwk: NonNullable<ReturnType<typeof publicJwk>>;
  readonly kid: string;
  readonly signer: JwtSigner & { readonly kid: string };
}

export async function holder(who: Who): Promise<Holder> {
  const jwk = publicJwk(PRIVATE_KEYS[who]);
  if (jwk === undefined) throw new Error('unusable test key');
  const kid = await thumbprintOf(jwk);
  return { jwk, kid, signer: { ...(await jwkSigner(PRIVATE_KEYS[who])), kid } };
}

export const GATEWAY = 'https://gateway.example';
export const PRINCIPAL = 'https://customer.example';
export const NONCE = 'k-0123456789abcdefghij';
export const NOW = new Date('2026-11-24T12:00:00Z');
export const seconds = NOW.getTime() / 1000;

export async function issuers(): Promise<MandateIssuers> {
  const [company, principal] = [await holder('company'), await holder('principal')];
  return new Map([
    [GATEWAY, { tier: 'company', keys: [{ ...company.jwk, kid: company.kid }] }],
    [
      PRINCIPAL,
      {
        tier: 'principal',
        keys: [{ ...principal.jwk, kid: principal.kid }],
        subjects: ['contact:C-1001'],
        accounts: ['A-1001'],
      },
    ],
  ]);
}

const SALT = 'c2FsdC1vZi10aGUtdmVjdG9ycw';
export const NAME = makeDisclosure(SALT, 'name', 'Ada Example');
export const EMAIL = makeDisclosure(SALT, 'email', 'ada@customer.example');

/** What to make differently from a mandate that is accepted. `undefined` takes a claim away. */
export interface Forgery {
  readonly issuer?: Who;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly constraints?: Readonly<Record<string, unknown>>;
  readonly disclosures?: readonly string[];
  readonly binder?: Who;
  readonly bindingHeader?: Readonly<Record<string, unknown>>;
  readonly binding?: Readonly<Record<string, unknown>>;
  /** Last touch on the issuer JWT, before it is bound. */
  readonly alter?: (issuerJwt: string) => string;
}

/** A presentation, signed as its parts say, without any of the checks an honest issuer makes. */
export async function forge(forgery: Forgery = {}): Promise<string> {
  const issuer = await holder(forgery.issuer ?? 'company');
  const agent = await holder('agent');
  const claims = {
    vct: 'urn:parley:mandate:action:1',
    iss: forgery.issuer === 'principal' ? PRINCIPAL : GATEWAY,
    sub: 'contact:C-1001',
    jti: 'm-1',
    iat: seconds - 3600,
    exp: seconds + 86_400,
    cnf: { jwk: agent.jwk },
    constraints: { actions: ['contract.renew'], accounts: ['A-1001'], ...forgery.constraints },
    _sd_alg: 'sha-256',
    _sd: [NAME, EMAIL].map(disclosureDigest).sort(),
    ...forgery.claims,
  };
  const header = { alg: algOf(issuer), typ: 'parley-mandate+sd-jwt', kid: issuer.kid, ...forgery.header };
  const issuerJwt = await compact(header, claims, issuer.signer);
  const bound = [(forgery.alter ?? ((jwt) => jwt))(issuerJwt), ...(forgery.disclosures ?? []), ''].join('~');
  const binder = await holder(forgery.binder ?? 'agent');
  const proof = { aud: GATEWAY, nonce: NONCE, iat: seconds - 5, sd_hash: sdHash(bound), ...forgery.binding };
  return bound + (await compact({ alg: algOf(binder), typ: 'kb+jwt', ...forgery.bindingHeader }, proof, binder.signer));
}

/** JSON with an extra text spliced in behind the first brace: for duplicate members. */
export function respell(issuerJwt: string, extra: string): string {
  const [header = '', payload = '', signature = ''] = issuerJwt.split('.');
  const json = new TextDecoder().decode(base64url.decode(payload));
  return [header, base64url.encode(json.replace('{', `{${extra},`)), signature].join('.');
}

async function compact(header: object, claims: object, signer: JwtSigner): Promise<string> {
  const encode = (value: object) => base64url.encode(JSON.stringify(value));
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${base64url.encode(await signer.sign(new TextEncoder().encode(input)))}`;
}

const algOf = ({ jwk }: Holder): string => (jwk.kty === 'OKP' ? 'EdDSA' : 'ES256');

function hex(text: string): string {
  return base64url.encode(Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
}
