/** Who asks: by signature, by access token, and how a key is made known. */
import { type Refusal, refusal } from '../protocol/base/errors.ts';
import type { Thumbprint } from '../protocol/base/ids.ts';
import type { Json, JsonObject } from '../protocol/base/json.ts';
import { err, ok } from '../protocol/base/result.ts';
import { publicJwk } from '../protocol/base/strict-jws.ts';
import { signatureChallenge } from '../protocol/signature/signature.ts';
import type { Config } from './config/config.ts';
import { networksOf } from './edge/networks.ts';
import type { RawRequest } from './edge/raw-request.ts';
import { type AuthenticateDeps, authenticate, type Caller, type KnownKey } from './identity/signature/authenticate.ts';
import { makeDirectories } from './identity/signature/directory.ts';
import { verifyKeyOf } from './identity/signature/keys-node.ts';
import { makeNonceCap } from './identity/signature/nonce-cap.ts';
import type { Registrations } from './identity/signature/registrations.ts';
import { makeTokenAuth } from './identity/token/oauth.ts';
import { bearerChallenge, challengeError, metadataUrl } from './identity/token/oauth-metadata.ts';
import { makeGuardedFetch } from './platform/guarded-fetch.ts';
import { makeNames } from './platform/names.ts';
import { makeProve, type Prove } from './serve/prove.ts';
import type { Engine } from './wiring.ts';

export type Identity = ReturnType<typeof composeIdentity>;

/** Refusals that are answered with how to be proven. */
const CHALLENGED = /^(signature-missing|token|scope|dpop|key-revoked|proof)/;
const NO_TOKENS = refusal('signature-missing', 'Access tokens are not taken here: sign the request.');

/** Imported keys kept in memory, ~1 KB each. */
const REGISTERED_KEYS_MAX = 100_000;

interface Senders {
  /** Where a request comes from, as far as our proxies are believed. */
  readonly addressOf: (raw: RawRequest) => string;
  /** Who is believed to ask when nothing says who: only in the conformance profile. */
  readonly anyone: Caller | undefined;
  readonly registrations: Registrations;
}

export function composeIdentity(
  { world, contract, tokenIssuers }: Engine,
  config: Config,
  { addressOf, anyone, registrations }: Senders,
) {
  const { store, clock } = world;
  const origin = new URL(config.origin);
  const resolve = makeDirectories({
    fetch: makeGuardedFetch({
      allowPrivate: config.allow_private_network,
      lookup: makeNames({ servers: config.stranger_dns }),
    }),
    clock,
  });
  const imported = new Map<string, KnownKey>();
  registrations.onForgotten((keyid) => imported.delete(keyid));

  function registered(keyid: Thumbprint): KnownKey | undefined {
    const held = imported.get(keyid);
    if (held !== undefined) return held;
    const agent = store.agent(keyid);
    const key = agent === undefined ? undefined : verifyKeyOf(agent.jwk);
    if (agent === undefined || key?.ok !== true) return undefined;
    const known: KnownKey = { key: key.value, via: 'registered', name: agent.name };
    if (imported.size >= REGISTERED_KEYS_MAX) imported.clear();
    imported.set(keyid, known);
    return known;
  }

  const deps: AuthenticateDeps = {
    scheme: origin.protocol.slice(0, -1),
    authority: origin.host,
    registered,
    resolve,
    isRevoked: (keyid) => store.isRevoked('key', keyid),
    cap: makeNonceCap(),
  };
  const scopes = new Set([...tokenIssuers.values()].map(({ scope }) => scope));
  const bySignature = (raw: RawRequest) => authenticate(raw, deps, clock.now());

  return {
    authenticate: bySignature,

    /** For a binding at `path`: signatures, or tokens made for it or for the whole gateway. */
    proveAt(path: string): Prove {
      const resource = `${config.origin}${path}`;
      // A client may write either with a slash at its end (RFC 3986 §6.2.3).
      const resources = [resource, config.origin].flatMap((each) => [each, `${each}/`]);
      const byToken = makeTokenAuth({
        issuers: tokenIssuers,
        resources,
        origin: config.origin,
        isRevoked: store.isRevoked,
        addressOf,
      });
      const challenge = (refused: Refusal): Record<string, string> => {
        if (!CHALLENGED.test(refused.code)) return {};
        const { scope = scopes.size === 1 ? [...scopes][0] : undefined } = refused.extra ?? {};
        const named = typeof scope === 'string' ? scope : undefined;
        const tokens = bearerChallenge({
          metadata: metadataUrl(resource),
          scope: named,
          error: challengeError(refused),
        });
        // Without a server that issues tokens, a client that looked for one would find none.
        const schemes = [...(tokenIssuers.size === 0 ? [] : tokens), signatureChallenge(refused)];
        return { 'www-authenticate': schemes.join(', ') };
      };
      return makeProve({
        bySignature,
        byToken: async (raw) => (tokenIssuers.size === 0 ? err(NO_TOKENS) : byToken(raw, clock.now())),
        challenge,
        ...(anyone === undefined ? {} : { anyone }),
      });
    },

    /** A key that proves itself: known from now on. */
    async register(raw: RawRequest, body: Json) {
      const checked = contract.checkRegistration(body);
      if (!checked.ok) return checked;
      const { name, jwk, contact } = checked.value;
      const key = verifyKeyOf(jwk);
      const bare = publicJwk({ ...(jwk as JsonObject) });
      if (!key.ok || bare === undefined)
        return err(refusal('schema-violation', key.ok ? 'Only public keys.' : key.error));
      const { kid } = key.value;
      const self = (keyid: Thumbprint): KnownKey | undefined =>
        keyid === kid ? { key: key.value, via: 'registered', name: String(name) } : undefined;
      const caller = await authenticate(
        raw,
        { ...deps, registered: self, resolve: () => async () => undefined },
        clock.now(),
      );
      if (!caller.ok) return caller;
      const { nonce } = caller.value;
      // A registration has no idempotency key that would make repeating it harmless.
      if (nonce === undefined)
        return err(refusal('signature-coverage', 'A registration needs a signature with a nonce.'));
      if (!(await store.spend(nonce))) return err(refusal('signature-replayed'));
      const registeredAt = store.agent(kid)?.registeredAt ?? clock.now().toISOString();
      const agent = {
        keyid: kid,
        // Nothing else that a stranger may have put beside it.
        jwk: { ...bare },
        name: String(name),
        ...(typeof contact === 'string' ? { contact } : {}),
        registeredAt,
      };
      await registrations.save(agent, networksOf(addressOf(raw)).site);
      imported.delete(kid);
      return ok({ caller: caller.value, agent: { keyid: kid, name: String(name), registered_at: registeredAt } });
    },
  };
}
