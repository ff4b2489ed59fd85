import { digest } from '../../protocol/canonical.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Push } from '../engine/operation.ts';
import type { Caller, World } from '../engine/world.ts';
import type { Invitation, StoredAnswer } from '../ports.ts';

export interface InviteAsk {
  readonly caller: Caller;
  /** Idempotency key, already checked for form. */
  readonly key: string;
  readonly body: JsonObject;
  /** Whether an address may be pushed to; the reason otherwise. */
  readonly checkUrl: (url: string) => Result<unknown, { readonly reason: string }>;
}

export type Invited = StoredAnswer & { readonly replayed: boolean };

/** A customer's agent asks to be told of the company's offers, for the accounts and actions of its mandate. One invitation an agent: a
 * new one replaces the last. */
export async function invite(world: World, ask: InviteAsk): Promise<Result<Invited, Refusal>> {
  const { caller, key } = ask;
  const scope = `${caller.keyid} invite`;
  const fingerprint = digest(ask.body['push'] ?? null);
  const earlier = world.store.claim(scope, key);
  if (earlier !== undefined) return replayed(earlier);
  const made = await invitationOf(world, ask);
  if (!made.ok) return made;
  const body = JSON.stringify(viewOf(made.value));
  const expiresAt = Math.floor(world.clock.now().getTime() / 1000) + LIMITS.idempotencyRetentionSeconds;
  const { id, accounts, at } = made.value;
  const committed = await world.store.commit({
    ...(caller.nonce === undefined ? {} : { nonce: caller.nonce }),
    claim: { scope, key, fingerprint, answer: { status: 201, body }, expiresAt },
    invitation: made.value,
    records: [
      {
        type: 'invitation',
        at,
        agent: caller.keyid,
        invitation: id,
        mandate: made.value.mandate.digest,
        accounts: accounts.length,
      },
    ],
  });
  if (committed.ok) return ok({ status: 201, body, replayed: false });
  if (committed.reason === 'claimed') return replayed(committed.claim);
  return err(refusal(committed.reason === 'replayed' ? 'signature-replayed' : 'conflict'));

  function replayed(claim: typeof earlier & object): Result<Invited, Refusal> {
    return claim.fingerprint === fingerprint
      ? ok({ ...claim.answer, replayed: true })
      : err(refusal('idempotency-key-reused'));
  }
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
  const push: Push = { id: 'offers', url, ...(token === undefined ? {} : { token }) };
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
