import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { recordName } from '../engine/dealings.ts';
import { idempotent, notHeld } from '../engine/idempotent.ts';
import type { Operation } from '../engine/operation.ts';
import { operationId } from '../engine/operation-id.ts';
import { born } from '../engine/submit.ts';
import type { Action, World } from '../engine/world.ts';
import type { Held, HoldSet, Invitation } from '../ports.ts';
import { OFFERS_PUSH } from './invite.ts';

/** What became of an offer that was asked for: told whenever it is asked for again by the same id. */
export interface Proposed extends JsonObject {
  readonly operation: string;
  readonly replayed: boolean;
  readonly state: string;
}

export interface ProposeDeps {
  /** Whether the company could make a first offer: the operation with the records it would be about. */
  readonly canBegin: (operation: Operation) => Promise<Result<Operation, Refusal>>;
  /** What became of a message. */
  readonly letter: (
    id: string,
  ) => { readonly state: string; readonly attempts: number; readonly at: string; readonly note: string } | undefined;
}

const SCOPE = 'company propose';

/** The company opens a talk: the same operation as if the customer's agent had asked, with the first turn swapped. It goes to an agent
 * that has invited offers for this account, under the mandate it came with; nothing is agreed before that agent signs. `key` is the
 * request's own id: the same request is one offer. */
export async function propose(
  world: World,
  deps: ProposeDeps,
  { key, body }: { readonly key: string; readonly body: Json },
): Promise<Result<Proposed, Refusal>> {
  const checked = world.actions.checkEnvelope('propose', body);
  if (!checked.ok) return checked;
  const data = checked.value['data'] as Offering;
  const keyed = { scope: SCOPE, key, content: ['propose', data] };
  const answered = await idempotent(world, keyed, async (keep) => {
    const made = await offerOf(world, deps, { key, data });
    if (!made.ok) return made;
    const { next, records, holds } = made.value;
    const answer = { status: 202, body: JSON.stringify({ operation: next.id }) };
    const operations = [{ next, expected: 0 }];
    const committed = await world.store.commit({ ...keep(answer), operations, records, holds });
    if (!committed.ok && committed.reason === 'held') return err(openAlready(world, committed));
    return notHeld(committed, answer);
  });
  if (!answered.ok) return answered;
  const first: unknown = JSON.parse(answered.value.body);
  const operation = typeof first === 'object' && first !== null && 'operation' in first ? String(first.operation) : '';
  return ok({ operation, replayed: answered.value.replayed, ...standing(world, deps, operation) });
}

/** Where it stands: the operation's state, and whether its agent could be told. */
function standing(world: World, { letter }: ProposeDeps, id: string): JsonObject & { readonly state: string } {
  const operation = world.store.operation(id);
  if (operation === undefined) return { state: 'forgotten' };
  const { state, problem, handoff, version } = operation;
  const announced = newestLetter(letter, { id, version });
  return {
    state,
    ...(problem === undefined ? {} : { problem }),
    ...(handoff === undefined ? {} : { case: handoff.caseRef }),
    ...(announced === undefined ? {} : { announced: { ...announced } }),
  };
}

/** Each version is announced under its own id: the newest there is. */
function newestLetter(
  letter: ProposeDeps['letter'],
  { id, version }: { readonly id: string; readonly version: number },
) {
  for (let each = version; each > 0; each -= 1) {
    const found = letter(`${id}.${each}.${OFFERS_PUSH}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Another offer about the same record is on its way: a customer is not asked twice at once. */
function openAlready(world: World, { by }: Held): Refusal {
  const other = by === null ? undefined : world.store.operation(by);
  return refusal('record-busy', 'An offer of the company about this record is open already.', {
    open: { operation: by, action: other?.action ?? '', state: other?.state ?? '' },
  });
}

interface Offering extends JsonObject {
  readonly action: string;
  readonly account: string;
  readonly input: JsonObject;
}

/** The operation an offer begins, with its ledger record. The records are looked at before anybody hears of it: who asks for an offer
 * about a record that is not there, is somebody else's or cannot be talked about hears that, and the customer nothing. */
async function offerOf(
  world: World,
  { canBegin }: ProposeDeps,
  { key, data: { action: name, account, input } }: { readonly key: string; readonly data: Offering },
) {
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
  const seen = await canBegin(made.next);
  if (!seen.ok) return seen;
  const [subject] = action.value.rules.subjects;
  const record = [seen.value.records?.[subject?.name ?? '']].flat()[0];
  if (subject === undefined || !isObject(record) || record['account'] !== account)
    return err(refusal('not-found', 'There is no such record of this account.'));
  const about = `talk:${name}/${recordName(subject.type, String(record['id']))}`;
  const held: HoldSet = {
    operation: made.next.id,
    kind: 'talk',
    holds: [{ name: about, amount: 1, limit: 1, lasts: 'operation' }],
  };
  return ok({ next: { ...made.next, pushes: [push] }, records: made.records, holds: [held] });
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
