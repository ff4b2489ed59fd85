import type { Refusal } from '../../protocol/base/errors.ts';
import { refusal } from '../../protocol/base/errors.ts';
import type { OperationId } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { dayIn } from '../../protocol/base/zone.ts';
import { isFreshConsent, type Proof, proofAllows, type Risk } from '../../protocol/mandate/mandate.ts';
import { commitment } from './commitment.ts';
import { demandsOf } from './demands.ts';
import type { MandateFacts, Operation } from './operation.ts';
import { idOf } from './operation-id.ts';
import { type Known, ownerOf } from './owner.ts';
import type { Demands } from './rules.ts';
import type { Action, Ask, StepResult, World } from './world.ts';

/** `submit`: a new operation, accepted and durable; its work begins after the answer. */
export async function submit(world: World, ask: Ask): Promise<StepResult> {
  const action = world.actions.action(ask.target);
  if (action === undefined) return err(refusal('not-found', 'There is no such action.'));
  if (world.actions.awaits?.(ask.target) === true) return err(abilityUnknown());
  const envelope = world.actions.checkEnvelope('submit', ask.body);
  if (!envelope.ok) return envelope;
  const input = action.checkInput(envelope.value['input'] ?? {});
  if (!input.ok) return input;
  const mandate = await permissionFor(world, ask, action, envelope.value['mandate']);
  if (!mandate.ok) return mandate;
  const met = meets(demandsOf(action, input.value), ask, mandate.value, world.clock.now());
  if (!met.ok) return met;
  const { language } = envelope.value;
  const asked = { ...ask, id: idOf(ask), ...(typeof language === 'string' ? { language } : {}) };
  return ok(born(world, asked, action, input.value, mandate.value));
}

/** So often the CRM is asked until it answers. */
const ABILITY_RETRY_SECONDS = 5;

const abilityUnknown = (): Refusal => ({
  ...refusal('unavailable', 'The company’s system of record cannot be asked yet whether it can do this.'),
  retryAfterSeconds: ABILITY_RETRY_SECONDS,
});

/** What needs no permission is asked for with none where the one that came with it does not stand. */
async function permissionFor(
  world: World,
  ask: Ask,
  action: Action,
  presented: unknown,
): Promise<Result<MandateFacts | null, Refusal>> {
  const accepted = await acceptMandate(world, ask, action, presented);
  return accepted.ok || action.definition.mandate === 'required' ? accepted : ok(null);
}

async function acceptMandate(
  world: World,
  ask: Ask,
  action: Action,
  presented: unknown,
): Promise<Result<MandateFacts | null, Refusal>> {
  if (typeof presented !== 'string') {
    const { grant } = ask.caller;
    if (grant !== undefined) {
      const [ended] = await world.mandates.ended({ mandate: grant }, world.clock.now());
      return ended === undefined ? ok(grant) : err(ended.refusal);
    }
    return action.definition.mandate === 'none' ? ok(null) : err(refusal('mandate-missing'));
  }
  return world.mandates.accept(presented, { nonce: ask.key, keyid: ask.caller.keyid, now: world.clock.now() });
}

/** Judged when it is asked: what the principal consented to does not grow stale while people at the company think. */
function meets(
  { risk, step_up }: Demands,
  { caller, target }: Ask,
  mandate: MandateFacts | null,
  now: Date,
): Result<void, Refusal> {
  const proven = provenEnough(caller.proof, risk);
  if (!proven.ok || step_up !== 'customer') return proven;
  return mandate !== null && isFreshConsent(mandate, target, now) ? ok(undefined) : err(refusal('consent-required'));
}

/** How strongly the caller is proven caps what it may ask for. */
export function provenEnough(proof: Proof, risk: Risk): Result<void, Refusal> {
  if (proofAllows(proof, risk)) return ok(undefined);
  return err(refusal('proof-too-weak', `This action is of risk ${risk}; the request was proven by ${proof}.`));
}

/** Who asked, as an operation keeps it. */
export type Asker = Pick<Ask['caller'], 'keyid' | 'via' | 'name' | 'token' | 'evidence'>;

/** The first state of every operation, with its ledger record. */
export function born(
  world: World,
  ask: Pick<Ask, 'conversation'> & {
    readonly caller: Asker;
    readonly id: OperationId;
    readonly by?: 'agent' | 'company';
    readonly language?: string;
  },
  action: Action,
  input: JsonObject,
  mandate: MandateFacts | null,
) {
  const { id, by = 'agent' } = ask;
  const now = world.clock.now();
  const at = now.toISOString();
  const salt = world.ids.secret(32);
  const text = input['message'];
  const next: Operation = {
    id,
    version: 1,
    state: 'received',
    action: action.definition.name,
    actionVersion: action.definition.version,
    createdAt: at,
    askedOn: dayIn(world.settings.timeZone, now.getTime()),
    zone: world.settings.timeZone,
    updatedAt: at,
    dueAt: now.getTime(),
    salt,
    agent: {
      keyid: ask.caller.keyid,
      via: ask.caller.via,
      ...(ask.caller.name === undefined ? {} : { name: ask.caller.name }),
      ...(ask.caller.token === undefined ? {} : { token: ask.caller.token }),
    },
    ...(ask.conversation === undefined ? {} : { conversation: ask.conversation }),
    ...(ask.language === undefined ? {} : { language: ask.language }),
    mandate,
    request: ask.caller.evidence,
    input,
    messages: typeof text === 'string' ? [{ at, by, text }] : [],
    signoffs: [],
    attempts: [],
    tries: 0,
    history: [{ at, from: null, to: 'received', event: 'submitted', by }],
  };
  const record = {
    type: 'transition',
    at,
    operation: id,
    version: 1,
    action: next.action,
    from: null,
    to: 'received',
    event: 'submitted',
    by,
    agent: ask.caller.keyid,
    request: next.request.digest,
    input: commitment(salt, input),
    ...(mandate === null ? {} : { mandate: mandate.digest, tier: mandate.tier }),
  };
  return { next, expected: 0, records: [record] };
}

/** Reads the caller's own operation. What belongs to others looks the same as what does not exist. */
export function ownOperation(world: World, caller: Known, id: string): Result<Operation, Refusal> {
  const found = world.store.operation(id);
  return found === undefined || ownerOf(found.agent) !== ownerOf(caller) ? err(refusal('not-found')) : ok(found);
}

/** The caller's own operation, as this request finds it: who asks again with a later token asks under that one. */
export function askedOperation(world: World, { caller, target }: Ask): Result<Operation, Refusal> {
  const own = ownOperation(world, caller, target);
  return own.ok ? ok(renewed(own.value, caller)) : own;
}

function renewed(operation: Operation, { token, grant }: Ask['caller']): Operation {
  // An owner's later token is of the same customer and the same server: the same permission, given again.
  if (token === undefined) return operation;
  const { agent, mandate } = operation;
  const later = { ...operation, agent: { ...agent, token } };
  return grant !== undefined && mandate?.form === 'token' ? { ...later, mandate: grant } : later;
}
