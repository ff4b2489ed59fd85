import { describe, expect, it } from 'vitest';
import type { Plan, PlanStep, Ref, Touched } from '../../adapters/sdk/index.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { keepsToPrincipal } from './touched.ts';

const ref = (type: string, value: string): Ref => ({ type, by: 'id', value });
const K1 = ref('contract', 'K-1');
const operation = {
  id: 'op_1',
  action: 'x.y',
  mandate: { constraints: { accounts: ['A-1', 'A-2'] } },
} as unknown as Operation;

/** Whose each record is in the CRM: what an adapter that is silent is not believed without. */
const OWNERS: Readonly<Record<string, string | null>> = { 'K-1': 'A-1', 'K-2': 'A-2', 'K-9': 'A-9', 'P-1': null };

function worldOf(acrossAccounts = false): World {
  return {
    clock: { now: () => new Date(0) },
    log: () => undefined,
    actions: { action: () => ({ rules: { acrossAccounts } }) },
    crm: {
      read: async (_ctx: unknown, asked: Ref) => ({ ref: asked, version: '1', data: { account: OWNERS[asked.value] } }),
    },
  } as unknown as World;
}

const step = (more: Partial<PlanStep>): PlanStep => ({
  id: 'a',
  action: 'x.y',
  summary: '',
  changes: [],
  preconditions: [],
  idempotencyKey: 'op_1:a',
  reversal: 'none',
  payload: {},
  ...more,
});
const changing = (which: Ref): PlanStep =>
  step({
    changes: [{ ref: which, field: 'seats', label: 'Seats', from: 1, to: 2 }],
    preconditions: [{ ref: which, version: '1' }],
    payload: { update: { type: which.type, id: which.value, values: { seats: 2 } } },
  });
const making = (account: string | null): PlanStep =>
  step({
    changes: [
      { ref: { type: 'ticket', by: 'external', value: 'op_1:a' }, field: 's', label: 'S', from: null, to: 'x' },
    ],
    payload: { create: { type: 'ticket', account, values: {} } },
  });

async function judged(steps: PlanStep[], touched?: Touched[], across = false, shared: readonly Ref[] = []) {
  const plan: Plan = { steps, warnings: [], ...(touched === undefined ? {} : { touched }) };
  const subjects = shared.map((each) => ({
    name: 's',
    type: each.type,
    shared: true,
    at: '',
    snapshot: { ref: each, version: '1', versionKind: 'counter' as const, readAt: '', data: { account: null } },
  }));
  const kept = await keepsToPrincipal(worldOf(across), operation, plan, subjects);
  return kept.ok ? 'kept' : kept.error.code;
}

const read = (which: Ref, account: string | null): Touched => ({ ref: which, account, mode: 'read' });

describe('T16: a plan that does not say what it touches', () => {
  it.each<[string, PlanStep[], string]>([
    ['changes the principal’s', [changing(K1)], 'kept'],
    ['changes another’s', [changing(ref('contract', 'K-9'))], 'not-found'],
    ['changes nobody’s', [changing(ref('price', 'P-1'))], 'not-found'],
    ['depends on another’s', [step({ preconditions: [{ ref: ref('contract', 'K-9'), version: '1' }] })], 'not-found'],
    [
      'says one record and writes another',
      [{ ...changing(K1), payload: changing(ref('contract', 'K-9')).payload }],
      'not-found',
    ],
    ['makes something for the principal', [making('A-1')], 'kept'],
    ['makes something of nobody’s', [making(null)], 'kept'],
    ['makes something for another', [making('A-9')], 'not-found'],
  ])('%s: %#', async (_title, steps, outcome) => {
    expect(await judged(steps)).toBe(outcome);
  });
});

describe('T16: a plan that says what it touches', () => {
  it('may not write what it does not speak of, or speaks of as read', async () => {
    await expect(judged([changing(K1)], [])).rejects.toMatchObject({ code: 'bug' });
    await expect(judged([changing(K1)], [read(K1, 'A-1')])).rejects.toMatchObject({ code: 'bug' });
    expect(await judged([changing(K1)], [{ ...read(K1, 'A-1'), mode: 'write' }])).toBe('kept');
  });

  it('may not rest on a record that is another’s or nobody’s, unless the definition shares it', async () => {
    const list = ref('price', 'P-1');
    expect(await judged([], [read(ref('contract', 'K-9'), 'A-9')])).toBe('not-found');
    expect(await judged([], [read(list, null)])).toBe('not-found');
    expect(await judged([], [read(list, null)], false, [list])).toBe('kept');
  });
});

describe('T18: records of one request', () => {
  it('are of one account, unless the definition says why they need not be', async () => {
    const two = [read(K1, 'A-1'), read(ref('contract', 'K-2'), 'A-2')];
    expect(await judged([], two)).toBe('record-unusable');
    expect(await judged([], two, true)).toBe('kept');
    expect(await judged([changing(K1), { ...making('A-2'), idempotencyKey: 'op_1:b' }])).toBe('record-unusable');
  });
});
