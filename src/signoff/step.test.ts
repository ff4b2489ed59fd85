import { beforeEach, describe, expect, it } from 'vitest';
import { refusal } from '../../protocol/base/errors.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';
import type { Operation, Signoff } from '../engine/operation.ts';
import { type DecideDeps, decide, expireSignoff } from './step.ts';

let bench: ReturnType<typeof makeExecutionBench>;
let waiting: Operation;

beforeEach(async () => {
  bench = makeExecutionBench();
  const operation = await bench.run(await bench.submit(['r1', 'r2']), ['authorized']);
  const signoff: Signoff = {
    id: 'so_1' as Signoff['id'],
    askedAt: operation.updatedAt,
    expiresAt: new Date(bench.now() + 60_000).toISOString(),
    planDigest: operation.plan?.digest ?? '',
    reasons: [],
    role: 'approver',
  };
  waiting = { ...operation, state: 'awaiting_signoff', signoffs: [signoff] };
});

const maria = { id: 'maria', roles: ['approver'] };
const able: DecideDeps = {
  mayCarryOut: async () => ok(null),
  countersign: async () => undefined,
  personCounters: async () => err(refusal('internal')),
};
async function decided(kind: 'approved' | 'rejected' | 'countered', more: object = {}, deps: Partial<DecideDeps> = {}) {
  const decision = { signoff: 'so_1', planDigest: waiting.plan?.digest ?? '', kind, ...more };
  const done = await decide(bench.world, { ...able, ...deps }, waiting, decision, maria, 'page');
  if (!done.ok) return done.error.code;
  return done.value === 'already' ? 'already' : done.value.next.state;
}

describe('a person’s decision', () => {
  it('authorises, or ends, what waited for it', async () => {
    expect(await decided('approved')).toBe('authorized');
    expect(await decided('rejected')).toBe('rejected');
  });

  it('E18: approves nothing that could not be carried out, and may still reject it', async () => {
    for (const code of ['mandate-revoked', 'key-revoked', 'mandate-invalid', 'mandate-exceeded'] as const) {
      const mayCarryOut = async () => err(refusal(code));
      expect(await decided('approved', {}, { mayCarryOut })).toBe('authority-ended');
      expect(await decided('rejected', {}, { mayCarryOut })).toBe('rejected');
    }
  });

  it('E20: is asked for again where nobody can tell now whether the authority stands', async () => {
    for (const code of ['unavailable', 'mandate-unverifiable'] as const)
      expect(await decided('approved', {}, { mayCarryOut: async () => err(refusal(code)) })).toBe(code);
  });

  it('takes back what is written where it is no', async () => {
    const [attempt] = [{ step: 'r1', intentAt: waiting.updatedAt }];
    const ref = { type: 'record', by: 'id', value: 'r1' } as const;
    waiting = { ...waiting, attempts: [{ ...attempt, result: { state: 'applied', ref, version: '2' } }] };
    expect(await decided('rejected')).toBe('reversing');
    expect(await decided('countered', { terms: {} })).toBe('wrong-state');
  });
});

describe('a sign-off that nobody gave in time', () => {
  it('is no approval', () => {
    const { next } = expireSignoff(bench.world, waiting);
    expect(next).toMatchObject({ state: 'expired', signoffs: [{ decision: { kind: 'expired' } }] });
  });
});
