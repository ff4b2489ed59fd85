import { describe, expect, it } from 'vitest';
import { type ProblemCode, refusal, toProblem } from '../../protocol/base/errors.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';
import type { Operation } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import { keepPromise } from './promise.ts';

/** An accepted offer that ends for this reason, before anything of it is written. */
async function refused(code: ProblemCode, firmness: 'binding' | 'indicative') {
  const bench = makeExecutionBench();
  const id = await bench.submit(['r1']);
  const offer = { id: 'of_1', by: 'company', terms: {}, firmness, facts: { revision: null, digest: 'd' } };
  const operation = {
    ...bench.read(id),
    negotiation: { offers: [offer] },
    agreement: { offer: 'of_1', payload: {}, signatures: [] },
  } as unknown as Operation;
  const { next, record } = move(operation, 'refused', 'engine', bench.world.clock.now(), {
    problem: toProblem(refusal(code)),
  });
  const done = { next, expected: operation.version, records: [record] };
  const kept = await keepPromise(bench.world, { operation, look: async () => operation }, done);
  return kept.next.state;
}

describe('a promise of the company', () => {
  it.each(['mandate-revoked', 'mandate-invalid', 'key-revoked', 'forbidden'] as const)(
    'ends with the customer’s own permission: %s',
    async (code) => expect(await refused(code, 'binding')).toBe('rejected'),
  );

  it.each(['mandate-unverifiable', 'unavailable', 'not-found', 'internal'] as const)(
    'is a person’s to settle where something else is in the way: %s',
    async (code) => {
      expect(await refused(code, 'binding')).toBe('handed_off');
      expect(await refused(code, 'indicative')).toBe('rejected');
    },
  );
});
