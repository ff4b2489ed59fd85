/** What the core needs of the world. Implementations are put together in wiring.ts and gateway.ts; tests pass their own. */
import type { IdKinds, Thumbprint } from '../protocol/base/ids.ts';
import type { Json, JsonObject } from '../protocol/base/json.ts';
import type { PersonPage } from './engine/case.ts';
import type { Dealing, DealingsOf } from './engine/dealings.ts';
import type { MandateFacts, Operation, Push } from './engine/operation.ts';

/** The only source of time. */
export interface Clock {
  now(): Date;
}

/** The only source of randomness. */
export interface Ids {
  make<K extends keyof IdKinds>(kind: K): IdKinds[K];
  /** Cryptographically random bytes, base64url. */
  secret(bytes: number): string;
}

/** One line of structured log an event. Never secrets, never a peer's payload. */
export type Log = (event: string, fields?: JsonObject) => void;

/** Purposes of the company's keys: a key serves one purpose only, and each has its own kid in the profile. */
export type KeyPurpose = 'answers' | 'evidence' | 'mandates' | 'log' | 'cards' | 'webhooks';

export interface Keys {
  /** RFC 7638 thumbprint of the purpose's current key. */
  kid(purpose: KeyPurpose): Thumbprint;
  /** Raw Ed25519 signature over bytes. */
  sign(purpose: KeyPurpose, bytes: Uint8Array): Uint8Array;
  /** Compact JWS over the JCS bytes of `payload` with `{alg: 'EdDSA', kid, typ}`. */
  jws(purpose: KeyPurpose, typ: string, payload: JsonObject): Promise<string>;
  /** Public keys as a JWK Set, each with `kid`, `use`-like member `parley_purpose`, `alg`, and validity `nbf`/`exp` (seconds) where limited. */
  jwks(): { readonly keys: readonly JsonObject[] };
}

/** An HTTP answer as it was first given: replayed byte for byte. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: string;
}

/** An idempotency key's claim: scope (agent and verb) + key → the request's fingerprint and its first answer. */
export interface Claim {
  readonly scope: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly answer: StoredAnswer;
  /** Unix seconds. Kept as a tombstone after that: an expired key is refused, never run again. */
  readonly expiresAt: number;
}

export interface Nonce {
  readonly keyid: string;
  readonly nonce: string;
  /** Unix seconds; may be forgotten after that. */
  readonly expiresAt: number;
}

/** A fact of the log: one per transition and per refusal that matters. No personal data, no free text: digests and pseudonyms only. */
export interface LedgerRecord {
  readonly type: string;
  readonly at: string;
  readonly operation?: string;
  readonly [member: string]: Json | undefined;
}

/** Root of the names of endpoints that peers gave for one operation: `push:` operation `/` configuration. */
export const PUSH_ENDPOINT = 'push:';

/** A message to the outside that survives restarts (webhooks). Delivered at least once, same id on every try. */
export interface Outgoing {
  readonly id: string;
  /** Which configured endpoint. */
  readonly endpoint: string;
  readonly type: string;
  readonly payload: JsonObject;
  /** Unix milliseconds of the first try. */
  readonly dueAt: number;
}

export type HoldKind = 'budget' | 'record' | 'claim' | 'mandate' | 'grant' | 'people' | 'talk';

/** One thing an operation holds so that no other may have it too. */
export interface Hold {
  /** One namespace for all kinds: it begins with the kind (`claim:refund/order/0815`). */
  readonly name: string;
  readonly amount: number;
  /** More than this under the name in all is refused. Null: counted, not refused. */
  readonly limit: number | null;
  /** Unix milliseconds, half-open: may not overlap another span under the same name. */
  readonly span?: { readonly from: number; readonly to: number };
  /** `operation`: given back at its end. `effect`: kept where it had, or may have had, its effect. `always`: spent, whatever becomes of it. */
  readonly lasts: 'operation' | 'effect' | 'always';
}

/** All that an operation holds of a kind from now on; an empty list gives back what it held of it. */
export interface HoldSet {
  readonly operation: string;
  readonly kind: HoldKind;
  readonly holds: readonly Hold[];
}

/** An operation that ends gives back what it no longer holds: everything, or what lasts no longer than itself. */
export interface Release {
  readonly operation: string;
  readonly what: 'all' | 'operation';
}

/** Who holds what under a name. */
export interface Holder {
  readonly operation: string;
  readonly kind: HoldKind;
  readonly amount: number;
  readonly span?: Hold['span'];
}

/** What a unit would hold is another's, or more than there is. */
export interface Held {
  readonly ok: false;
  readonly reason: 'held';
  readonly kind: HoldKind;
  readonly name: string;
  /** One other operation that holds it; null where it is more than there is for anybody. */
  readonly by: string | null;
}

/** Something kept across operations, written if nobody else has written it since it was read. */
export interface Remember {
  readonly name: string;
  /** The version read; 0 for what is new. */
  readonly expected: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly doc: JsonObject;
}

export interface Remembered {
  readonly version: number;
  /** Unix milliseconds: when it was written. */
  readonly at: number;
  readonly doc: JsonObject;
}

/** Everything one step changes, as data: written in one transaction, all or nothing, durable when the promise resolves. */
export interface Unit {
  readonly nonce?: Nonce;
  readonly claim?: Claim;
  /** Compare and set: `expected` is the version read, 0 for a new operation. */
  readonly operations?: readonly { readonly next: Operation; readonly expected: number }[];
  readonly records?: readonly LedgerRecord[];
  readonly outgoing?: readonly Outgoing[];
  /** Replaces the agent's last. */
  readonly invitation?: Invitation;
  readonly holds?: readonly HoldSet[];
  readonly releases?: readonly Release[];
  readonly memory?: Remember;
}

