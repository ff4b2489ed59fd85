import { type Refusal, refusal } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import { idempotent, notHeld } from '../engine/idempotent.ts';
import { operationId } from '../engine/operation-id.ts';
import { born } from '../engine/submit.ts';
import type { Action, World } from '../engine/world.ts';
import type { Invitation } from '../ports.ts';

export interface Proposed {
  readonly operation: string;
  readonly replayed: boolean;
}

const SCOPE = 'company propose';

/** The company opens a talk: the same operation as if the customer's agent had asked, with the first turn swapped. It goes to an agent
 * that has invited offers for this account, under the mandate it came with; nothing is agreed before that agent signs. `key` is the
 * request's own id: the same request is one offer. */
export async function propose(world: World, key: string, body: Json): Promise<Result<Proposed, Refusal>> {
  const checked = world.actions.checkEnvelope('propose', body);
  if (!checked.ok) return checked;
  const data = checked.value['data'] as Offering;
  const keyed = { scope: SCOPE, key, content: ['propose', data] };
  const answered = await idempotent(world, keyed, async (keep) => {
    const made = await offerOf(world, key, data);
    if (!made.ok) return made;
    const { next, records } = made.value;
    const answer = { status: 202, body: JSON.stringify({ operation: next.id }) };
    const committed = await world.store.commit({ ...keep(answer), operations: [{ next, expected: 0 }], records });
    return notHeld(committed, answer);
  });
  if (!answered.ok) return answered;
  const first: unknown = JSON.parse(answered.value.body);
  const operation = typeof first === 'object' && first !== null && 'operation' in first ? String(first.operation) : '';
  return ok({ operation, replayed: answered.value.replayed });
}

interface Offering extends JsonObject {
  readonly action: string;
  readonly account: string;
  readonly input: JsonObject;
}

/** The operation an offer begins, with its ledger record. */
async function offerOf(world: World, key: string, { action: name, account, input }: Offering) {
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
  return ok({ next: { ...made.next, pushes: [push] }, records: made.records });
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
