import { describe, expect, it } from 'vitest';
import type { Operation } from './operation.ts';
import { heldRefusal } from './record-holds.ts';
import type { World } from './world.ts';

const operation = (more: object): Operation =>
  ({ id: 'op_1', action: 'contract.amend', agent: { keyid: 'k' }, signoffs: [], ...more }) as unknown as Operation;

describe('a record that another request holds', () => {
  it('T4: is told with the day the other waits for', () => {
    const other = operation({
      state: 'scheduled',
      schedule: { on: '2027-06-01', at: '2027-05-31T22:00:00.000Z', timeZone: 'Europe/Berlin' },
    });
    const world = { store: { operation: () => other } } as unknown as Pick<World, 'store'>;
    const held = { ok: false, reason: 'held', kind: 'record', name: 'record:contract/K-1', by: 'op_1' } as const;
    const refused = heldRefusal(world, operation({ id: 'op_2', agent: { keyid: 'z' } }), held);
    expect(refused).toMatchObject({
      code: 'record-busy',
      extra: { open: { state: 'scheduled', until: '2027-06-01' } },
    });
    expect(refused.detail).toContain('is agreed for a later day, 2027-06-01');
  });
});
