/** The receipt: what was asked, decided, by whom, and done. Signed by the company, and committed to by the log.
 *
 * ```
 * payload   JCS of ReceiptPayload = { type, ...facts, log, issued_at }
 * receipt   compact JWS over it, header {alg: 'EdDSA', kid, typ: 'parley-receipt+jws'}, signed by an `evidence` key
 * leaf      JCS of payload.log.leaf: the log's record of the transition that ended the operation.
 *           leaf.facts = digest(facts), so that the log entry commits to every fact of the receipt
 * file      {"receipt": <JWS>, "proof": <tlog-proof of the leaf> | null, "keys": <JWK Set, a hint>}
 * ``` */
import { digest } from '../base/canonical.ts';
import type { JsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { URN } from '../base/names.ts';
import type { Result } from '../base/result.ts';
import {
  conform,
  listOf,
  matching,
  nullOr,
  object,
  objectWith,
  oneOf,
  record,
  type Shape,
  text,
} from '../base/shape.ts';
import { CASE_OUTCOMES, type CaseOutcome, type Schedule, STATES, type State } from '../operation.ts';
import { scheduleShape } from '../schedule.ts';

export const RECEIPT_TYPE = `${URN}:receipt:1`;

// Types, not interfaces, where a value becomes a JsonObject: interfaces have no implicit index signature.
export type ReceiptSignoff = {
  readonly plan_digest: string;
  readonly decision: 'approved' | 'rejected' | 'countered' | 'void' | 'expired';
  /** Salted commitment to the approver's id: the company can open it, nobody can guess it. Null where nobody decided. */
  readonly approver: string | null;
  readonly via: 'page' | 'webhook' | null;
  readonly decided_at: string;
  /** Why policy asked a person. */
  readonly reasons: readonly string[];
};

export type ReceiptSettled = {
  readonly case_ref: string;
  readonly outcome: CaseOutcome;
  readonly at: string;
  /** Salted commitments: to the id of the person who says so, and to their words to the agent. Null where there were none. */
  readonly approver: string;
  readonly told: string | null;
};

/** A write that was read back. */
export type ReceiptEffect = {
  readonly step: string;
  readonly idempotency_key: string;
  readonly ref: { readonly type: string; readonly by: 'id' | 'external'; readonly value: string };
  /** The record's revision afterwards. */
  readonly version: string;
  readonly state: 'applied' | 'already_applied';
  /** It was taken back, and that was read back too. */
  readonly reversed?: { readonly version: string; readonly state: 'applied' | 'already_applied' };
};

export type ReceiptStep = {
  readonly at: string;
  readonly from: State | null;
  readonly to: State;
  readonly event: string;
  readonly by: 'agent' | 'company' | 'person' | 'engine';
};

/** General JWS JSON (RFC 7515 §7.2.1) over the JCS bytes of the agreement payload. */
export type AgreementJws = {
  readonly payload: string;
  readonly signatures: readonly { readonly protected: string; readonly signature: string }[];
  /** Where a package was chosen: the schedule that the agreement names by its digest. */
  readonly schedule?: Schedule;
};

export type ReceiptFacts = {
  readonly operation: string;
  readonly action: string;
  readonly action_version: string;
  /** Origin of the company's gateway. */
  readonly company: string;
  /** RFC 7638 thumbprint of the agent's key. */
  readonly agent: string;
  /** Salted commitment to the principal's CRM reference; null when the action needs no mandate. */
  readonly principal: string | null;
  /** The agent's request as it was signed (RFC 9421): digest of its content, and both signature fields. */
  readonly request: { readonly content_digest: string; readonly signature_input: string; readonly signature: string };
  readonly mandate: { readonly digest: string; readonly tier: 'none' | 'principal' | 'company' } | null;
  readonly agreement: AgreementJws | null;
  readonly plan_digest: string | null;
  readonly sign_offs: readonly ReceiptSignoff[];
  readonly effects: readonly ReceiptEffect[];
  readonly output_digest: string | null;
  /** What a person says became of the case that was opened. */
  readonly settled?: ReceiptSettled;
  readonly state: State;
  readonly history: readonly ReceiptStep[];
};

export type ReceiptPayload = ReceiptFacts & {
  readonly type: typeof RECEIPT_TYPE;
  readonly issued_at: string;
  readonly log: {
    readonly origin: string;
    /** Thumbprint of the log's key when the receipt was issued. */
    readonly key: string;
    readonly leaf: JsonObject;
  };
};

export interface ReceiptFile {
  readonly receipt: string;
  /** Null until the next checkpoint. */
  readonly proof: string | null;
  /** The company's JWK Set at issue: a hint, trusted only as far as its thumbprints are. */
  readonly keys: { readonly keys: readonly { readonly [member: string]: unknown }[] };
}

/** What a log leaf commits to in its `facts` member. */
export function factsDigest(facts: ReceiptFacts): string {
  return digest(facts);
}

/** The facts of a payload: all but `type`, `log` and `issued_at`. */
export function factsOf(payload: ReceiptPayload): ReceiptFacts {
  const { type: _type, log: _log, issued_at: _issued, ...facts } = payload;
  return facts;
}

/** The payload to sign; `leaf` must carry `facts: factsDigest(facts)`. */
export function receiptPayload(facts: ReceiptFacts, log: ReceiptPayload['log'], issuedAt: string): ReceiptPayload {
  return { type: RECEIPT_TYPE, ...facts, log, issued_at: issuedAt };
}

export function receiptFile(
  receipt: string,
  proof: string | null,
  keys: { readonly keys: readonly JsonObject[] },
): ReceiptFile {
  return { receipt, proof, keys };
}

const sha256Digest = matching(/^sha-256:[A-Za-z0-9_-]{43}$/);
const thumbprint = matching(/^[A-Za-z0-9_-]{43}$/);
const time = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);

