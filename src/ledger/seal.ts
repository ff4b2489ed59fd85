import { base64url } from 'jose';
import { ok } from '../../protocol/base/result.ts';
import { isFinalState } from '../../protocol/operation.ts';
import { parseReceiptPayload } from '../../protocol/receipt/receipt.ts';
import type { Operation } from '../engine/operation.ts';
import type { Change, World } from '../engine/world.ts';
import type { Held } from '../ports.ts';
import { issueReceipt } from './receipts.ts';
import type { Ledger } from './sequencer.ts';

/** Every operation that ends, ends with a receipt: signed now, its leaf in the same transaction, its log proof at the next checkpoint. */
export async function sealed(world: World, each: Change): Promise<Change> {
  const { otherwise } = each;
  const change =
    otherwise === undefined
      ? each
      : {
          ...each,
          otherwise: async (held: Held) => {
            const instead = await otherwise(held);
            return instead.ok ? ok(await sealed(world, instead.value)) : instead;
          },
        };
  const { next, records } = change;
  const last = records.at(-1);
  if (!isFinalState(next.state) || next.receipt !== undefined || last === undefined) return change;
  const { origin: company, logOrigin } = world.settings;
  const { record, receipt } = await issueReceipt(next, last, { keys: world.keys, company, logOrigin });
  return { ...change, next: { ...next, receipt }, records: [...records.slice(0, -1), record] };
}

/** The log's proof of an ended operation; null until the checkpoint after its end. Of several logs, the one its receipt names. */
export async function proofOf(
  ledgers: readonly Pick<Ledger, 'proveRecord' | 'origin'>[],
  operation: Operation,
): Promise<string | null> {
  const part = operation.receipt?.split('.')[1];
  if (part === undefined) return null;
  const payload = parseReceiptPayload(JSON.parse(new TextDecoder().decode(base64url.decode(part))));
  if (!payload.ok) return null;
  // The leaf went into the log as this very record: reading it back from our own receipt is not parsing outside data.
  const { origin, leaf } = payload.value.log;
  const ledger = ledgers.find((each) => each.origin === origin);
  const proof = await ledger?.proveRecord(leaf as Parameters<Ledger['proveRecord']>[0]);
  return proof?.text ?? null;
}
