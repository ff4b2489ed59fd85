import { describe, expect, it } from 'vitest';
import { refusal } from '../../protocol/base/errors.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';
import type { Operation, Signoff } from '../engine/operation.ts';
import { passGate } from './gate.ts';
import type { Judge } from './prepare.ts';

const nobody: Judge = () => ({ required: false, role: 'approver', reasons: [] });
const somebody: Judge = () => ({ required: true, role: 'approver', reasons: ['Because.'] });

/** An operation that is authorised, with nothing written yet; or with its first step written. */
async function authorized({ written = false }: { readonly written?: boolean } = {}) {
  const bench = makeExecutionBench();
  const id = await bench.submit(['r1', 'r2']);
  await bench.run(id, ['authorized']);
  if (written) while (bench.read(id).attempts.every(({ result }) => result === undefined)) await bench.step(id);
  const operation = bench.read(id);
  return { bench, operation, pass: (judge: Judge, each: Operation = operation) => passGate(bench.world, judge, each) };
}

function decided(operation: Operation, kind: NonNullable<Signoff['decision']>['kind'], digest?: string): Operation {
  const at = operation.updatedAt;
  const planDigest = digest ?? operation.plan?.digest ?? '';
  const signoff = {
    id: 'so_1' as Signoff['id'],
    askedAt: at,
    expiresAt: at,
    planDigest,
    reasons: [],
    role: 'approver',
  };
  return { ...operation, signoffs: [{ ...signoff, decision: { kind, at, by: 'maria' } }] };
}

describe('the gate before the first write', () => {
  it('E19: opens for the plan that was cleared, and for no other', async () => {
    const { bench, pass } = await authorized();
    expect(await pass(nobody)).toMatchObject({ open: true });
    bench.crm.edit('r1', 'another value');
    expect(await pass(nobody)).toMatchObject({ open: false, event: 'voided' });
  });

  it('E19: opens for what a person must decide where they approved this very plan, and not otherwise', async () => {
    const { operation, pass } = await authorized();
    expect(await pass(somebody)).toMatchObject({ open: false, event: 'voided' });
    for (const kind of ['rejected', 'countered', 'void', 'expired'] as const)
      expect(await pass(somebody, decided(operation, kind))).toMatchObject({ open: false, event: 'voided' });
    expect(await pass(somebody, decided(operation, 'approved', 'of another plan'))).toMatchObject({ open: false });
    expect(await pass(somebody, decided(operation, 'approved'))).toMatchObject({ open: true });
  });

  it.each(['mandate-revoked', 'key-revoked', 'mandate-invalid'] as const)(
    'E18: is closed where the authority has ended: %s',
    async (code) => {
      const { bench, operation, pass } = await authorized();
      bench.revoke(refusal(code));
      expect(await pass(nobody)).toMatchObject({ open: false, event: 'refused', error: { code } });
      expect(await pass(somebody, decided(operation, 'approved'))).toMatchObject({ open: false, event: 'refused' });
    },
  );
});

describe('the gate before a later write', () => {
  it('E19: opens for what was decided with the first, whatever that made of the records', async () => {
    const { operation, pass } = await authorized({ written: true });
    expect(await pass(nobody)).toMatchObject({ open: true });
    expect(await pass(somebody)).toMatchObject({ open: false, event: 'refused', error: { code: 'forbidden' } });
    expect(await pass(somebody, decided(operation, 'approved', 'of another plan'))).toMatchObject({ open: false });
    expect(await pass(somebody, decided(operation, 'approved'))).toMatchObject({ open: true });
  });

  it('E18: is closed where the authority has ended since', async () => {
    const { bench, operation, pass } = await authorized({ written: true });
    bench.revoke();
    expect(await pass(somebody, decided(operation, 'approved'))).toMatchObject({
      open: false,
      event: 'refused',
      error: { code: 'mandate-revoked' },
    });
  });
});
