import { canonicalBytes } from '../../protocol/base/canonical.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { LedgerRecord } from '../ports.ts';

/** The bytes of a record in the log: its JCS text. Throws `RangeError` for one that entry bundles cannot carry. */
export function leafBytes(record: LedgerRecord): Uint8Array {
  const bytes = canonicalBytes(record);
  if (bytes.length > LIMITS.logEntryBytesMax)
    throw new RangeError(`a log record may have ${LIMITS.logEntryBytesMax} bytes`);
  return bytes;
}

/** The record as it stands in the log. Throws `TypeError` for a member without a value, as {@link leafBytes} does. */
export function leafObject(record: LedgerRecord): JsonObject {
  const members = Object.entries(record).map(([name, value]) => {
    if (value === undefined) throw new TypeError(`the log record's ${name} has no value`);
    return [name, value] as const;
  });
  return Object.fromEntries(members);
}
