import { describe, expect, it } from 'vitest';
import type { Adapter, PlanStep, Ref } from '../../adapters/sdk/index.ts';
import type { OperationId } from '../../protocol/base/ids.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { StoreUnavailable } from '../ports.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { makeSqliteWatches } from '../store/watches-sqlite.ts';
import { makeFollower } from './follow.ts';

const START = Date.UTC(2026, 10, 28, 9);
const AT = new Date(START).toISOString();

const refOf = (value: string): Ref => ({ type: 'contract', by: 'id', value });

function step(id: string, record: string, from: number, to: number): PlanStep {
  const ref = refOf(record);
  return {
    id,
    action: 'a',
    summary: id,
    changes: [{ ref, field: 'seats', label: 'Seats', from, to }],
    preconditions: [{ ref, version: '1' }],
    idempotencyKey: `${record}:${id}`,
    reversal: 'undo',
    payload: {},
  };
}

/** A completed operation on a record, its observation over; or one that writes it just now. */
function operation(id: string, record: string, { writes = false, steps = [step('s', record, 1, 2)] } = {}): Operation {
  const result = { state: 'applied', ref: refOf(record), version: '2' } as const;
  return {
    id: id as OperationId,
    version: 1,
    state: writes ? 'executing' : 'completed',
    action: 'a',
    actionVersion: '1',
    createdAt: AT,
    updatedAt: AT,
    dueAt: null,
    salt: 's',
    agent: { keyid: 'k' as Operation['agent']['keyid'], via: 'test' },
    mandate: null,
    request: { digest: 'd', signature: 's', signatureInput: 'i' },
    input: {},
    messages: [],
    plan: { plan: { steps, warnings: [] }, digest: 'd', plannedAt: AT },
    signoffs: [],
    attempts: steps.map((each) => ({ step: each.id, intentAt: AT, ...(writes ? {} : { result }) })),
    tries: 0,
    ...(writes ? {} : { observation: { until: START - 1_000 } }),
    history: [{ at: AT, from: 'executing', to: 'completed', event: 'confirmed', by: 'engine' }],
  };
}

async function bench(
  operations: readonly Operation[],
  stateOf: (step: PlanStep) => 'applied' | 'diverged' | 'unknown' = () => 'applied',
) {
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  await store.commit({ operations: operations.map((next) => ({ next, expected: 0 })) });
  const verified: PlanStep[] = [];
  const crm = {
    async verify(_ctx: unknown, each: PlanStep) {
      verified.push(each);
      return { state: stateOf(each), diff: [] };
    },
    read: async (_ctx: unknown, ref: Ref) => ({ ref, version: '1', versionKind: 'counter', readAt: AT, data: {} }),
  } as unknown as Adapter;
  const clock = { now: () => new Date(START) };
  const world = { store, crm, clock, log: () => undefined } as unknown as World;
  const follower = makeFollower({ world, watches: makeSqliteWatches(store.db), recordSeen: async () => undefined });
  const outcome = (id: string) => store.operation(id)?.observation?.outcome;
  return { store, follower, outcome, verified };
}

describe('one round of looking', () => {
  it('E15: a record that is being written ends nothing: those behind it are looked at', async () => {
    const { follower, outcome } = await bench(
      [operation('op_a', 'K-1'), operation('op_w', 'K-1', { writes: true }), operation('op_b', 'K-2')],
      ({ preconditions }) => (preconditions[0]?.ref.value === 'K-1' ? 'diverged' : 'applied'),
    );
    await follower.follow();
    expect([outcome('op_a'), outcome('op_b')]).toEqual([undefined, 'kept']);
  });

  it('E15: nor does one of several on the same record, nor a store that refuses', async () => {
    const { follower, outcome, store } = await bench([operation('op_a', 'K-1'), operation('op_b', 'K-1')]);
    const { commit } = store;
    let refused = 0;
    store.commit = (unit) => {
      refused += 1;
      return refused === 1 ? Promise.reject(new StoreUnavailable('busy')) : commit(unit);
    };
    follower.notice([refOf('K-1')]);
    await follower.look();
    expect([outcome('op_a'), outcome('op_b')].filter((each) => each === 'kept')).toHaveLength(1);
    await follower.follow();
    expect([outcome('op_a'), outcome('op_b')]).toEqual(['kept', 'kept']);
  });

  it('E15: any number that says nothing yet hides nobody for longer than its turn', async () => {
    const silent = Array.from({ length: 450 }, (_, index) => operation(`op_${index}`, `K-${index}`));
    const { follower, outcome } = await bench([...silent, operation('op_last', 'L-1')], ({ preconditions }) =>
      preconditions[0]?.ref.value === 'L-1' ? 'applied' : 'unknown',
    );
    for (let round = 0; round < 3; round += 1) await follower.follow();
    expect(outcome('op_last')).toBe('kept');
  });

  it('T4: a mark that was taken away again on its day is no overturned write', async () => {
    const steps = [step('mark', 'K-1', 1, 5), step('apply', 'K-1', 5, 2)];
    const { follower, outcome, verified } = await bench([operation('op_a', 'K-1', { steps })]);
    await follower.follow();
    expect(verified.map(({ id }) => id)).toEqual(['apply']);
    expect(outcome('op_a')).toBe('kept');
  });
});
