import type { ProblemCode } from '../../protocol/errors.ts';
import type { Operation } from '../engine/operation.ts';
import type { Change, World } from '../engine/world.ts';
import { callPerson } from './handoff.ts';

/** The customer's own permission ended, or a person decided. */
const ENDS_A_PROMISE: ReadonlySet<string> = new Set<ProblemCode>([
  'mandate-missing',
  'mandate-invalid',
  'mandate-exceeded',
  'mandate-revoked',
  'mandate-unverifiable',
  'consent-required',
  'key-revoked',
  'forbidden',
]);

/** What the company promised is not refused because of what became of the record: a person settles it. */
export function keepPromise(world: World, operation: Operation, done: Change): Change {
  const ends = done.next.state === 'rejected' || done.next.state === 'failed';
  const { problem } = done.next;
  const code = String(problem?.['type'] ?? '')
    .split(':')
    .at(-1);
  if (!ends || !isPromise(operation) || ENDS_A_PROMISE.has(code ?? '')) return done;
  const { problem: _refused, ...open } = { ...operation, advice: adviceOn(problem) };
  return callPerson(world, open, 'engine', 'A binding offer was accepted that cannot be carried out as it stands');
}

function isPromise({ agreement, negotiation }: Operation): boolean {
  const offer = negotiation?.offers.find(({ id }) => id === agreement?.offer);
  return offer !== undefined && offer.firmness !== 'indicative';
}

function adviceOn(problem: Operation['problem']): string {
  return `The customer accepted a binding offer in time. It cannot be carried out: ${String(problem?.['detail'] ?? problem?.['title'] ?? '')}`;
}
