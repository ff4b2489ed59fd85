/** From an operation that has ended to its receipt. */
import { base64url } from 'jose';
import { canonicalBytes, digest } from '../../protocol/base/canonical.ts';
import { RECORD_TYPE } from '../../protocol/base/names.ts';
import {
  type AgreementJws,
  factsDigest,
  type ReceiptEffect,
  type ReceiptFacts,
  type ReceiptSignoff,
  receiptPayload,
} from '../../protocol/receipt/receipt.ts';
import { unsigned } from '../../protocol/schedule.ts';
import { commitment } from '../engine/commitment.ts';
import type { Operation } from '../engine/operation.ts';
import type { Keys, LedgerRecord } from '../ports.ts';
import { leafObject } from './leaf.ts';

/** What a receipt says about an operation. Pure: the same operation always gives the same facts. */
export function receiptFacts(operation: Operation, company: string): ReceiptFacts {
  const { mandate, agreement, salt } = operation;
  return {
    operation: operation.id,
    action: operation.action,
    action_version: operation.actionVersion,
    company,
    agent: operation.agent.keyid,
    principal: mandate === null ? null : commitment(salt, mandate.subject),
    request: {
      content_digest: operation.request.digest,
      signature_input: operation.request.signatureInput,
      signature: operation.request.signature,
    },
    mandate: mandate === null ? null : { digest: mandate.digest, tier: mandate.tier },
    agreement: agreement?.signatures.length === 2 ? agreementFacts(agreement, operation) : null,
    plan_digest: operation.plan?.digest ?? null,
    sign_offs: operation.signoffs.flatMap((signoff) => signoffFacts(signoff, salt)),
    effects: operation.attempts.flatMap((attempt) => effectFacts(attempt, operation)),
    output_digest: operation.output === undefined ? null : digest(operation.output),
    ...settledFacts(operation),
    state: operation.state,
    history: operation.history.map(({ at, from, to, event, by }) => ({ at, from, to, event, by })),
  };
}

function settledFacts({ handoff, salt }: Operation): Pick<ReceiptFacts, 'settled'> {
  if (handoff?.settled === undefined) return {};
  const { outcome, at, by, message } = handoff.settled;
  const told = message === undefined ? null : commitment(salt, message);
  return { settled: { case_ref: handoff.caseRef, outcome, at, approver: commitment(salt, by), told } };
}

export interface IssuedReceipt {
  /** The transition's record, now committing to the receipt: to be logged in its place. */
  readonly record: LedgerRecord;
  /** Compact JWS. */
  readonly receipt: string;
}

export interface ReceiptIssuer {
  readonly keys: Pick<Keys, 'kid' | 'jws'>;
  /** The gateway's public origin. */
  readonly company: string;
  /** The log's origin line. */
  readonly logOrigin: string;
}

/** Signs the receipt of the transition that ended `operation`. Write both results in that transition's own transaction. */
export async function issueReceipt(
  operation: Operation,
  transition: LedgerRecord,
  issuer: ReceiptIssuer,
): Promise<IssuedReceipt> {
  const facts = receiptFacts(operation, issuer.company);
  const record = { ...transition, facts: factsDigest(facts) };
  const log = { origin: issuer.logOrigin, key: issuer.keys.kid('log'), leaf: leafObject(record) };
  const receipt = await issuer.keys.jws(
    'evidence',
    RECORD_TYPE.receipt,
    receiptPayload(facts, log, operation.updatedAt),
  );
  return { record, receipt };
}

/** An acceptance that the company has not signed yet is not an agreement. */
function agreementFacts(
  { payload, signatures, offer, choice }: NonNullable<Operation['agreement']>,
  { negotiation }: Operation,
): AgreementJws {
  const schedule = choice === undefined ? undefined : negotiation?.offers.find(({ id }) => id === offer)?.schedule;
  return {
    payload: base64url.encode(canonicalBytes(payload)),
    signatures: signatures.map((each) => ({
      protected: String(each['protected']),
      signature: String(each['signature']),
    })),
    ...(schedule === undefined ? {} : { schedule: unsigned(schedule) }),
  };
}

function signoffFacts(
  { planDigest, reasons, decision }: Operation['signoffs'][number],
  salt: string,
): ReceiptSignoff[] {
  if (decision === undefined) return [];
  return [
    {
      plan_digest: planDigest,
      decision: decision.kind,
      approver: decision.by === undefined ? null : commitment(salt, decision.by),
      via: decision.via ?? null,
      decided_at: decision.at,
      reasons,
    },
  ];
}

function effectFacts({ step, result, reversal }: Operation['attempts'][number], operation: Operation): ReceiptEffect[] {
  const planned = operation.plan?.plan.steps.find(({ id }) => id === step);
  if (result === undefined || planned === undefined) return [];
  const { ref, version, state } = result;
  return [
    {
      step,
      idempotency_key: planned.idempotencyKey,
      ref: { type: ref.type, by: ref.by, value: ref.value },
      version,
      state,
      ...(reversal?.result === undefined
        ? {}
        : { reversed: { version: reversal.result.version, state: reversal.result.state } }),
    },
  ];
}
