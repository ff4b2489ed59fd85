import { describe, expect, it } from 'vitest';
import { refusal } from '../../protocol/base/errors.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';

/** Two steps applied, the third refused for good. */
function benchToReverse(guarantees: Parameters<typeof makeExecutionBench>[0] = {}) {
  const bench = makeExecutionBench(guarantees);
  bench.crm.turns.execute.push('ok', 'ok', { fail: 'invalid' });
  return bench;
}
const STEPS = ['r1', 'r2', 'r3'];
const keysOf = (id: string) => [`${id}:r1`, `${id}:r2`, `${id}:r2:undo`, `${id}:r1:undo`];

describe('a reversal', () => {
  it('E17: takes back the last first, each with an intent before it and a read-back after it', async () => {
    const bench = benchToReverse();
    const id = await bench.submit(STEPS);
    await bench.run(id, ['reversing']);
    await bench.step(id);
    expect(bench.read(id).attempts.map(({ reversal }) => reversal?.intentAt !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
    expect(bench.crm.sent).toHaveLength(3);
    const ended = await bench.run(id);
    expect(ended.state).toBe('reversed');
    expect(bench.crm.ledger.map(({ key }) => key)).toEqual(keysOf(id));
  });

  it('E17: the receipt says what was written and that it was taken back', async () => {
    const bench = benchToReverse();
    const id = await bench.submit(STEPS);
    await bench.run(id);
    expect(bench.effects(id)).toMatchObject([
      { step: 'r1', version: '2', state: 'applied', reversed: { version: '3', state: 'applied' } },
      { step: 'r2', version: '2', state: 'applied', reversed: { version: '3', state: 'applied' } },
    ]);
  });

  it.each([0, 'never', 30_000] as const)(
    'E17: with a lost answer (arrives after %s ms) is found or made again, once',
    async (lost) => {
      const bench = benchToReverse();
      bench.crm.turns.compensate.push({ lost });
      const id = await bench.submit(STEPS);
      expect((await bench.run(id)).state).toBe('reversed');
      bench.wait(600_000);
      expect(bench.crm.ledger.map(({ key }) => key)).toEqual(keysOf(id));
    },
  );

  it('E17: with a lost answer is never doubled where it can only be looked up', async () => {
    for (const [lost, state] of [
      [0, 'reversed'],
      [30_000, 'reversed'],
      ['never', 'needs_human'],
    ] as const) {
      const bench = benchToReverse({ idempotency: 'lookup' });
      bench.crm.turns.compensate.push({ lost });
      const id = await bench.submit(STEPS);
      expect((await bench.run(id)).state).toBe(state);
      expect(bench.crm.sent.filter((key) => key === `${id}:r2:undo`)).toHaveLength(1);
    }
  });

  it.each(['forbidden', 'not_found', 'invalid', 'bug', 'retryable'] as const)(
    'E17: is not called undone because its read-back says %s',
    async (fail) => {
      const bench = benchToReverse();
      bench.crm.turns.reversal.push({ fail });
      const id = await bench.submit(STEPS);
      expect((await bench.run(id)).state).toBe('reversed');
      expect(bench.crm.sent).toHaveLength(5);
    },
  );

  it('E17: that is never seen is a person’s, and not called undone', async () => {
    const bench = benchToReverse();
    bench.crm.turns.reversal.push(...Array.from({ length: 60 }, () => ({ say: 'not_applied' as const })));
    const id = await bench.submit(STEPS);
    expect((await bench.run(id)).state).toBe('needs_human');
    expect(bench.crm.sent.filter((key) => key === `${id}:r2:undo`)).toHaveLength(1);
  });

  it('E17: of a process that died is looked for, not made again blindly', async () => {
    const bench = benchToReverse({ idempotency: 'lookup' });
    const id = await bench.submit(STEPS);
    await bench.run(id, ['reversing']);
    await bench.step(id);
    bench.restart();
    const ended = await bench.run(id);
    expect(ended.state).toBe('needs_human');
    expect(bench.crm.sent).toHaveLength(3);
  });

  it('E17: waits for a CRM that is busy, and is a person’s where it is refused', async () => {
    const busy = benchToReverse({ idempotency: 'lookup' });
    busy.crm.turns.compensate.push({ fail: 'rate_limited' }, { fail: 'retryable' });
    const id = await busy.submit(STEPS);
    expect((await busy.run(id)).state).toBe('reversed');
    expect(busy.crm.ledger).toHaveLength(4);
    const refused = benchToReverse();
    refused.crm.turns.compensate.push({ fail: 'conflict' });
    expect((await refused.run(await refused.submit(STEPS))).state).toBe('needs_human');
  });

  it('E17: on an adapter that cannot tell, is read back from the records', async () => {
    const bench = benchToReverse();
    Object.assign(bench.crm.adapter, { verifyReversal: undefined });
    bench.crm.turns.compensate.push({ lost: 0 });
    const id = await bench.submit(STEPS);
    expect((await bench.run(id)).state).toBe('reversed');
    expect(bench.crm.ledger.map(({ key }) => key)).toEqual(keysOf(id));
  });

  it('E17: of what cannot be taken back is a person’s', async () => {
    const bench = benchToReverse();
    Object.assign(bench.crm.adapter, { compensate: undefined });
    expect((await bench.run(await bench.submit(STEPS))).state).toBe('needs_human');
  });
});

describe('E18: an authority that ends after the first step', () => {
  const ENDED = ['mandate-revoked', 'key-revoked', 'mandate-invalid'] as const;

  /** The first step is written when it ends; `again`: what is left is being planned anew, after somebody's change. */
  async function ends(problem: (typeof ENDED)[number] | 'mandate-unverifiable', right: boolean, again = false) {
    const bench = makeExecutionBench({}, { right });
    if (again) bench.crm.turns.execute.push('ok', { fail: 'conflict' });
    const id = await bench.submit(['r1', 'ticket']);
    while (bench.read(id).state !== (again ? 'agreed' : 'authorized') || bench.read(id).attempts.length === 0)
      if (!(await bench.step(id))) throw new Error('nothing is due');
    bench.revoke(refusal(problem));
    return { bench, id, ended: await bench.run(id) };
  }

  describe.each([
    ['what was asked', false],
    ['a right', true],
  ] as const)('of %s', (_, right) => {
    it.each(ENDED.flatMap((problem) => [false, true].map((again) => [problem, again] as const)))(
      'takes it back: %s (planned anew: %s)',
      async (problem, again) => {
        const { bench, id, ended } = await ends(problem, right, again);
        expect(ended).toMatchObject({ state: 'reversed', problem: { type: `urn:parley:problem:${problem}` } });
        expect(bench.crm.ledger.map(({ key }) => key)).toEqual([`${id}:r1`, `${id}:r1:undo`]);
        expect(bench.effects(id)).toMatchObject([{ step: 'r1', reversed: { state: 'applied' } }]);
      },
    );

    it('is a person’s where it cannot be taken back', async () => {
      const bench = makeExecutionBench({}, { right });
      Object.assign(bench.crm.adapter, { compensate: undefined });
      const id = await bench.submit(['r1', 'ticket']);
      while (bench.read(id).history.every(({ event }) => event !== 'stepped')) await bench.step(id);
      bench.revoke();
      expect((await bench.run(id)).state).toBe('needs_human');
      expect(bench.crm.ledger.map(({ key }) => key)).toEqual([`${id}:r1`]);
    });
  });

  it.each([
    [false, 'reversed'],
    [true, 'needs_human'],
  ] as const)('that nobody can tell of is no end: of a right (%s) it leaves %s', async (right, state) => {
    const { ended } = await ends('mandate-unverifiable', right);
    expect(ended.state).toBe(state);
  });
});
