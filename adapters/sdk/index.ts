/** What an adapter is: the only thing between Parley and a CRM. Import this from `parley-gateway/adapter`. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Money } from '../../protocol/base/money.ts';

/** A record in the CRM. `value` is opaque to everyone but the adapter; only the SDK's HTTP helper builds paths from it. */
export interface Ref {
  readonly type: string;
  readonly by: 'id' | 'external';
  readonly value: string;
}

export interface Snapshot<T extends JsonObject = JsonObject> {
  readonly ref: Ref;
  /** Changes if and only if the data does. */
  readonly version: string;
  readonly versionKind: 'etag' | 'timestamp' | 'counter' | 'hash';
  /** RFC 3339 UTC. */
  readonly readAt: string;
  /** By our names, with `id` and `account`: the account's id, the record's own for an account, null where it belongs to nobody. */
  readonly data: T;
}

/** What becomes of an agreed term: it is written; the recipe says why it is not; or this CRM has no field for it. */
export type TermUse = 'written' | 'unwritten' | 'no_field';

/** What one adapter can do for one action, declared; the conformance kit holds it to this. */
export interface Capability {
  readonly action: string;
  readonly version: string;
  readonly objects: readonly string[];
  readonly modes: readonly ('read' | 'write')[];
  /** The effect guarantee the engine acts on: how a write that may have happened is recognised. `none` is at most once plus a person. */
  readonly idempotency: 'key' | 'external_id' | 'lookup' | 'none';
  /** For `lookup`: how long after a write was sent the search surely shows it, the way there and the index included. Only where it is
   * told, a write that is not found after that time (and some more) is sent again: once, and after an older write of ours was found by
   * the same search. Without it a person settles it. */
  readonly settlesWithinMs?: number;
  readonly conflict: 'etag' | 'timestamp' | 'detect' | 'none';
  readonly reversal: 'undo' | 'compensate' | 'none';
  readonly preview: 'native' | 'computed';
  /** Each of the action's terms and what becomes of it; `*` for all. An action with terms is not offered where nothing is said. */
  readonly terms?: Readonly<Record<string, TermUse>>;
  /** Every write needs a person, whatever policy says: what the CRM does cannot be known well enough. */
  readonly forcesSignoff?: boolean;
  readonly stability: 'ga' | 'beta';
}

export interface AdapterManifest {
  readonly name: string;
  readonly version: string;
  /** Shown to people. */
  readonly title: string;
  /** By type, the fields of a record that it reads, in our names. An action that needs others is not offered. */
  readonly fields?: Readonly<Record<string, readonly string[]>>;
  readonly capabilities: readonly Capability[];
}

/** One field that would change. */
export interface Change {
  readonly ref: Ref;
  readonly field: string;
  readonly label: string;
  readonly from: Json;
  readonly to: Json;
  /** When the field is money, both sides as money, for people. */
  readonly money?: { readonly from: Money | null; readonly to: Money };
}

export interface PlanStep {
  readonly id: string;
  readonly action: string;
  /** One sentence for a person. */
  readonly summary: string;
  readonly changes: readonly Change[];
  readonly preconditions: readonly { readonly ref: Ref; readonly version: string }[];
  /** Derived from the operation and the step, never random: the same plan has the same key. */
  readonly idempotencyKey: string;
  readonly reversal: 'undo' | 'compensate' | 'none';
  /** The day it is to be carried out on, `2027-06-01`, or the first possible after it; left out for at once. Part of what people approve. */
  readonly not_before?: string;
  readonly payload: JsonObject;
}

/** A record that a plan was made from or will write. */
export interface Touched {
  /** `external` for one that is yet to be made. */
  readonly ref: Ref;
  /** Whose it is, as the CRM says; null where it is nobody's. */
  readonly account: string | null;
  readonly mode: 'read' | 'write';
}

/** What would be written: the thing people approve. Its digest (JCS, SHA-256, over this whole object) binds the approval. Deterministic: no clock in it. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  readonly warnings: readonly string[];
  /** Every record it rests on: the gateway carries out no plan that touches another's. Of one that does not say, the gateway reads each
   * record that the steps name. */
  readonly touched?: readonly Touched[];
}

export interface StepResult {
  readonly state: 'applied' | 'already_applied';
  readonly ref: Ref;
  readonly version: string;
  readonly providerRequestId?: string;
}

export type VerifyState = 'applied' | 'not_applied' | 'diverged' | 'unknown';
export interface Verification {
  readonly state: VerifyState;
  readonly after?: Snapshot;
  /** Planned values that the read-back does not show. */
  readonly diff: readonly Change[];
}