const signoffShape: Shape<ReceiptSignoff> = object<ReceiptSignoff>({
  plan_digest: sha256Digest,
  decision: oneOf(['approved', 'rejected', 'countered', 'void', 'expired']),
  approver: nullOr(sha256Digest),
  via: nullOr(oneOf(['page', 'webhook'])),
  decided_at: time,
  reasons: listOf(text),
});

const effectState = oneOf(['applied', 'already_applied']);
const effectShape: Shape<ReceiptEffect> = objectWith<
  Omit<ReceiptEffect, 'reversed'>,
  Required<Pick<ReceiptEffect, 'reversed'>>
>(
  {
    step: text,
    idempotency_key: text,
    ref: object({ type: text, by: oneOf(['id', 'external']), value: text }),
    version: text,
    state: effectState,
  },
  { reversed: object({ version: text, state: effectState }) },
);

const historyShape: Shape<ReceiptStep> = object<ReceiptStep>({
  at: time,
  from: nullOr(oneOf(STATES)),
  to: oneOf(STATES),
  event: text,
  by: oneOf(['agent', 'company', 'person', 'engine']),
});

const settledShape: Shape<ReceiptSettled> = object<ReceiptSettled>({
  case_ref: text,
  outcome: oneOf(CASE_OUTCOMES),
  at: time,
  approver: sha256Digest,
  told: nullOr(sha256Digest),
});

const payloadShape: Shape<ReceiptPayload> = objectWith<
  Omit<ReceiptPayload, 'settled'>,
  Required<Pick<ReceiptPayload, 'settled'>>
>(
  {
    type: oneOf([RECEIPT_TYPE]),
    operation: text,
    action: text,
    action_version: text,
    company: text,
    agent: thumbprint,
    principal: nullOr(sha256Digest),
    request: object({ content_digest: text, signature_input: text, signature: text }),
    mandate: nullOr(object({ digest: text, tier: oneOf(['none', 'principal', 'company']) })),
    agreement: nullOr(
      objectWith<Omit<AgreementJws, 'schedule'>, Required<Pick<AgreementJws, 'schedule'>>>(
        { payload: text, signatures: listOf(object({ protected: text, signature: text })) },
        { schedule: scheduleShape },
      ),
    ),
    plan_digest: nullOr(sha256Digest),
    sign_offs: listOf(signoffShape),
    effects: listOf(effectShape),
    output_digest: nullOr(sha256Digest),
    state: oneOf(STATES),
    history: listOf(historyShape),
    issued_at: time,
    log: object({ origin: text, key: thumbprint, leaf: record }),
  },
  { settled: settledShape },
);

const fileShape: Shape<ReceiptFile> = object<ReceiptFile>({
  receipt: text,
  proof: nullOr(text),
  keys: object({ keys: listOf(record) }),
});

/** The error is the path of the first misfit. */
export function parseReceiptPayload(value: unknown): Result<ReceiptPayload, string> {
  return conform(payloadShape, value);
}

export function parseReceiptFile(value: unknown): Result<ReceiptFile, string> {
  const file = conform(fileShape, value);
  if (file.ok && file.value.receipt.length > LIMITS.receiptBytesMax)
    return { ok: false, error: '$.receipt (too large)' };
  return file;
}
