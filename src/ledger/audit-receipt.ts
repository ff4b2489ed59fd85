import { digest } from '../../protocol/base/canonical.ts';
import { parseCanonicalPayload, parseHeader, splitCompact, verifyJws } from '../../protocol/base/strict-jws.ts';
import { checkLogRecord } from '../../protocol/receipt/checks.ts';
import { findKey, type Keyring } from '../../protocol/receipt/keyring.ts';
import { parseReceiptPayload, type ReceiptPayload } from '../../protocol/receipt/receipt.ts';
import type { Operation } from '../engine/operation.ts';
import type { LedgerRecord } from '../ports.ts';
import { leafBytes } from './leaf.ts';
import { receiptFacts } from './receipts.ts';

export interface ReceiptTrust {
  /** The company's keys, those of before too. */
  readonly keys: Keyring;
  /** Whether the operation has exactly this entry. */
  readonly hasEntry: (operation: string, leaf: Uint8Array) => boolean;
}

/** What is wrong with an ended operation's receipt: whether the company signed it, the log has its entry, and the operation still is what
 * it says. */
export async function auditReceipt(operation: Operation, { keys, hasEntry }: ReceiptTrust): Promise<readonly string[]> {
  const parts = splitCompact(operation.receipt ?? '');
  const header = parts === undefined ? undefined : parseHeader(parts.protected);
  const key = header === undefined ? undefined : findKey(keys, header.kid, 'evidence');
  if (parts === undefined || header === undefined) return ['has a receipt that is none'];
  if (key === undefined) return [`has a receipt signed by a key that the company does not have (${header.kid})`];
  if (!(await verifyJws(parts, key.jwk))) return ['has a receipt whose signature does not verify'];
  const payload = parseReceiptPayload(parseCanonicalPayload(parts.payload));
  if (!payload.ok) return ['has a receipt of no known form'];
  const found: string[] = [];
  if (!checkLogRecord(payload.value).ok) found.push('has a receipt that its log entry does not commit to');
  // The leaf went into the log as this very record.
  else if (!hasEntry(operation.id, leafBytes(payload.value.log.leaf as unknown as LedgerRecord)))
    found.push('has a receipt whose entry is not in the log');
  const changed = changedSince(operation, payload.value);
  if (changed.length > 0) found.push(`is not what its receipt says: ${changed.join(', ')}`);
  return found;
}

/** Members of the receipt that the operation no longer bears out. A person may have been called since; nothing else may have changed. */
function changedSince(operation: Operation, payload: ReceiptPayload): readonly string[] {
  const now = receiptFacts(operation, payload.company);
  const history = now.history.slice(0, payload.history.length);
  const pairs: Readonly<Record<string, readonly [unknown, unknown]>> = {
    operation: [now.operation, payload.operation],
    action: [now.action, payload.action],
    agent: [now.agent, payload.agent],
    request: [now.request, payload.request],
    plan: [now.plan_digest, payload.plan_digest],
    effects: [now.effects, payload.effects],
    output: [now.output_digest, payload.output_digest],
    state: [now.state, payload.state],
    history: [history, payload.history],
    agreement: [now.agreement, payload.agreement],
    'sign-offs': [now.sign_offs, payload.sign_offs],
  };
  return Object.entries(pairs).flatMap(([name, [is, was]]) => (digest(is) === digest(was) ? [] : [name]));
}