export interface PlanRequest {
  /** The operation's id: the root of every idempotency key. */
  readonly operation: string;
  readonly action: string;
  readonly input: JsonObject;
  /** The agreed terms, for negotiable actions. */
  readonly terms?: JsonObject;
  /** The day of asking, UTC: `2027-01-31`. */
  readonly asked_on?: string;
  /** Whose records it may be about. What a request names and can do without, it does without where it is another's. */
  readonly accounts?: readonly string[];
  /** Of a case for a person: `case_ref`, `respond_by`, `url` of its page, and as whole lines `head` (whose it is) and `said` (the end of the
   * talk, quoted). */
  readonly handoff?: JsonObject;
  /** Steps of this operation that were carried out before: the plan is of what is left, as if its own marks were not there. */
  readonly done?: readonly PlanStep[];
}

export type AdapterErrorCode =
  | 'retryable'
  | 'rate_limited'
  | 'conflict'
  | 'invalid'
  | 'unauthorised'
  | 'forbidden'
  | 'not_found'
  | 'unsupported'
  | 'unknown_outcome'
  | 'bug';

/** The only error an adapter may throw. `message` is safe to show: no tokens, no bodies. `unknown_outcome`: the write may have happened. */
export class AdapterError extends Error {
  override readonly name = 'AdapterError';
  readonly code: AdapterErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly fields: readonly { readonly path: string; readonly message: string }[];
  readonly providerRequestId: string | undefined;
  constructor(
    code: AdapterErrorCode,
    message: string,
    more: {
      retryAfterMs?: number;
      fields?: readonly { path: string; message: string }[];
      providerRequestId?: string;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.retryAfterMs = more.retryAfterMs;
    this.fields = more.fields ?? [];
    this.providerRequestId = more.providerRequestId;
  }
}

/** What an adapter is given for one call. Everything it needs of the world comes from here. */
export interface Ctx {
  readonly clock: () => Date;
  /** Aborted when the call must stop; honour it within a second. */
  readonly signal: AbortSignal;
  /** One line of structured log; never secrets or bodies. */
  readonly log: (event: string, fields?: JsonObject) => void;
}

export interface Health {
  readonly ok: boolean;
  readonly latencyMs: number;
  readonly detail?: string;
}

/** A record that was changed by whomever, in the CRM's order. */
export interface Changed {
  readonly ref: Ref;
  /** As {@link Snapshot.version}, where the CRM tells it with the change. */
  readonly version?: string;
  /** RFC 3339 UTC. */
  readonly at: string;
  /** Where to go on from after this one. Opaque to everyone but the adapter. */
  readonly cursor: string;
}

/** A change notice the CRM sent to `POST /crm/events`, as it arrived. */
export interface Notice {
  readonly method: string;
  /** The public address it was sent to: what a vendor's signature covers. */
  readonly url: string;
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/** A CRM behind Parley. `plan` structurally cannot write: it is handed to a client that refuses unsafe methods. */
export interface Adapter {
  readonly manifest: AdapterManifest;
  health(ctx: Ctx): Promise<Health>;
  discover(ctx: Ctx): Promise<readonly Capability[]>;
  /** Throws `AdapterError('not_found')`. */
  read(ctx: Ctx, ref: Ref): Promise<Snapshot>;
  plan(ctx: Ctx, request: PlanRequest): Promise<Plan>;
  /** Idempotent per `step.idempotencyKey`; re-checks `step.preconditions`. */
  execute(ctx: Ctx, step: PlanStep): Promise<StepResult>;
  /** Reads back; decides what happened to a step, never writes. */
  verify(ctx: Ctx, step: PlanStep): Promise<Verification>;
  /** Required when any capability declares `reversal: 'compensate'` or `'undo'`. */
  compensate?(ctx: Ctx, step: PlanStep, done: StepResult): Promise<StepResult>;
  /** Reads back a compensation; never writes. `applied`: what the step had written is taken back. `not_applied`: it is as the step left
   * it. Without it, what a step changed is compared with what was there before, and what a step made is a person's to look at. */
  verifyReversal?(ctx: Ctx, step: PlanStep, done: StepResult): Promise<Verification>;
  /** What was changed since the cursor, oldest first, and ends when there is no more now; without a cursor, from the earliest the CRM
   * still knows. A change is told at least once. Throws `invalid` for a cursor that is not one of its own. */
  changes?(ctx: Ctx, type: string, cursor?: string): AsyncIterable<Changed>;
  /** Checks the vendor's own signature on a notice and names the records it is about; `undefined` when it is not genuine.
   * A notice is a reason to read, never data. */
  notice?(ctx: Ctx, notice: Notice): Promise<readonly Ref[] | undefined>;
}
