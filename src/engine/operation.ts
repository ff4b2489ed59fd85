import type { Plan, PlanStep, StepResult } from '../../adapters/sdk/index.ts';
import type { Refusal } from '../../protocol/base/errors.ts';
import type { OfferId, OperationId, SignoffId, Thumbprint } from '../../protocol/base/ids.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Money } from '../../protocol/base/money.ts';
import type { MandateConstraints, MandateFacts, Tier } from '../../protocol/mandate/mandate.ts';
import type {
  CaseOutcome,
  Confirmation,
  NegotiatorView,
  Offer,
  Party,
  ReadingView,
  State,
} from '../../protocol/operation.ts';

export type { MandateConstraints, MandateFacts, Tier };

/** Of what a stored plan looks like. */
export const PLAN_FORMAT = 1;

export interface Message {
  readonly at: string;
  readonly by: Party;
  /** Untrusted when `by` is agent: shown quoted, never executed. */
  readonly text: string;
  /** Who wrote it for the company: a language model, or nobody (a template). */
  readonly note_by?: 'model';
  readonly offer?: OfferId;
}

/** A reading, its confirmations without the addresses that a view gives them. */
export type StoredReading = Omit<ReadingView, 'confirm'> & {
  readonly confirm: readonly Pick<Confirmation, 'rel' | 'body'>[];
};

export interface Negotiation {
  readonly turn: 'agent' | 'company';
  /** The agent's last words wait to be read, and nothing else. */
  readonly unread?: true;
  readonly negotiator?: NegotiatorView;
  /** Company offers made so far. */
  readonly round: number;
  readonly expiresAt: string;
  readonly offers: readonly Offer[];
  /** By the id of a proposal of the agent's: the terms it left to what stood. */
  readonly unnamed?: Readonly<Record<string, readonly string[]>>;
  /** A person of the company was asked to decide at the talk's end, once. */
  readonly person?: { readonly askedAt: string; readonly answeredAt?: string };
  /** The CRM's facts that the company's last offers were made from. */
  readonly facts: JsonObject;
  /** The CRM's version of the record they were read at. */
  readonly revision?: string | null;
  /** What the company's offers rest on. */
  readonly grounds?: readonly Ground[];
  /** Offers whose ground has changed, and what of it: they can no longer be accepted. */
  readonly overtaken?: { readonly offers: readonly OfferId[]; readonly changed: readonly Changed[] };
}

/** Facts by `record.field`, as they were read; null where the record has nothing. */
export type Facts = JsonObject;

export interface Changed {
  /** `record.field` */
  readonly fact: string;
  readonly from: Json;
  readonly to: Json;
}

/** The facts under an offer, by the digest that the offer names. */
export interface Ground {
  readonly digest: string;
  readonly facts: Facts;
}

export interface Signoff {
  readonly id: SignoffId;
  readonly askedAt: string;
  readonly expiresAt: string;
  readonly planDigest: string;
  /** Policy reasons, shown to the person and recorded. */
  readonly reasons: readonly string[];
  readonly role: string;
  /** What of the authority had ended while it waited, as the company's endpoints were told. */
  readonly ended?: readonly string[];
  readonly decision?: {
    readonly kind: 'approved' | 'rejected' | 'countered' | 'void' | 'expired';
    readonly at: string;
    /** Approver id from configuration; absent for void and expired. */
    readonly by?: string;
    readonly via?: 'page' | 'webhook';
    /** For the company's people alone. */
    readonly reason?: string;
    /** What the customer's agent was told. */
    readonly message?: string;
  };
}

/** One write, from its intent to its outcome. Each member is set once it is known and says nothing of the later ones. */
export interface Phases {
  /** Set before the CRM is touched. */
  readonly intentAt: string;
  /** When last the answer to a write was lost: from then on it may have been made, or may yet arrive. */
  readonly doubtedAt?: string;
  /** The newest look that did not find it. */
  readonly absentAt?: string;
  /** When it was decided to send again what may have arrived. */
  readonly resentAt?: string;
  /** What the CRM answered to the write, not read back yet: it is never sent again. */
  readonly written?: StepResult;
  /** Set after it was read back. */
  readonly result?: StepResult;
}

/** A step that was begun, and its reversal where there is one. */
export interface Attempt extends Phases {
  readonly step: string;
  /** The step as it was planned again on its day: what was agreed on, on today's version of the record. Absent where it is as in the plan. */
  readonly as?: PlanStep;
  readonly reversal?: Phases;
}

/** After the end: whether what was written stays. Evidence for how much this action may do alone; nothing an agent sees. */
export interface Observation {
  /** Unix milliseconds. */
  readonly until: number;
  /** `superseded`: a later operation wrote the same record. `unknown`: the CRM could not be read to the end. */
  readonly outcome?: 'kept' | 'overturned' | 'superseded' | 'unknown';
  readonly at?: string;
}

/** A peer's address for news of one operation. */
export interface Push {
  readonly id: string;
  readonly url: string;
  /** Sent back as they were given; secrets of the peer's, never shown to anyone else. */
  readonly token?: string;
  readonly authentication?: { readonly scheme: string; readonly credentials: string };
}

