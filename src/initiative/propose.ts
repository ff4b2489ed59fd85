import { digest } from '../../protocol/canonical.ts';
import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { operationId } from '../engine/operation-id.ts';
import { born } from '../engine/submit.ts';
import type { Action, World } from '../engine/world.ts';
import type { Claim, Invitation } from '../ports.ts';

export interface Proposed {
  readonly operation: string;
  readonly replayed: boolean;
}

const SCOPE = 'company propose';

/** The company opens a talk: the same operation as if the customer's agent had asked, with the first turn swapped. It goes to an agent
 * that has invited offers for this account, under the mandate it came with; nothing is agreed before that agent signs. `key` is the
 * request's own id: the same request is one offer. */
export async function propose(world: World, key: string, body: JsonObject): Promise<Result<Proposed, Refusal>> {
  const checked = world.actions.checkEnvelope('propose', body);
  if (!checked.ok) return checked;
  const {
    action: name,
    account,
    input,
  } = checked.value['data'] as { action: string; account: string; input: JsonObject };
  const fingerprint = digest(checked.value['data'] ?? null);
  const earlier = world.store.claim(SCOPE, key);
  if (earlier !== undefined) return replayed(earlier, fingerprint);
  const action = offerable(world.actions.action(name));
  if (!action.ok) return action;
  // The first proposal is the company's: one in its customer's name would be words put into their mouth.
  if (input['proposal'] !== undefined)
    return err(refusal('schema-violation', 'The company’s offer begins without a proposal.'));
  const valid = action.value.checkInput(input);
  if (!valid.ok) return valid;
  const invitation = await invitationFor(world, account, name);
  if (invitation === undefined)
    return err(refusal('not-found', 'No agent takes offers of this action for this account.'));
  const { agent, request, mandate, push } = invitation;
  const caller = { ...agent, proof: 'signature', evidence: request } as const;
  const made = born(
    world,
    { caller, id: operationId({ scope: SCOPE, key }), by: 'company' },
    action.value,
    valid.value,
    mandate,
  );
  const next = { ...made.next, pushes: [push] };
  const answer = { status: 202, body: JSON.stringify({ operation: next.id }) };
  const expiresAt = Math.floor(world.clock.now().getTime() / 1000) + LIMITS.idempotencyRetentionSeconds;
  const committed = await world.store.commit({
    claim: { scope: SCOPE, key, fingerprint, answer, expiresAt },
    operations: [{ next, expected: 0 }],
    records: made.records,
  });
  if (committed.ok) return ok({ operation: next.id, replayed: false });
  return committed.reason === 'claimed' ? replayed(committed.claim, fingerprint) : err(refusal('conflict'));
}

/** Only what is negotiated can be offered, and nothing that needs the customer's fresh consent. */
function offerable(action: Action | undefined): Result<Action, Refusal> {
  if (action === undefined) return err(refusal('not-found', 'There is no such action.'));
  const { kind, negotiable, step_up } = action.definition;
  if (kind === 'write' && negotiable.length > 0 && step_up === undefined) return ok(action);
  return err(refusal('schema-violation', 'The company cannot put this action to a customer: only what is negotiated.'));
}

/** The latest whose mandate still stands. */
async function invitationFor(world: World, account: string, action: string): Promise<Invitation | undefined> {
  const now = world.clock.now();
  for (const each of world.store.invitations(account)) {
    if (!each.actions.includes(action)) continue;
    const ended = await world.mandates.ended(each, now);
    if (ended.length === 0) return each;
  }
  return undefined;
}

function replayed(claim: Claim, fingerprint: string): Result<Proposed, Refusal> {
  if (claim.fingerprint !== fingerprint) return err(refusal('idempotency-key-reused'));
  const first: unknown = JSON.parse(claim.answer.body);
  const operation = typeof first === 'object' && first !== null && 'operation' in first ? String(first.operation) : '';
  return ok({ operation, replayed: true });
}
