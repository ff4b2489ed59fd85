import type { OfferId, OperationId, SignoffId } from './base/ids.ts';
import type { Json, JsonObject } from './base/json.ts';

/** The states of an operation (see the transition table in src/engine/transitions.ts). */
export const STATES = [
  'received',
  'negotiating',
  'agreed',
  'awaiting_signoff',
  'authorized',
  'scheduled',
  'executing',
  'completed',
  'rejected',
  'declined',
  'withdrawn',
  'expired',
  'handed_off',
  'unknown',
  'reconciling',
  'failed',
  'needs_human',
  'reversing',
  'reversed',
] as const;
export type State = (typeof STATES)[number];

/** No step leads on from these, except `handoff`, which is legal in every state. */
export const FINAL_STATES: ReadonlySet<State> = new Set([
  'completed',
  'rejected',
  'declined',
  'withdrawn',
  'expired',
  'handed_off',
  'failed',
  'reversed',
]);

export function isFinalState(state: State): boolean {
  return FINAL_STATES.has(state);
}

export type Party = 'agent' | 'company' | 'person';

/** `binding`: the company is bound if accepted in time. `indicative`: a person must still sign off. `held`: binding and reserved. */
export type Firmness = 'indicative' | 'binding' | 'held';

/** Typed terms of an offer: an instance of the action's terms schema. */
export type Terms = JsonObject;

/** The record under an offer of the company. */
export interface OfferFacts {
  /** The CRM's version of the record the offer was made from; null where the CRM has none. */
  readonly revision: string | null;
  /** Of the facts that the offer rests on. Salted: it says whether they are the same, not what they are. */
  readonly digest: string;
}

/** One issue of a schedule: what it may be. Values are as terms have them. */
export type ScheduleIssue = {
  readonly pointer: string;
  readonly values: readonly Json[];
};

/** A price for every package of a stated set: one value of each of the issues, all else as in the offer's terms. */
export type Schedule = {
  /** Pointer of the term that `prices` are values of. */
  readonly main: string;
  /** Where that term is money: what `prices` count; without `scale`, minor units. */
  readonly unit?: { readonly currency: string; readonly scale?: number };
  readonly issues: readonly ScheduleIssue[];
  /** One for every package: the first issue's values outermost, the last one's fastest. null: not offered. */
  readonly prices: readonly (number | string | null)[];
  /** Of every package that is not named in `indicative`. */
  readonly firmness: Firmness;
  /** Places in `prices`, rising: packages that a person must still sign off, or that a budget may have no room for. */
  readonly indicative: readonly number[];
};

/** With the company's signature, which binds it to its offer: compact JWS over the schedule payload. */
export type SignedSchedule = Schedule & { readonly jws: string };

/** Why an offer of the company is as it is. Made from what both sides see: never from a limit. */
export const REASON_CODES = [
  'as_asked',
  'matched',
  'moved_into_range',
  'not_open',
  'instead',
  'not_met',
  'better_with',
  'better_because',
  'binding',
  'held',
  'signoff',
  'confirmed_on_acceptance',
  'rounds_left',
  'by_person',
] as const;

export interface Reason {
  readonly code: (typeof REASON_CODES)[number];
  /** Signed with the offer, as the code is. */
  readonly params: JsonObject;
  /** The same as a sentence, from a template. */
  readonly words: string;
}

/** One offer or counter-offer on the wire. The company's are signed (`jws`); the agent's are covered by its request signature. */
export interface Offer {
  readonly id: OfferId;
  readonly parent: OfferId | null;
  readonly by: Party;
  readonly terms: Terms;
  /** {@link digest} of `terms`. */
  readonly terms_digest: string;
  readonly firmness: Firmness;
  /** RFC 3339 UTC. */
  readonly made_at: string;
  readonly expires_at: string;
  /** The company's offers stand on facts, and say so. Absent on the agent's own. */
  readonly facts?: OfferFacts;
  /** Absent on the agent's own. */
  readonly reasons?: readonly Reason[];
  /** The company's signature over the agreement payload this offer leads to: compact JWS with detached payload. Absent on the agent's own. */
  readonly jws?: string;
  /** Prices of other packages, one of which may be accepted in place of `terms`, which are one of them. */
  readonly schedule?: SignedSchedule;
  /** Untrusted free text beside the offer, quoted, never executed. Not part of what is signed. */
  readonly note?: string;
  /** The note was written by a language model, about this offer and no other (Regulation (EU) 2024/1689 Art. 50). */
  readonly note_by?: 'model';
}

