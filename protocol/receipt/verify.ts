/** Verifying a receipt offline: no network, no clock, nothing of the server. */

import { RECORD_TYPE } from '../base/names.ts';
import { err, ok, type Result } from '../base/result.ts';
import { type JwsParts, parseCanonicalPayload, parseHeader, splitCompact, verifyJws } from '../base/strict-jws.ts';
import {
  type Check,
  type CheckName,
  check,
  checkAgreement,
  checkCompanyKey,
  checkLog,
  checkLogRecord,
  checkSignoff,
} from './checks.ts';
import { findKey, makeKeyring, type Trust } from './keyring.ts';
import { parseReceiptFile, parseReceiptPayload, type ReceiptPayload } from './receipt.ts';

export type { Json, JsonObject } from '../base/json.ts';
export type { CaseOutcome, Firmness, Schedule, ScheduleIssue, State } from '../operation.ts';
export type { Check, CheckName } from './checks.ts';
export type { Trust } from './keyring.ts';
export type {
  AgreementJws,
  ReceiptEffect,
  ReceiptFacts,
  ReceiptPayload,
  ReceiptSettled,
  ReceiptSignoff,
  ReceiptStep,
} from './receipt.ts';

export interface ReceiptTrust extends Trust {
  /** Accept a receipt that is signed but not yet proven to be in the log (its proof comes with the next checkpoint). Default: no. */
  readonly allowUnlogged?: boolean;
}

export type Verdict = 'valid' | 'invalid' | 'unknown-key';

export interface Verified {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** What the receipt says; only of a valid one. */
  readonly payload?: ReceiptPayload;
}

/** `invalid`: something in it is wrong, whoever signed it. `unknown-key`: all that could be checked is right, but who signed is
 * not established. `valid`: neither. Never throws for what is in the file. */
export async function verifyReceipt(file: unknown, trust: ReceiptTrust): Promise<Verified> {
  const parsed = parse(file);
  if (!parsed.ok) return conclude([check('format', false, '', parsed.error)]);
  const { payload, parts, kid, proof, keys } = parsed.value;
  const ring = await makeKeyring(trust, keys);
  const key = findKey(ring, kid, 'evidence');
  const checks = [
    check('format', true, `receipt of ${payload.operation}`, ''),
    checkCompanyKey(key, kid, payload.issued_at),
  ];
  if (key !== undefined) {
    const signed = await verifyJws(parts, key.jwk);
    checks.push(check('signature', signed, `signed ${payload.issued_at}`, 'the signature does not verify'));
  }
  checks.push(...(await checkAgreement(payload, ring)), ...checkSignoff(payload), checkLogRecord(payload));
  if (proof !== null) checks.push(...(await checkLog(payload, proof, ring)));
  else
    checks.push(
      check(
        'log_proof',
        trust.allowUnlogged === true,
        'not in the log yet',
        'not in the log yet: fetch the receipt again',
      ),
    );
  return conclude(checks, payload);
}

const ABOUT_TRUST: ReadonlySet<CheckName> = new Set<CheckName>(['company_key', 'log_key']);

function conclude(checks: readonly Check[], payload?: ReceiptPayload): Verified {
  const failed = checks.filter(({ ok }) => !ok);
  if (failed.some(({ name }) => !ABOUT_TRUST.has(name))) return { verdict: 'invalid', checks };
  if (failed.length > 0 || payload === undefined) return { verdict: 'unknown-key', checks };
  return { verdict: 'valid', checks, payload };
}

interface Parsed {
  readonly payload: ReceiptPayload;
  readonly parts: JwsParts;
  readonly kid: string;
  readonly proof: string | null;
  readonly keys: unknown;
}

function parse(source: unknown): Result<Parsed, string> {
  const file = parseReceiptFile(source);
  if (!file.ok) return err(`not a receipt file: ${file.error}`);
  const parts = splitCompact(file.value.receipt);
  const header = parts === undefined ? undefined : parseHeader(parts.protected);
  if (parts === undefined || header?.typ !== RECORD_TYPE.receipt || header.alg !== 'EdDSA' || header.jwk !== null) {
    return err('`receipt` is not a compact JWS of a receipt');
  }
  const payload = parseReceiptPayload(parseCanonicalPayload(parts.payload));
  if (!payload.ok) return err(`the receipt’s payload is not canonical or not complete: ${payload.error}`);
  return ok({ payload: payload.value, parts, kid: header.kid, proof: file.value.proof, keys: file.value.keys });
}
