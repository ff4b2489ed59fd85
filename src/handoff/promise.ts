import type { ProblemCode } from '../../protocol/base/errors.ts';
import { ok } from '../../protocol/base/result.ts';
import { agreedOffer } from '../engine/agreement.ts';
import { changedUnderAgreement, isPrincipals } from '../engine/facts.ts';
import type { Operation } from '../engine/operation.ts';
import type { Change, World } from '../engine/world.ts';
import { callPerson } from './handoff.ts';

/** The customer's own permission ended, or a person decided. Not that nobody can tell whether it has: no fault of theirs. */
const ENDS_A_PROMISE: ReadonlySet<string> = new Set<ProblemCode>([
  'mandate-missing',
  'mandate-invalid',
  'mandate-exceeded',
  'mandate-revoked',
  'consent-required',
  'key-revoked',
  'forbidden',
]);

/** What the company promised is not refused because of what became of the record: a person settles it. What the customer's own later
 * request made of it is no promise broken. `look`: the operation with its records as they are now. */
export async function keepPromise(world: World, given: Promised, done: Change): Promise<Change> {
  const kept = await keep(world, given, done);
  const { otherwise } = kept;
  if (otherwise === undefined) return kept;
  // What others hold meanwhile does not break it either.
  return {
    ...kept,
    async otherwise(held) {
      const other = await otherwise(held);
      return other.ok ? ok(await keepPromise(world, given, other.value)) : other;
    },
  };
}

interface Promised {
  readonly operation: Operation;
  readonly look: () => Promise<Operation | undefined>;
}

async function keep(world: World, { operation, look }: Promised, done: Change): Promise<Change> {
  const ends = done.next.state === 'rejected' || done.next.state === 'failed';
  const { problem } = done.next;
  const code = String(problem?.['type'] ?? '')
    .split(':')
    .at(-1);
  if (!ends || !isPromise(operation) || ENDS_A_PROMISE.has(code ?? '')) return done;
  // What failed is nobody's change of the record.
  const now = done.next.state === 'rejected' ? await look() : undefined;
  const changed = now === undefined ? [] : changedUnderAgreement(now);
  if (now !== undefined && isPrincipals(world, now, changed)) return done;
  const { problem: _refused, ...open } = { ...operation, advice: adviceOn(problem) };
  return callPerson(world, open, 'engine', 'A binding offer was accepted that cannot be carried out as it stands');
}

function isPromise(operation: Operation): boolean {
  const offer = agreedOffer(operation);
  return offer !== undefined && offer.firmness !== 'indicative';
}

function adviceOn(problem: Operation['problem']): string {
  return `The customer accepted a binding offer in time. It cannot be carried out: ${String(problem?.['detail'] ?? problem?.['title'] ?? '')}`;
}