/** What a person says became of a case. */
export const CASE_OUTCOMES = ['done', 'not_done', 'otherwise'] as const;
export type CaseOutcome = (typeof CASE_OUTCOMES)[number];

/** A step the agent may take now. */
export interface NextStep {
  readonly rel: 'counter' | 'accept' | 'withdraw' | 'handoff' | 'wait' | 'receipt' | 'read';
  readonly method: 'GET' | 'POST';
  readonly href: string;
}

export interface SignoffView {
  readonly id: SignoffId;
  readonly asked_at: string;
  readonly expires_at: string;
  readonly plan_digest: string;
  /** Why a person is asked: the policy's reasons. */
  readonly reasons: readonly string[];
  readonly decision?: 'approved' | 'rejected' | 'countered' | 'void' | 'expired';
  readonly decided_at?: string;
}

/** Words as something typed: what the company believes was meant by them. */
export type Reading =
  | { readonly kind: 'proposal' /** Partial terms. */; readonly terms: JsonObject }
  /** `about`: `price`, `range`, `time`, `signoff`, `identity`, `next`, `currency`, or pointers of terms; `terms`: the values it names. */
  | { readonly kind: 'question'; readonly about: readonly string[]; readonly terms?: JsonObject }
  /** Of one of these offers, or of a package of the one offer's schedule. */
  | { readonly kind: 'acceptance'; readonly offers: readonly OfferId[]; readonly choice?: JsonObject }
  | { readonly kind: 'person' | 'complaint' | 'withdrawal' | 'unclear' }
  | {
      readonly kind: 'contradiction';
      readonly between: readonly { readonly issue: string; readonly words: Json; readonly terms: Json }[];
    };

/** The typed form of what was understood: nothing counts before it is sent. */
export interface Confirmation {
  readonly rel: 'counter' | 'accept' | 'withdraw' | 'handoff';
  readonly method: 'POST';
  readonly href: string;
  /** Of an acceptance: without the agreement, which the agent signs. */
  readonly body: JsonObject;
}

/** The last words of the agent that came without terms, as the company understood them. Never binding. */
export interface ReadingView {
  readonly at: string;
  readonly by: 'rules' | 'model';
  readonly understood: Reading;
  /** "I understood: …", and the answer to it. */
  readonly words: string;
  readonly confirm: readonly Confirmation[];
}

/** Who speaks for the company. */
export interface NegotiatorView {
  /** An AI system (Regulation (EU) 2024/1689 Art. 50). */
  readonly kind: 'ai';
  readonly on_behalf_of: string;
  /** Where a person is reached, at any time; `handoff` calls one too. */
  readonly person: string;
}

/** What an agent sees of its operation: the body of every answer about it. */
export interface OperationView {
  readonly id: OperationId;
  readonly action: string;
  readonly action_version: string;
  readonly state: State;
  /** Grows with every change: the ETag of the operation. */
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly expires_at?: string;
  readonly turn?: 'agent' | 'company';
  readonly rounds_left?: number;
  /** What this is and is not, repeated each turn so that a model keeps its role. */
  readonly reminder?: string;
  readonly negotiator?: NegotiatorView;
  readonly offers?: readonly Offer[];
  readonly reading?: ReadingView;
  /** The company's offers that may be accepted now, each until its `expires_at`: alternatives of equal worth to the company, the last
   * being the one it believes suits best, and offers that are held. */
  readonly open_offers?: readonly OfferId[];
  /** General JWS JSON (RFC 7515 §7.2.1): the agent's signature, and the company's once it is bound. */
  readonly agreement?: JsonObject;
  readonly signoff?: SignoffView;
  /** What is left to do waits for its day, and is carried out then: `on` in the company's time zone, `at` the instant it begins. */
  readonly scheduled?: { readonly on: string; readonly at: string; readonly time_zone: string };
  readonly output?: JsonObject;
  /** RFC 9457 problem, when it did not succeed. */
  readonly problem?: JsonObject;
  readonly handoff?: {
    readonly case_ref: string;
    readonly asked_at: string;
    readonly respond_by: string;
    readonly channel: string;
    /** What became of the case, as a person at the company says. */
    readonly settled?: { readonly at: string; readonly outcome: CaseOutcome; readonly message?: string };
  };
  readonly next: readonly NextStep[];
}