/** The access token a caller was known by: what its right to ask rests on beside its key. */
export interface TokenFacts {
  readonly jti: string;
  readonly issuer: string;
  readonly client: string;
  readonly subject: string;
  /** Thumbprint of the authorisation server's key that signed it. */
  readonly issuerKey?: string;
  /** Thumbprint of the key it is bound to, of which a proof came with it (DPoP). */
  readonly boundTo?: string;
}

export interface Customer {
  /** The account's id in the CRM. */
  readonly account: string;
  readonly name?: string;
}

/** One asked-for action: durable, whole. Personal data lives only here, never in the log. */
export interface Operation {
  readonly id: OperationId;
  readonly version: number;
  readonly state: State;
  readonly action: string;
  readonly actionVersion: string;
  readonly createdAt: string;
  /** The day of asking in the company's zone; absent in operations from before it had one, whose days are UTC's. */
  readonly askedOn?: string;
  readonly zone?: string;
  readonly updatedAt: string;
  /** Unix milliseconds when the engine must look at it again (work to do, expiry); null when nothing is due. */
  readonly dueAt: number | null;
  /** Random, per operation: salts the log's commitments so that erasing the operation leaves nothing guessable. */
  readonly salt: string;
  readonly agent: {
    readonly keyid: Thumbprint;
    readonly name?: string;
    readonly via: string;
    /** The last it asked with; none where it signs its requests. */
    readonly token?: TokenFacts;
  };
  /** The agent's own name for the conversation, where its protocol has one. */
  readonly conversation?: string;
  /** The language the agent asked to be answered in (BCP 47). */
  readonly language?: string;
  /** Where the agent wants to be told of changes, besides asking. */
  readonly pushes?: readonly Push[];
  /** Tier and facts; `null` for actions that need no mandate. */
  readonly mandate: MandateFacts | null;
  readonly request: { readonly digest: string; readonly signature: string; readonly signatureInput: string };
  readonly input: JsonObject;
  /** Whose it is, as the CRM had it when a person was asked. */
  readonly customer?: Customer;
  /** The records the action is about, by the definition's names for them, as last read. */
  readonly records?: JsonObject;
  /** Of what type each is, by the same names; none in operations from before it was kept. */
  readonly recordTypes?: Readonly<Record<string, string>>;
  /** When they began to be read: what was written after that may not be in them. */
  readonly recordsAt?: string;
  /** What a check found. */
  readonly checked?: readonly Json[];
  readonly messages: readonly Message[];
  /** Of the last words without terms; any step after them ends it. */
  readonly reading?: StoredReading;
  readonly negotiation?: Negotiation;
  /** General JWS JSON over the agreement payload. */
  readonly agreement?: {
    /** Of the offer's schedule, where a package of it was accepted in place of the offer's terms. */
    readonly choice?: JsonObject;
    readonly payload: JsonObject;
    readonly offer: OfferId;
    readonly signatures: readonly JsonObject[];
  };
  readonly plan?: {
    readonly plan: Plan;
    readonly digest: string;
    readonly plannedAt: string;
    /** {@link PLAN_FORMAT} when it was made; absent in those from before it was counted, which look like the first. */
    readonly format?: number;
    /** What carrying it out grants the customer. */
    readonly granted?: Money;
  };
  readonly signoffs: readonly Signoff[];
  readonly attempts: readonly Attempt[];
  /** The day that what is left of the plan waits for, or waited for last. */
  readonly schedule?: { readonly on: string; readonly at: string; readonly timeZone: string };
  /** Tries of the current state's work (CRM reads, reconciliations): backs off. */
  readonly tries: number;
  readonly output?: JsonObject;
  readonly problem?: JsonObject;
  readonly handoff?: {
    readonly caseRef: string;
    readonly askedAt: string;
    readonly respondBy: string;
    readonly channel: string;
    readonly topic: string;
    readonly from: State;
    /** Where a person sees it; none in cases from before their tickets named it. */
    readonly page?: string;
    /** A person has said what became of it. */
    readonly settled?: {
      readonly at: string;
      /** Approver id from configuration. */
      readonly by: string;
      readonly outcome: CaseOutcome;
      /** In words made for the customer's agent. */
      readonly message?: string;
      /** For the company's people alone. */
      readonly note?: string;
    };
    /** It is the ticket of the case that the operation it is about has. */
    readonly beside?: true;
    /** What it is about, and how that stood then. */
    readonly about?: {
      readonly operation: OperationId;
      readonly action: string;
      readonly state: State;
      readonly account?: string;
      readonly customer?: string;
      readonly said: readonly Pick<Message, 'at' | 'by' | 'text'>[];
    };
  };
  /** A recommendation for the company's people: in no view, message or receipt. */
  readonly advice?: string;
  readonly receipt?: string;
  readonly observation?: Observation;
  readonly history: readonly {
    readonly at: string;
    readonly from: State | null;
    readonly to: State;
    readonly event: string;
    readonly by: Party | 'engine';
  }[];
}

/** An operation with its records as they are now. */
export interface Seen {
  readonly operation: Operation;
  /** The CRM's version of the first of them. */
  readonly revision: string | null;
}

/** Records that could not be seen. */
export interface NotSeen {
  readonly refusal: Refusal;
  /** Another look may help: not before `dueAt` (Unix milliseconds). */
  readonly passing: boolean;
  readonly dueAt: number;
  /** With the records that were read, and that nothing can be agreed on. */
  readonly seen?: Operation;
}