export type Committed =
  | { readonly ok: true }
  /** The nonce was used before. Nothing was written. */
  | { readonly ok: false; readonly reason: 'replayed' }
  /** The key is claimed. Nothing was written but the nonce. */
  | { readonly ok: false; readonly reason: 'claimed'; readonly claim: Claim }
  /** Somebody else moved the operation. Nothing was written. */
  | { readonly ok: false; readonly reason: 'stale' }
  /** Nothing was written. */
  | Held;

export interface RegisteredAgent {
  readonly keyid: Thumbprint;
  readonly jwk: JsonObject;
  readonly name: string;
  readonly contact?: string;
  readonly registeredAt: string;
  /** Where it came from, as long as nothing else of it is kept. */
  readonly unused?: string;
}

/** A registration of which nothing came yet. */
export interface UnusedAgent {
  readonly keyid: string;
  readonly site: string;
  readonly registeredAt: string;
  /** Of its document. */
  readonly bytes: number;
}

/** An agent's wish to be told of the company's offers, with the permission it acts under. */
export interface Invitation {
  readonly id: string;
  readonly agent: Operation['agent'];
  readonly accounts: readonly string[];
  readonly actions: readonly string[];
  readonly mandate: MandateFacts;
  readonly push: Push;
  /** The agent's signed request for it. */
  readonly request: Operation['request'];
  readonly at: string;
}

/** A page of one agent's operations. */
export interface AgentPage {
  readonly limit: number;
  /** Where the last page ended: `updatedAt` and id of its last operation. */
  readonly after?: { readonly at: string; readonly id: string };
  readonly states?: readonly string[];
  readonly conversation?: string;
  /** RFC 3339: changed at or after. */
  readonly since?: string;
}

/** What can be revoked: a key by its thumbprint, a mandate, delegation or access token by its `jti`, and all that a customer (the `sub` of
 * mandates and tokens), an issuer (`iss`) or a client (`iss`, a space, `client_id`) has given or holds. */
export const REVOCATION_KINDS = ['key', 'mandate', 'subject', 'issuer', 'client'] as const;
export type RevocationKind = (typeof REVOCATION_KINDS)[number];

/** The store cannot take what it was asked to write, and wrote nothing of it. `full`: there is no room. `busy`: another process holds it.
 * `closed`: this process must not use it any more. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly reason: 'full' | 'busy' | 'closed';
  constructor(reason: StoreUnavailable['reason'], cause?: unknown) {
    super(`the store is ${reason}`, { cause });
    this.reason = reason;
  }
}

/** A due operation in the order of its work. */
export interface DuePlace {
  readonly id: string;
  /** Unix ms. */
  readonly dueAt: number;
}

/** Durable state. Rejects with {@link StoreUnavailable} what it cannot take now. Units that arrive together share one fsync; a refused unit never fails its neighbours. */
export interface Store {
  commit(unit: Unit): Promise<Committed>;
  /** Durable only with a later commit: enough for reads' nonces. True when the nonce was new. */
  spend(nonce: Nonce): Promise<boolean>;
  operation(id: string): Operation | undefined;
  claim(scope: string, key: string): Claim | undefined;
  /** Operations whose `dueAt` has passed, oldest first. */
  due(nowMs: number, limit: number): readonly Operation[];
  /** Where they stand in that order, after a place. */
  duePlaces(nowMs: number, limit: number, after?: DuePlace): readonly DuePlace[];
  /** Operations that wait for something and were last changed after this time, RFC 3339: the clock was ahead then. */
  changedAfter(at: string, limit: number): readonly Operation[];
  /** Operations in a state, newest first. */
  inState(states: readonly string[], limit: number): readonly Operation[];
  /** Newest first. */
  newest(limit: number): readonly Operation[];
  /** The operations of one owner (`engine/owner.ts`), last changed first, with how many there are in all. */
  ofAgent(owner: string, page: AgentPage): { readonly operations: readonly Operation[]; readonly total: number };
  /** Whatever waits for a person of the company, the nearest time first, with how much there is in all. */
  forPerson(page: PersonPage): { readonly operations: readonly Operation[]; readonly total: number };
  bySignoff(id: string): Operation | undefined;
  agent(keyid: string): RegisteredAgent | undefined;
  saveAgent(agent: RegisteredAgent, at: string): Promise<void>;
  /** Registrations that nothing came of yet, the earliest first. */
  unusedAgents(): readonly UnusedAgent[];
  /** Forgets those of them that are still unused; which. */
  forgetUnused(keyids: readonly string[]): Promise<readonly string[]>;
  /** Invitations for an account, newest first. */
  invitations(account: string): readonly Invitation[];
  /** Forgets an agent's invitation. */
  uninvite(keyid: string, at: string): Promise<void>;
  /** What is kept under a name across operations. */
  remembered(name: string): Remembered | undefined;
  /** What was done through us to a record, for an account, by an agent or under an issuer's mandates: the earliest first. */
  dealings(of: DealingsOf): readonly Dealing[];
  /** Who holds something under a name, first come first. */
  heldBy(name: string): readonly Holder[];
  /** Whether nothing is left under a name of this limit. How much is left, nobody is told. */
  isExhausted(name: string, limit: number): boolean;
  isRevoked(kind: RevocationKind, id: string): boolean;
  revoke(kind: RevocationKind, id: string, at: string, reason: string): Promise<void>;
}
