import type { JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { type PublicJwk, publicJwk, thumbprintOf } from '../../../protocol/base/strict-jws.ts';
import type { MandateIssuer, MandateIssuers } from '../../../protocol/mandate/mandate.ts';
import { verifyKeyOf } from '../signature/keys-node.ts';

/** An entry of `issuers` in the configuration. */
export interface ConfiguredIssuer {
  readonly iss: string;
  readonly tier: 'company' | 'principal';
  readonly keys: readonly JsonObject[];
  readonly subjects?: readonly string[];
  readonly accounts?: readonly string[];
}

/** Who may issue mandates: the gateway itself with its `mandates` keys, and those in the configuration.
 * Otherwise every mistake in them, as `/issuers/0/keys/1 …`. */
export async function readIssuers(
  configured: readonly ConfiguredIssuer[],
  own: { readonly origin: string; readonly keys: readonly JsonObject[] },
): Promise<Result<MandateIssuers, readonly string[]>> {
  const problems: string[] = [];
  const issuers = new Map<string, MandateIssuer>();
  const mine = own.keys.filter((key) => key['parley_purpose'] === 'mandates');
  issuers.set(own.origin, { tier: 'company', keys: await readKeys(mine, 'the company’s keys', problems) });
  for (const [at, { iss, tier, keys, subjects, accounts }] of configured.entries()) {
    const path = `/issuers/${at}`;
    if (issuers.has(iss)) problems.push(`${path}/iss is there twice, or is the gateway’s own origin`);
    if (tier === 'principal' && (!subjects?.length || !accounts?.length)) {
      problems.push(`${path} is a principal: it needs the subjects and accounts it may speak for`);
    }
    issuers.set(iss, {
      tier,
      keys: await readKeys(keys, `${path}/keys`, problems),
      ...(subjects && { subjects }),
      ...(accounts && { accounts }),
    });
  }
  return problems.length === 0 ? ok(issuers) : err(problems);
}

async function readKeys(jwks: readonly JsonObject[], path: string, problems: string[]): Promise<MandateIssuer['keys']> {
  const keys = new Map<string, PublicJwk & { readonly kid: string }>();
  for (const [at, jwk] of jwks.entries()) {
    const key = await readKey(jwk);
    if (typeof key === 'string') problems.push(`${path}/${at} ${key}`);
    else if (keys.has(key.kid)) problems.push(`${path}/${at} has the kid of another key`);
    else keys.set(key.kid, key);
  }
  return [...keys.values()];
}

async function readKey(jwk: JsonObject): Promise<(PublicJwk & { readonly kid: string }) | string> {
  if (jwk['d'] !== undefined) return 'is a private key: give the public one, and replace this key';
  const bare = publicJwk(jwk);
  if (bare === undefined) return 'is neither Ed25519 nor P-256';
  const usable = verifyKeyOf(bare);
  if (!usable.ok) return `is not a valid key: ${usable.error}`;
  const kid = jwk['kid'] ?? (await thumbprintOf(bare));
  return typeof kid === 'string' ? { ...bare, kid } : 'has a kid that is no text';
}
