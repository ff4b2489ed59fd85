import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OperationId } from '../../protocol/base/ids.ts';
import type { State } from '../../protocol/operation.ts';
import { makeOperations } from '../serve/operations.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { makeClockWatch } from './clock-watch.ts';
import type { Operation } from './operation.ts';
import { move } from './transitions.ts';
import { makeWorker } from './worker.ts';
import type { Change, World } from './world.ts';

const START = Date.UTC(2026, 10, 28, 9);
const DAY_MS = 86_400_000;

function operation(index: number, more: Partial<Operation> = {}): Operation {
  const at = new Date(START).toISOString();
  return {
    id: `op_${String(index).padStart(4, '0')}` as OperationId,
    version: 1,
    state: 'received' as State,
    action: 'a',
    actionVersion: '1',
    createdAt: at,
    updatedAt: at,
    dueAt: START + index,
    salt: 's',
    agent: { keyid: 'k' as Operation['agent']['keyid'], via: 'test' },
    mandate: null,
    request: { digest: 'd', signature: 's', signatureInput: 'i' },
    input: {},
    messages: [],
    signoffs: [],
    attempts: [],
    tries: 0,
    history: [],
    ...more,
  };
}

async function bench(operations: readonly Operation[], concurrency = 4) {
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  await store.commit({ operations: operations.map((next) => ({ next, expected: 0 })) });
  let wall = START + 60_000;
  let mono = 0;
  const world = { store, clock: { now: () => new Date(wall) }, log: vi.fn() };
  const done = (from: Operation): Change => {
    const moved = move(from, 'answered', 'company', world.clock.now(), {});
    return { next: moved.next, expected: from.version, records: [] };
  };
  return {
    store,
    world,
    done,
    worker: (work: (operation: Operation) => Promise<Change | undefined>) =>
      makeWorker(world, concurrency, work, () => mono),
    /** Both clocks run. */
    pass(ms: number): void {
      wall += ms;
      mono += ms;
    },
    /** Somebody sets the clock. */
    set(ms: number): void {
      wall += ms;
    },
    state: (index: number) => store.operation(operation(index).id)?.state,
    dueAt: (index: number) => store.operation(operation(index).id)?.dueAt,
  };
}

const settle = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop()));
});

describe('the head of the queue', () => {
  it('E5: hides nobody: behind any number of operations whose step throws, the next is worked on', async () => {
    const all = Array.from({ length: 301 }, (_, index) => operation(index));
    const { worker, done, state } = await bench(all);
    const made = worker(async (each) => {
      if (each.id !== 'op_0300') throw new Error('our bug');
      return done(each);
    });
    running.push(made);
    made.start();
    await vi.waitFor(() => expect(state(300)).toBe('completed'), 10_000);
  });

  it('E5: a backlog goes at the pace of the CRM, not of the scan', async () => {
    const all = Array.from({ length: 400 }, (_, index) => operation(index));
    const { worker, done, state } = await bench(all);
    let atOnce = 0;
    let most = 0;
    const made = worker(async (each) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await settle(0);
      atOnce -= 1;
      return done(each);
    });
    running.push(made);
    const begun = performance.now();
    made.start();
    while (state(399) !== 'completed' && performance.now() - begun < 10_000) await settle();
    // At 16 in 250 ms it would take more than 6 s.
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(most).toBe(4);
  });

  it('E5: what is due and has nothing to do rests, and the machine with it', async () => {
    const { worker } = await bench(Array.from({ length: 50 }, (_, index) => operation(index)));
    let looks = 0;
    const made = worker(async () => {
      looks += 1;
      return undefined;
    });
    running.push(made);
    made.start();
    await vi.waitFor(() => expect(looks).toBe(50), 10_000);
    await settle(300);
    expect(looks).toBe(50);
  });
});

