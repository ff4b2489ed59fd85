import type { Adapter } from '../../adapters/sdk/index.ts';
import type { Refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Result } from '../../protocol/base/result.ts';
import type { Proof } from '../../protocol/mandate/mandate.ts';
import type { Clock, Held, HoldSet, Ids, Keys, LedgerRecord, Log, Nonce, Outgoing, Remember, Store } from '../ports.ts';
import type { Basis, Ended } from './grounds.ts';
import type { MandateFacts, Operation, TokenFacts } from './operation.ts';
import type { ActionRules, Demands } from './rules.ts';

/** Who asks, proven: the outcome of the identity step. */
export interface Caller {
  readonly keyid: Operation['agent']['keyid'];
  readonly proof: Proof;
  readonly name?: string;
  readonly via: string;
  /** Spent with the change; a bearer token has none. */
  readonly nonce?: Nonce;
  /** A mandate given by the caller's own access token; one that is presented with the request counts before it. */
  readonly grant?: MandateFacts;
  /** The access token it is known by. */
  readonly token?: TokenFacts;
  readonly evidence: Operation['request'];
}

/** One request to change something, in the form every binding translates to. */
export interface Ask {
  readonly caller: Caller;
  readonly verb: Verb;
  /** The action's name for `submit`, the operation's id otherwise. */
  readonly target: string;
  /** Idempotency key, already checked for form. */
  readonly key: string;
  readonly body: Json;
  /** The peer's own name for the conversation this belongs to; groups its operations, decides nothing. */
  readonly conversation?: string;
}

export type Verb = 'submit' | 'offers' | 'accept' | 'withdraw' | 'handoff';

/** What a step wants written. */
export interface Change {
  readonly next: Operation;
  readonly expected: number;
  readonly records: readonly LedgerRecord[];
  readonly outgoing?: readonly Outgoing[];
  /** What the operation holds from now on, of each kind named here. */
  readonly holds?: readonly HoldSet[];
  /** What is remembered beyond the operation: written elsewhere meanwhile, the step is decided again. */
  readonly memory?: Remember;
  /** What is done instead, or how the step is refused, when others hold it; without it the step is refused as `offer-unavailable`. */
  readonly otherwise?: (held: Held) => StepResult | Promise<StepResult>;
  /** The asker is refused, and this is written all the same: what the refusal found out. */
  readonly refused?: Refusal;
  /** Others that are born with this one (a handoff's CRM case) or moved by it; none of them ends. */
  readonly beside?: readonly { readonly next: Operation; readonly expected: number }[];
}

export type StepResult = Result<Change, Refusal>;

/** One thing an action's terms leave open to a negotiation. */
export type Issue = {
  /** JSON Pointer into the action's terms. */
  readonly pointer: string;
  readonly label: string;
  readonly kind: 'money' | 'months' | 'count' | 'date' | 'days' | 'percent' | 'choice';
  /** Which way every customer's wishes run; left out where they differ. */
  readonly better_for_customer?: 'lower' | 'higher';
  /** The values of a choice. */
  readonly choices?: readonly string[];
  /** Where the CRM's record has today's value; the same pointer when left out. */
  readonly record?: string;
  /** Of money that is a unit price: how many digits after the point it may have. */
  readonly decimals?: number;
  /** Where the record has the value it is to change to, if it is: terms begin after that. */
  readonly planned?: string;
  /** A date's starting point: so many days after the record's. */
  readonly days_after?: number;
  /** What stands where the record has nothing. */
  readonly default?: Json;
};

/** For people: what is asked, what approving it means, how it is taken back, and the law it serves. */
export interface Words {
  readonly request: string;
  readonly approval: string;
  readonly reversal: string;
  readonly law?: string;
}

export interface ActionDefinition extends Demands {
  readonly words?: Words;
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly kind: 'write' | 'check' | 'read' | 'handoff';
  readonly mandate: 'required' | 'none';
  readonly negotiable: readonly Issue[];
  /** JSON Schema of the terms, for an action that has any. */
  readonly terms?: JsonObject;
}

/** An action as the core uses it: its definition and its compiled schemas. */
export interface Action {
  readonly definition: ActionDefinition;
  readonly rules: ActionRules;
  checkInput(value: Json): Result<JsonObject, Refusal>;
  checkTerms(value: Json): Result<JsonObject, Refusal>;
  checkPartialTerms(value: Json): Result<JsonObject, Refusal>;
  checkOutput(value: Json): Result<JsonObject, Refusal>;
}

export interface Actions {
  /** The offered action of this name; with a version, also one that an operation began with and that is no longer offered. */
  action(name: string, version?: string): Action | undefined;
  /** Whether it waits until it is known that the CRM can do it; left out where that is never asked. */
  awaits?(name: string): boolean;
  checkEnvelope(verb: Verb | 'invite' | 'propose', value: Json): Result<JsonObject, Refusal>;
}

export interface Mandates {
  /** Verifies a presentation made for this request (nonce = its idempotency key) by this key. */
  accept(
    presented: string,
    bound: { readonly nonce: string; readonly keyid: string; readonly now: Date },
  ): Promise<Result<MandateFacts, Refusal>>;
  /** What of all that an authority rests on has ended, read afresh; the gravest first. What cannot be read has. */
  ended(basis: Basis, now: Date): Promise<readonly Ended[]>;
}

export interface Settings {
  /** The gateway's public origin, e.g. `https://parley.example`. */
  readonly origin: string;
  readonly company: string;
  /** IANA: a day begins when it begins there. */
  readonly timeZone: string;
  /** Origin line of the log's checkpoints (C2SP tlog-checkpoint): a schema-less name. */
  readonly logOrigin: string;
  /** Unix ms of the last time an older copy of the records was put back: what was done after that copy, only the CRM knows. */
  readonly restoredAt?: number;
  /** How long after its end an operation can be read, where that is longer than published by default. */
  readonly operationDays?: number;
  readonly human: { readonly channel: string; readonly respondWithinMinutes: number; readonly hours: string };
  /** Webhook endpoint names that want events. */
  readonly endpoints: readonly string[];
  readonly signoffLifetimeSeconds: number;
  /** How long after its end an operation's records are looked at; 0 is never. */
  readonly observationDays: number;
  /** By type: what holds of a record where the CRM says nothing, in our names. */
  readonly recordDefaults?: Readonly<Record<string, JsonObject>>;
}

/** Everything a step may use. */
export interface World {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly store: Store;
  readonly keys: Keys;
  readonly crm: Adapter;
  readonly actions: Actions;
  readonly mandates: Mandates;
  readonly settings: Settings;
}

/** The action as it was defined when the operation began. */
export function actionOf(world: Pick<World, 'actions'>, operation: Operation): Action | undefined {
  return world.actions.action(operation.action, operation.actionVersion);
}

/** A webhook event to every endpoint that wants them. */
export function notify(world: World, type: string, payload: JsonObject): Outgoing[] {
  const now = world.clock.now();
  return world.settings.endpoints.map((endpoint) => ({
    id: world.ids.make('ev'),
    endpoint,
    type,
    payload: { type, timestamp: now.toISOString(), data: payload },
    dueAt: now.getTime(),
  }));
}
