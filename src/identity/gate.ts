/** Who asks, by signature: a key that is registered, or one that is published where the request says. */
import type { Refusal } from '../../protocol/base/errors.ts';
import type { Thumbprint } from '../../protocol/base/ids.ts';
import type { Result } from '../../protocol/base/result.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import type { Clock, Store } from '../ports.ts';
import { type AuthenticateDeps, authenticate, type Caller, type KnownKey } from './signature/authenticate.ts';
import { verifyKeyOf } from './signature/keys-node.ts';
import { makeNonceCap } from './signature/nonce-cap.ts';

export interface Gate {
  authenticate(raw: RawRequest): Promise<Result<Caller, Refusal>>;
  /** A request that is signed with this key, known or not. */
  authenticateBy(raw: RawRequest, key: KnownKey): Promise<Result<Caller, Refusal>>;
  /** A key that changed, or is no longer registered. */
  forget(keyid: string): void;
}

export interface GateDeps {
  /** The gateway's public origin. */
  readonly origin: string;
  readonly clock: Clock;
  readonly store: Pick<Store, 'agent' | 'isRevoked'>;
  /** Looks a key up where a request says that it is published. */
  readonly resolve: AuthenticateDeps['resolve'];
}

/** Imported keys kept in memory, ~1 KB each. */
const REGISTERED_KEYS_MAX = 100_000;

export function makeGate({ origin, clock, store, resolve }: GateDeps): Gate {
  const { protocol, host } = new URL(origin);
  const imported = new Map<string, KnownKey>();

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
    scheme: protocol.slice(0, -1),
    authority: host,
    registered,
    resolve,
    isRevoked: (keyid) => store.isRevoked('key', keyid),
    cap: makeNonceCap(),
  };
  return {
    authenticate: (raw) => authenticate(raw, deps, clock.now()),
    authenticateBy(raw, key) {
      const own = (keyid: Thumbprint) => (keyid === key.key.kid ? key : undefined);
      return authenticate(raw, { ...deps, registered: own, resolve: () => async () => undefined }, clock.now());
    },
    forget: (keyid) => void imported.delete(keyid),
  };
}
