import { describe, expect, it } from 'vitest';
import type { Ref } from '../../adapters/sdk/index.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { makeCustomerNames } from './customers.ts';

const ACCOUNTS = Array.from({ length: 50 }, (_, index) => `A-${1_001 + index}`);
/** As far as it is looked at. */
const page = ACCOUNTS.map((account) => ({
  records: { account: { id: account, account } },
  mandate: null,
})) as unknown[];

function bench() {
  const asked: string[] = [];
  const crm = {
    read: async (_ctx: unknown, { value }: Ref) => {
      asked.push(value);
      return { data: { name: `Customer ${value}` } };
    },
  };
  const clock = { now: () => new Date('2026-11-28T12:00:00Z') };
  const world = { crm, clock, log: () => undefined } as unknown as World;
  return { asked, names: makeCustomerNames(world) };
}

describe('the names of customers on a page', () => {
  it('are asked for some at a time, each once, until all are known', async () => {
    const { asked, names } = bench();
    const known = async () => (await names(page as readonly Operation[])).size;
    expect([await known(), await known(), await known(), await known()]).toEqual([20, 40, 50, 50]);
    expect(asked).toEqual(ACCOUNTS);
  });
});
