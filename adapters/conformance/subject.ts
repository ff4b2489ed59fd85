/** What an adapter's author provides, in `adapters/<name>/kit.ts`, so that the conformance kit can hold the adapter to its manifest. */
import type { Dispatcher } from 'undici';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Adapter, Ref } from '../sdk/index.ts';

/** What can be ordered to go wrong. Kinds ending in `-after` do the work first.
 * `refuse` closes the connection unread; `slow` answers byte by byte, `ms` apart; `stale-read` shows the record as it was before its last change;
 * `partial` answers success to a write of which only a part was carried out; `429-bare` is a 429 without Retry-After. */
export const FAULT_KINDS = [
  'refuse',
  'hang',
  '500-before',
  '500-after',
  'reset-after',
  'hang-after',
  '429',
  '429-bare',
  '401',
  'slow',
  'bad-schema',
  'stale-read',
  'partial',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly op: 'read' | 'write' | 'any';
  readonly kind: FaultKind;
  /** How many matching requests meet it; 1 unless told. */
  readonly count?: number;
  readonly ms?: number;
}

export interface Effect {
  readonly key: string;
  readonly type: string;
  readonly id: string;
}

/** One valid request on a seeded record. */
export interface Prepared {
  readonly input: JsonObject;
  readonly terms?: JsonObject;
  /** The existing record it changes and an edit of it that a person could make meanwhile; absent for what only creates. */
  readonly about?: { readonly ref: Ref; readonly edit: JsonObject };
}

export interface Sample {
  readonly action: string;
  /** The `n`th request, each on another record for as long as there are any, and each with other values. */
  prepare(n: number): Prepared | Promise<Prepared>;
}

/** A request whose result must be exact to the last digit and day. */
export interface ExactCase {
  readonly title: string;
  readonly action: string;
  prepare(n: number): Prepared | Promise<Prepared>;
  /** Fields of the record afterwards, as {@link Rig.record} gives them. */
  readonly shows: JsonObject;
}

export interface TenantCase {
  readonly tenant: string;
  readonly ref: Ref;
  /** Text that only this tenant's record contains. */
  readonly marker: string;
}

/** A read that the adapter answers from several pages. */
export interface PagedCase {
  readonly ref: Ref;
  /** The array of ids in the snapshot's data. */
  readonly field: string;
  /** What is there all the time. */
  readonly ids: readonly string[];
  /** Adds or removes other members while the pages are read. */
  move(): Promise<void>;
}

/** Why a rule has nothing to judge. Refused where the adapter claims what the rule is about. */
export interface None {
  readonly none: string;
}

export interface AdapterOptions {
  /** Give it to the adapter's HTTP client: the kit counts what really leaves. */
  readonly dispatcher: Dispatcher;
  /** For an adapter that does not speak HTTP: tell what leaves, a statement for one, without its values, and wait for it before it leaves. */
  sent(method: string, path: string): Promise<void>;
  readonly timeoutMs?: number;
  readonly token?: string;
  readonly tenant?: string;
}

/** A running simulator or sandbox org, and the truth about it past the adapter. */
export interface Rig {
  makeAdapter(options: AdapterOptions): Adapter | Promise<Adapter>;
  /** Every applied change so far, oldest first, without those made by {@link edit}. */
  effects(): Promise<readonly Effect[]>;
  /** The record without revision and timestamps; fields named and typed as the adapter's `Change`s name and type them. */
  record(ref: Ref): Promise<JsonObject>;
  /** Changes a record as a person at the CRM would; rejects where a write under way keeps them from it. */
  edit(ref: Ref, fields: JsonObject): Promise<void>;
  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  /** The kinds this rig cannot do, each with the reason. */
  readonly unsupported: Readonly<Partial<Record<FaultKind, string>>>;
  /** Where tokens end: ends all that were issued so far, at the CRM. */
  expire?(): Promise<void>;
  /** Where the simulator is a process that keeps its data: `kill -9`, and a start at the same address. */
  readonly process?: { kill(): Promise<void>; restart(): Promise<void> };
  readonly samples: readonly Sample[];
  /** A well-formed reference to nothing. */
  absent(type: string): Ref;
  /** What must never be seen in a log or an error. */
  readonly secrets: readonly string[];
  /** Whether a request writes; by its method unless told. `body` is what it carries, for a CRM where everything is sent to one address. */
  writes?(method: string, path: string, body?: string): boolean;
  readonly tenants: (() => Promise<readonly [TenantCase, TenantCase]>) | None;
  readonly paged: PagedCase | None;
  readonly exact: readonly ExactCase[] | None;
  stop(): Promise<void>;
}

export interface KitSubject {
  readonly name: string;
  open(): Promise<Rig>;
}
