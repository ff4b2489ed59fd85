import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { type Answered, idempotent, notHeld, withoutKeyBinding } from '../engine/idempotent.ts';
import type { Push } from '../engine/operation.ts';
import { ownerOf } from '../engine/owner.ts';
import type { Caller, World } from '../engine/world.ts';
import type { Invitation } from '../ports.ts';

/** The push configuration that an invitation makes. */
export const OFFERS_PUSH = 'offers';

export interface InviteAsk {
  readonly caller: Caller;
  /** Idempotency key, already checked for form. */
  readonly key: string;
  readonly body: Json;
  /** Whether an address may be pushed to; the reason otherwise. */
  readonly checkUrl: (url: string) => Result<unknown, { readonly reason: string }>;
}

/** A customer's agent asks to be told of the company's offers, for the accounts and actions of its mandate. One invitation an agent: a
 * new one replaces the last. */
export async function invite(world: World, ask: InviteAsk): Promise<Result<Answered, Refusal>> {
  const { caller, key, body } = ask;
  const content = ['invite', withoutKeyBinding(body)];
  const keyed = { scope: `${ownerOf(caller)} invite`, key, content, nonce: caller.nonce };
  return idempotent(world, keyed, async (keep) => {
    const made = await invitationOf(world, ask);
    if (!made.ok) return made;
    const answer = { status: 201, body: JSON.stringify(viewOf(made.value)) };
    const { id, accounts, at, mandate } = made.value;
    const record = {
      type: 'invitation',
      at,
      agent: caller.keyid,
      invitation: id,
      mandate: mandate.digest,
      accounts: accounts.length,
    };
    const committed = await world.store.commit({ ...keep(answer), invitation: made.value, records: [record] });
    return notHeld(committed, answer);
  });
}

async function invitationOf(
  world: World,
  { caller, key, body, checkUrl }: InviteAsk,
): Promise<Result<Invitation, Refusal>> {
  const checked = world.actions.checkEnvelope('invite', body);
  if (!checked.ok) return checked;
  const now = world.clock.now();
  const mandate = await world.mandates.accept(String(checked.value['mandate']), {
    nonce: key,
    keyid: caller.keyid,
    now,
  });
  if (!mandate.ok) return mandate;
  const { url, token } = checked.value['push'] as { readonly url: string; readonly token?: string };
  const reachable = checkUrl(url);
  if (!reachable.ok)
    return err(
      refusal('schema-violation', undefined, { errors: [{ pointer: '/push/url', message: reachable.error.reason }] }),
    );
  const push: Push = { id: OFFERS_PUSH, url, ...(token === undefined ? {} : { token }) };
  return ok({
    id: world.ids.make('ev'),
    agent: { keyid: caller.keyid, via: caller.via, ...(caller.name === undefined ? {} : { name: caller.name }) },
    accounts: mandate.value.constraints.accounts,
    actions: mandate.value.constraints.actions,
    mandate: mandate.value,
    push,
    request: caller.evidence,
    at: now.toISOString(),
  });
}

function viewOf({ id, accounts, actions, mandate, at }: Invitation): JsonObject {
  return { id, accounts, actions, made_at: at, expires_at: new Date(mandate.expiresAt * 1000).toISOString() };
}
