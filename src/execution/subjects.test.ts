import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import { readDefinitions } from '../contract/files.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { readSubjects } from './subjects.ts';

const operation = {
  id: 'op_1',
  createdAt: '2026-11-01T00:00:00Z',
  action: 'contract.renew',
  input: { contract: 'A-1001' },
  mandate: { constraints: { actions: ['contract.renew'], accounts: ['A-1001'] } },
} as unknown as Operation;

async function read(data: JsonObject): Promise<string> {
  const world = {
    actions: readDefinitions(),
    clock: { now: () => new Date(0) },
    settings: {},
    crm: { read: async () => ({ ref: { type: 'contract', by: 'id', value: 'A-1001' }, version: '1', data }) },
  } as unknown as World;
  const reads = await readSubjects(world, operation);
  return reads.ok ? 'own' : reads.error.code;
}

describe('whose a record is', () => {
  it('is said by its account, and by nothing else', async () => {
    expect(await read({ id: 'K-1', account: 'A-1001' })).toBe('own');
    expect(await read({ id: 'K-1', account: 'A-2002' })).toBe('not-found');
    // An id of one kind of record may be spelled as that of another.
    expect(await read({ id: 'A-1001', account: null })).toBe('not-found');
    expect(await read({ id: 'A-1001' })).toBe('not-found');
  });
});
