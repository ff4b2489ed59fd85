/** How a key is made known: it signs its own registration. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Thumbprint } from '../../protocol/base/ids.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { publicJwk } from '../../protocol/base/strict-jws.ts';
import { networksOf } from '../edge/networks.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import type { Clock, Store } from '../ports.ts';
import type { Gate } from './gate.ts';
import type { Caller, KnownKey } from './signature/authenticate.ts';
import { verifyKeyOf } from './signature/keys-node.ts';
import type { Registrations } from './signature/registrations.ts';

export interface Registered {
  readonly caller: Caller;
  readonly agent: { readonly keyid: Thumbprint; readonly name: string; readonly registered_at: string };
}

export interface RegisterDeps {
  readonly gate: Gate;
  readonly clock: Clock;
  readonly store: Pick<Store, 'agent' | 'spend'>;
  readonly registrations: Registrations;
  /** By the published schema of a registration. */
  readonly check: (body: Json) => Result<JsonObject, Refusal>;
  /** Where a request comes from, as far as our proxies are believed. */
  readonly addressOf: (raw: RawRequest) => string;
}

export function makeRegister({ gate, clock, store, registrations, check, addressOf }: RegisterDeps) {
  return async (raw: RawRequest, body: Json): Promise<Result<Registered, Refusal>> => {
    const checked = check(body);
    if (!checked.ok) return checked;
    const { name, jwk, contact } = checked.value;
    const key = verifyKeyOf(jwk);
    const bare = publicJwk({ ...(jwk as JsonObject) });
    if (!key.ok || bare === undefined)
      return err(refusal('schema-violation', key.ok ? 'Only public keys.' : key.error));
    const { kid } = key.value;
    const known: KnownKey = { key: key.value, via: 'registered', name: String(name) };
    const caller = await gate.authenticateBy(raw, known);
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
    gate.forget(kid);
    return ok({ caller: caller.value, agent: { keyid: kid, name: String(name), registered_at: registeredAt } });
  };
}
