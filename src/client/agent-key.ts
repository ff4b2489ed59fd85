import { createPrivateKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { parseThumbprint, type Thumbprint } from '../../protocol/base/ids.ts';
import type { SignKey } from '../../protocol/signature/signature.ts';

/** An agent's identity: an Ed25519 key. Whoever holds it is the agent. */
export interface AgentKey extends SignKey {
  readonly keyid: Thumbprint;
  readonly publicJwk: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };
  /** For jose, which signs mandate presentations and agreements. */
  readonly privateJwk: { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string; readonly d: string };
}

export async function newAgentKey(): Promise<AgentKey> {
  return loadAgentKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }));
}

/** From a private Ed25519 JWK. Throws when it is not one. */
export async function loadAgentKey(jwk: JsonWebKey): Promise<AgentKey> {
  const { x, d } = jwk;
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || x === undefined || d === undefined)
    throw new TypeError('not a private Ed25519 JWK');
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x } as const;
  const keyid = parseThumbprint(await calculateJwkThumbprint(publicJwk));
  if (keyid === undefined) throw new TypeError('a SHA-256 thumbprint has 43 characters');
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return {
    keyid,
    kid: keyid,
    alg: 'ed25519',
    publicJwk,
    privateJwk: { ...publicJwk, d },
    sign: (data) => sign(null, data, key),
  };
}
