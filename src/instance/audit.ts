/** The whole of what a database can be held to: its logs, one after the other, and the receipts of what has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '../../protocol/base/json.ts';
import { logOrigin } from '../../protocol/receipt/checkpoint.ts';
import { makeKeyring } from '../../protocol/receipt/keyring.ts';
import { auditLog, auditReceipts, type Finding } from '../ledger/audit.ts';
import { type Log, StoreUnavailable } from '../ports.ts';
import { auditSource, receiptSource } from '../store/audit-sqlite.ts';
import type { Handle } from '../store/handle.ts';
import { instanceTables } from '../store/instance-sqlite.ts';
import { isSignedBy } from './open.ts';

export interface Audited {
  readonly entries: number;
  readonly receipts: number;
}

export interface AuditDeps {
  readonly db: Handle;
  /** The gateway's public origin. */
  readonly origin: string;
  /** The company's public keys, those of before too. */
  readonly keys: readonly JsonObject[];
}

/** Findings as they come, `undefined` between slices. */
export async function* audit({ db, origin, keys }: AuditDeps): AsyncGenerator<Finding | undefined, Audited> {
  const first = logOrigin(origin);
  const keyring = await makeKeyring({ keys: { keys } }, undefined);
  let entries = 0;
  for (const epoch of instanceTables(db).epochs()) {
    const name = first + epoch.suffix;
    entries += yield* auditLog(auditSource(db, epoch), {
      origin: name,
      isSigned: (note) => isSignedBy(note, name, keys),
    });
  }
  const source = receiptSource(db);
  const receipts = yield* auditReceipts(source, { keys: keyring, hasEntry: source.hasEntry });
  return { entries, receipts };
}

/** Between two slices of a millisecond or two: a running gateway does not feel it. */
const PAUSE_MS = 20;

export interface RunningAudit {
  stop(): Promise<void>;
}

/** Looks at everything once, beside the work. */
export function auditBeside(
  deps: AuditDeps,
  { log, wrong }: { readonly log: Log; readonly wrong: (finding: Finding) => void },
): RunningAudit {
  let stopped = false;
  async function run(): Promise<void> {
    const steps = audit(deps);
    for (;;) {
      const { done, value } = await steps.next();
      if (stopped) return;
      if (done === true) return log('log.audited', { ...value });
      if (value === undefined) await sleep(PAUSE_MS, undefined, { ref: false });
      else wrong(value);
    }
  }
  const done = run().catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable))
      log('log.audit_failed', { error: error instanceof Error ? error.message : 'unknown' });
  });
  return {
    stop() {
      stopped = true;
      return done;
    },
  };
}
