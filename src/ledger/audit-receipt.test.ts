import { describe, expect, it } from 'vitest';
import { makeKeyring } from '../../protocol/receipt/keyring.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';
import type { Operation } from '../engine/operation.ts';
import { auditReceipt } from './audit-receipt.ts';

async function ended() {
  const bench = makeExecutionBench();
  const operation = await bench.run(await bench.submit(['r1']));
  const keys = await makeKeyring({ keys: bench.world.keys.jwks() }, undefined);
  const audit = (each: Operation, more: Partial<Parameters<typeof auditReceipt>[1]> = {}) =>
    auditReceipt(each, { keys, hasEntry: () => true, ...more });
  return { operation, audit };
}

describe('a receipt that is looked at again', () => {
  it('E13: is right where the company signed it, the log has it and the operation is what it says', async () => {
    const { operation, audit } = await ended();
    expect(operation.state).toBe('completed');
    expect(await audit(operation)).toEqual([]);
  });

  it.each<[string, (operation: Operation) => Operation]>([
    ['state', (operation) => ({ ...operation, state: 'failed' })],
    ['action', (operation) => ({ ...operation, action: 'sim.other' })],
    ['effects', (operation) => ({ ...operation, attempts: [] })],
    ['history', (operation) => ({ ...operation, history: operation.history.slice(1) })],
    ['request', (operation) => ({ ...operation, request: { ...operation.request, digest: 'other' } })],
    ['output', (operation) => ({ ...operation, output: { other: true } })],
  ])('E13: shows that somebody changed the %s of its operation', async (name, change) => {
    const { operation, audit } = await ended();
    expect((await audit(change(operation))).join('\n')).toContain(`is not what its receipt says: ${name}`);
  });

  it('E13: is found where another signed it, or changed it', async () => {
    const { operation, audit } = await ended();
    const [head = '', payload = ''] = (operation.receipt ?? '').split('.');
    const said = async (receipt: string) => (await audit({ ...operation, receipt })).join('\n');
    expect(await said(`${head}.${payload}.${'A'.repeat(86)}`)).toContain('whose signature does not verify');
    expect(await said('none')).toContain('a receipt that is none');
    expect(await audit(operation, { keys: [] })).toEqual([expect.stringContaining('that the company does not have')]);
  });

  it('E13: is found where the log does not have its entry', async () => {
    const { operation, audit } = await ended();
    const told = await audit(operation, { hasEntry: () => false });
    expect(told).toEqual(['has a receipt whose entry is not in the log']);
  });
});
