import { describe, expect, it } from 'vitest';
import { AdapterError, type Ref } from '../../adapters/sdk/index.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { readContract } from '../actions/contract.ts';
import { readDefinitions, SHIPPED } from '../actions/files.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { readSubjects, withRecords } from './subjects.ts';

const operation = {
  id: 'op_1',
  createdAt: '2026-11-01T00:00:00Z',
  action: 'contract.renew',
  input: { contract: 'A-1001' },
  attempts: [],
  mandate: { constraints: { actions: ['contract.renew'], accounts: ['A-1001'] } },
} as unknown as Operation;

async function read(data: JsonObject): Promise<string> {
  const world = {
    actions: readDefinitions(),
    clock: { now: () => new Date(0) },
    settings: {},
    store: { dealings: () => [] },
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

/** An action over records that are named in any way. */
function definition(subjects: JsonObject, example: JsonObject): JsonObject {
  const ids = { type: 'array', maxItems: 9, items: { type: 'string' } };
  const types = Object.values(subjects).map((each) => (each as JsonObject)['type']);
  const base: JsonObject = JSON.parse(JSON.stringify(readDefinitions().all.find(({ name }) => name === 'case.open')));
  return {
    ...base,
    name: 'side.change',
    subjects,
    needs: Object.fromEntries(types.map((type) => [String(type), []])),
    result: { case: 'operation', status: "'acknowledged'", severity: "'normal'" },
    input: {
      type: 'object',
      properties: { contract: { type: 'string' }, contracts: ids, account: { type: 'string' } },
    },
    examples: { valid: [{ input: example }], invalid: [{ input: { contract: 1 } }] },
  };
}
function compiled(subjects: JsonObject, example: JsonObject = {}) {
  return readContract({ ...SHIPPED, definitions: [definition(subjects, example)] });
}

const RECORDS: Readonly<Record<string, JsonObject>> = {
  'contract K-1': { account: 'A-1001', id: 'K-1' },
  'contract K-2': { account: 'A-1001', id: 'K-2' },
  'contract K-9': { account: 'A-9', id: 'K-9' },
  'account A-1001': { account: 'A-1001', id: 'A-1001', name: 'Nordwind' },
};

async function subjectsOf(subjects: JsonObject, input: JsonObject) {
  const contract = compiled(subjects);
  if (!contract.ok) throw new Error(contract.error.join('\n'));
  const order: string[] = [];
  const world = {
    actions: contract.value,
    settings: {},
    clock: { now: () => new Date(0) },
    crm: {
      read: async (_ctx: unknown, ref: Ref) => {
        order.push(ref.value);
        const data = RECORDS[`${ref.type} ${ref.value}`];
        if (ref.value === '../x') throw new AdapterError('invalid', 'An identifier is not usable.');
        if (data === undefined) throw new AdapterError('not_found', 'There is no such record.');
        return { ref, version: '1', data };
      },
    },
  } as unknown as World;
  const asked = { ...operation, action: 'side.change', input };
  const reads = await readSubjects(world, asked);
  return reads.ok ? { order, records: withRecords(asked, reads.value).records } : { order, refused: reads.error };
}

const CONTRACT = { type: 'contract', id: 'input.contract' };

describe('T20: a subject', () => {
  it('may be named through another, which is read before it', async () => {
    const through = { account: { type: 'account', id: 'records.contract.account' }, contract: CONTRACT };
    const { order, records } = await subjectsOf(through, { contract: 'K-1' });
    expect(order).toEqual(['K-1', 'A-1001']);
    expect(records).toMatchObject({ account: { name: 'Nordwind' }, contract: { id: 'K-1' } });
  });

  it('that no order can make known is a mistake that its author is told', () => {
    const told = (subjects: JsonObject) => {
      const read = compiled(subjects);
      return read.ok ? [] : read.error;
    };
    const circle = {
      contract: { type: 'contract', id: 'records.account.contract' },
      account: { type: 'account', id: "records['contract'].account" },
    };
    expect(told(circle).join()).toContain('/subjects/contract/id can never be known');
    const strange = { contract: { type: 'contract', id: 'records.order.contract' } };
    expect(told(strange).join()).toContain('/subjects/contract/id reads records.order, which is no subject');
  });

  it('that is not there is told by the member that names it, the same whether it is another’s or nobody’s', async () => {
    const refused = [];
    for (const contract of ['K-9', 'K-404', '../x'])
      refused.push((await subjectsOf({ contract: CONTRACT }, { contract })).refused);
    expect(refused[0]).toMatchObject({
      code: 'not-found',
      extra: { errors: [{ pointer: '/contract', message: expect.any(String) }] },
    });
    expect(refused).toEqual([refused[0], refused[0], refused[0]]);
  });
});

describe('T19: a subject that may be several', () => {
  const several = { contracts: { type: 'contract', id: 'input.contracts', many: true } };

  it('is a list, also of one', async () => {
    expect((await subjectsOf(several, { contracts: ['K-1'] })).records).toEqual({
      contracts: [RECORDS['contract K-1']],
    });
    expect((await subjectsOf(several, { contracts: ['K-1', 'K-2', 'K-1'] })).records?.['contracts']).toHaveLength(2);
  });

  it('says so, or its author is told', () => {
    const silent = compiled({ contracts: { type: 'contract', id: 'input.contracts' } }, { contracts: ['K-1'] });
    expect(silent.ok ? [] : silent.error).toEqual([
      'side.change /subjects/contracts gives a list: say that there may be "many"',
    ]);
  });
});