describe('a wait', () => {
  it('E7: ends when the worker does, everywhere, and waits truly before it has begun', async () => {
    const { worker, world } = await bench([operation(1)]);
    const reads = vi.spyOn(world.store, 'operation');
    const made = worker(async () => undefined);
    const operations = makeOperations({
      world: world as unknown as World,
      pipeline: {} as never,
      worker: made,
      proofOf: async () => null,
    });
    const waits = Array.from({ length: 150 }, () => operations.settled(operation(1), 60_000));
    await settle(50);
    // Each looked once and sleeps.
    expect(reads.mock.calls.length).toBeLessThan(400);
    await made.stop();
    expect(await Promise.all(waits)).toHaveLength(150);
    reads.mockClear();
    await operations.settled(operation(1), 60_000);
    expect(reads.mock.calls.length).toBeLessThan(3);
  });

  it('E7: a stop ends within its limit though a step never does', async () => {
    const { worker } = await bench([operation(1)]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    try {
      const made = worker(() => new Promise(() => undefined));
      made.start();
      const stopped = made.stop();
      await vi.advanceTimersByTimeAsync(16_000);
      await stopped;
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a wrong clock', () => {
  it('E10: set back, what was put off while it was ahead comes now, and what waits for its hour keeps it', async () => {
    const ahead = new Date(START + DAY_MS).toISOString();
    const far = { updatedAt: ahead, dueAt: START + DAY_MS + 120_000 };
    const { worker, done, pass, set, state } = await bench([
      operation(1, { ...far, tries: 3 }),
      operation(2, { ...far, state: 'awaiting_signoff' }),
      operation(3, {
        ...far,
        state: 'scheduled',
        schedule: { on: '2026-12-24', at: '2026-12-24T00:00:00.000Z', timeZone: 'UTC' },
      }),
    ]);
    set(DAY_MS);
    const made = worker(async (each) => done(each));
    running.push(made);
    made.start();
    await settle(50);
    expect(state(1)).toBe('received');
    set(-DAY_MS);
    pass(1_000);
    await vi.waitFor(() => expect(state(1)).toBe('completed'), 10_000);
    expect([state(2), state(3)]).toEqual(['awaiting_signoff', 'scheduled']);
  });

  it('E10: a start after the clock was set back finds what was put off', async () => {
    const { worker, done, state } = await bench([
      operation(1, { updatedAt: new Date(START + DAY_MS).toISOString(), dueAt: START + DAY_MS + 1_000 }),
    ]);
    const made = worker(async (each) => done(each));
    running.push(made);
    made.start();
    await vi.waitFor(() => expect(state(1)).toBe('completed'), 10_000);
  });

  it('E10: set ahead, nothing expires and no day comes before it is believed', async () => {
    const open = { on: '2026-11-29', at: new Date(START + DAY_MS / 2).toISOString(), timeZone: 'UTC' };
    const { worker, pass, set } = await bench([
      operation(1, { state: 'scheduled', schedule: open, dueAt: START + DAY_MS / 2 }),
      operation(2, { state: 'awaiting_signoff', dueAt: START + DAY_MS / 2 }),
      operation(3, { dueAt: START + DAY_MS / 2 }),
    ]);
    const seen = new Set<string>();
    const made = worker(async ({ id }) => {
      seen.add(id);
      return undefined;
    });
    running.push(made);
    made.start();
    set(DAY_MS);
    await settle(300);
    expect([...seen]).toEqual(['op_0003']);
    pass(700_000);
    await vi.waitFor(() => expect([...seen].sort()).toEqual(['op_0001', 'op_0002', 'op_0003']), 10_000);
  });

  it('E10: is told from one that drifts', () => {
    let wall = START;
    let mono = 0;
    const look = makeClockWatch({ now: () => new Date(wall) }, () => mono);
    for (let hour = 0; hour < 100; hour += 1) {
      wall += 3_600_000 + 500;
      mono += 3_600_000;
      expect(look()).toEqual({ nowMs: wall, believedMs: wall, wentBack: false, wentAhead: false });
    }
    wall += DAY_MS;
    expect(look()).toMatchObject({ wentAhead: true, believedMs: wall - DAY_MS });
    expect(look()).toMatchObject({ wentAhead: false, believedMs: wall - DAY_MS });
    wall -= DAY_MS;
    expect(look()).toMatchObject({ wentBack: true, believedMs: wall });
  });
});
