import { describe, expect, it } from 'vitest';
import type { AdapterErrorCode } from '../../adapters/sdk/index.ts';
import { makeExecutionBench } from '../../test/support/execution.ts';

const CODES: readonly AdapterErrorCode[] = [
  'retryable',
  'rate_limited',
  'conflict',
  'invalid',
  'unauthorised',
  'forbidden',
  'not_found',
  'unsupported',
  'unknown_outcome',
  'bug',
];
const MINUTE_MS = 60_000;

describe('a write that the CRM says it made', () => {
  it.each(CODES)('E1: is never called unwritten because its read-back says %s', async (code) => {
    const bench = makeExecutionBench();
    bench.crm.turns.verify.push({ fail: code });
    const id = await bench.submit(['r1']);
    const doubted = await bench.run(id, ['unknown']);
    expect(doubted).toMatchObject({ state: 'unknown', attempts: [{ written: { version: '2' } }] });
    const ended = await bench.run(id);
    expect(ended.state).toBe('completed');
    expect(bench.effects(id)).toMatchObject([{ step: 'r1', version: '2', state: 'applied' }]);
    expect(bench.crm.ledger).toHaveLength(1);
  });

  it.each(['not_applied', 'diverged', 'unknown'] as const)(
    'E1: is looked for again where the read-back says %s',
    async (say) => {
      const bench = makeExecutionBench();
      bench.crm.turns.verify.push({ say });
      const id = await bench.submit(['r1']);
      expect((await bench.run(id)).state).toBe('completed');
      expect(bench.crm.sent).toHaveLength(1);
    },
  );

  it('E1: that is never seen is a person’s, and not sent again', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.verify.push(...Array.from({ length: 60 }, () => ({ say: 'not_applied' as const })));
    const id = await bench.submit(['r1']);
    const ended = await bench.run(id);
    expect(ended).toMatchObject({
      state: 'needs_human',
      problem: { type: expect.stringContaining('outcome-unknown') },
    });
    expect(bench.crm.sent).toHaveLength(1);
  });
});

describe('a write that the CRM refuses', () => {
  it.each(['invalid', 'forbidden', 'not_found', 'unsupported'] as const)(
    'E1: ends the operation with %s, and nothing is written',
    async (fail) => {
      const bench = makeExecutionBench();
      bench.crm.turns.execute.push({ fail });
      const id = await bench.submit(['r1']);
      expect((await bench.run(id)).state).toBe('failed');
      expect(bench.effects(id)).toEqual([]);
      expect(bench.crm.ledger).toEqual([]);
    },
  );

  it.each(['retryable', 'rate_limited', 'unauthorised'] as const)(
    'T14: for the moment (%s) is made later, and does not count as sent',
    async (fail) => {
      for (const idempotency of ['key', 'external_id', 'lookup', 'none'] as const) {
        const bench = makeExecutionBench({ idempotency });
        bench.crm.turns.execute.push({ fail }, { fail });
        const id = await bench.submit(['r1']);
        expect((await bench.run(id)).state).toBe('completed');
        expect(bench.crm.ledger).toHaveLength(1);
      }
    },
  );

  it('T14: for good, in the words of a passing failure, is over in the end and asks nobody to repeat it', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push(...Array.from({ length: 60 }, () => ({ fail: 'unauthorised' as const })));
    const id = await bench.submit(['r1']);
    const ended = await bench.run(id);
    expect(ended).toMatchObject({ state: 'failed', problem: { type: expect.stringContaining('not-carried-out') } });
    expect(JSON.stringify(ended.problem)).not.toContain('same Idempotency-Key');
    expect(bench.effects(id)).toEqual([]);
  });

  it('T14: without an answer, again and again, is over in the end too', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push(...Array.from({ length: 60 }, () => ({ lost: 'never' as const })));
    const id = await bench.submit(['r1']);
    const ended = await bench.run(id);
    expect(ended).toMatchObject({ state: 'failed', problem: { type: expect.stringContaining('not-carried-out') } });
    expect(bench.crm.sent.length).toBeLessThan(30);
    expect(bench.crm.ledger).toEqual([]);
  });

  it('is planned again after a conflict', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ fail: 'conflict' });
    const id = await bench.submit(['r1']);
    const ended = await bench.run(id);
    expect(ended.history.map(({ event }) => event)).toContain('conflicted');
    expect(ended.state).toBe('completed');
  });

  it('T20: at a later step is planned again too, and what is written stays', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push('ok', { fail: 'conflict' });
    const id = await bench.submit(['r1', 'r2', 'ticket']);
    const ended = await bench.run(id);
    expect(ended.history.map(({ event }) => event)).toContain('conflicted');
    expect(ended.state).toBe('completed');
    expect(bench.crm.ledger.map(({ key }) => key)).toEqual([`${id}:r1`, `${id}:r2`, `${id}:ticket`]);
    expect(bench.effects(id)).toHaveLength(3);
  });

  it('T20: at a later step is taken back where the rest is a person’s to decide, or can no longer be planned', async () => {
    const asked = makeExecutionBench({}, { asksAgain: true });
    asked.crm.turns.execute.push('ok', { fail: 'conflict' });
    const id = await asked.submit(['r1', 'r2']);
    expect((await asked.run(id)).state).toBe('reversed');
    expect(asked.crm.ledger.map(({ key }) => key)).toEqual([`${id}:r1`, `${id}:r1:undo`]);
    const gone = makeExecutionBench();
    gone.crm.turns.execute.push('ok', { fail: 'conflict' });
    const other = await gone.submit(['r1', 'r2']);
    await gone.run(other, ['agreed']);
    gone.crm.turns.plan.push({ fail: 'not_found' });
    expect((await gone.run(other)).state).toBe('reversed');
  });

  it('E1: after an earlier try may have written, is no end until nothing of that can come any more', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ lost: 30_000 }, { fail: 'invalid' });
    const id = await bench.submit(['r1']);
    const ended = await bench.run(id);
    expect(ended.state).toBe('completed');
    expect(bench.effects(id)).toHaveLength(1);
    expect(bench.crm.ledger).toHaveLength(1);
  });

  it('a CRM’s patience is kept to, up to five minutes', async () => {
    for (const [asked, waited] of [
      [30_000, 30_000],
      [86_400_000, 5 * MINUTE_MS],
      [Number.POSITIVE_INFINITY, 5 * MINUTE_MS],
      [1e308, 5 * MINUTE_MS],
    ] as const) {
      const bench = makeExecutionBench();
      bench.crm.turns.execute.push({ fail: 'rate_limited', retryAfterMs: asked });
      const id = await bench.submit(['r1']);
      const { dueAt } = await bench.run(id, ['unknown']);
      expect((dueAt ?? 0) - bench.now()).toBe(waited);
    }
  });
});

describe('the gate', () => {
  it('E19: a write that was not made passes it again before it is sent again', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ fail: 'retryable' });
    const id = await bench.submit(['r1']);
    await bench.run(id, ['unknown']);
    bench.revoke();
    expect(await bench.run(id)).toMatchObject({
      state: 'rejected',
      problem: { type: expect.stringContaining('mandate-revoked') },
    });
    expect(bench.crm.sent).toHaveLength(1);
  });

  it('E19: every later step passes it, and what was begun without it is taken back', async () => {
    const bench = makeExecutionBench();
    const id = await bench.submit(['r1', 'r2']);
    await bench.run(id, ['executing']);
    expect(await bench.step(id)).toBe(true);
    expect(bench.read(id)).toMatchObject({ state: 'authorized', attempts: [{ step: 'r1', result: { version: '2' } }] });
    bench.revoke();
    const ended = await bench.run(id);
    expect(ended).toMatchObject({ state: 'reversed', problem: { type: expect.stringContaining('mandate-revoked') } });
    expect(bench.crm.ledger.map(({ key }) => key)).toEqual([`${id}:r1`, `${id}:r1:undo`]);
  });

  it('E19: a write that may have been sent is found before a closed gate ends the operation', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ lost: 30_000 });
    const id = await bench.submit(['r1']);
    await bench.run(id, ['unknown']);
    bench.revoke();
    const ended = await bench.run(id);
    expect(ended.state).toBe('completed');
    expect(bench.effects(id)).toHaveLength(1);
    expect(bench.crm.ledger).toHaveLength(1);
  });

  it('E19: a write that was lost on its way ends without effect once it cannot arrive any more', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ lost: 'never' });
    const id = await bench.submit(['ticket']);
    await bench.run(id, ['unknown']);
    const since = bench.now();
    bench.revoke();
    expect((await bench.run(id)).state).toBe('rejected');
    expect(bench.now() - since).toBeGreaterThanOrEqual(MINUTE_MS);
    expect(bench.crm.ledger).toEqual([]);
  });

  it('keeps what was applied while the next step waits for the CRM', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push('ok', { fail: 'retryable' });
    const id = await bench.submit(['r1', 'r2', 'ticket']);
    const ended = await bench.run(id);
    expect(ended.state).toBe('completed');
    expect(bench.effects(id).map(({ step }) => step)).toEqual(['r1', 'r2', 'ticket']);
    expect(bench.crm.ledger).toHaveLength(3);
    expect(ended.history.filter(({ to }) => to === 'executing').map(({ event }) => event)).toEqual(
      Array.from({ length: 4 }, () => 'started'),
    );
  });
});

describe('a process that dies', () => {
  it('E1: with the intent recorded and the write made: it is found, not sent again', async () => {
    const bench = makeExecutionBench({ idempotency: 'lookup' });
    const id = await bench.submit(['ticket']);
    const executing = await bench.run(id, ['executing']);
    const [step] = executing.plan?.plan.steps ?? [];
    if (step === undefined) throw new Error('no step');
    await bench.crm.adapter.execute(
      { clock: () => new Date(bench.now()), signal: AbortSignal.timeout(1_000), log: () => undefined },
      step,
    );
    bench.restart();
    expect((await bench.run(id)).state).toBe('completed');
    expect(bench.effects(id)).toHaveLength(1);
    expect(bench.crm.ledger).toHaveLength(1);
  });

  it('a handoff does not end an operation whose write may have been made', async () => {
    const bench = makeExecutionBench();
    bench.crm.turns.execute.push({ lost: 'never' });
    bench.crm.turns.plan.push('ok', 'ok', { fail: 'retryable' });
    const id = await bench.submit(['r1']);
    const waiting = await (async () => {
      await bench.run(id, ['unknown']);
      return bench.run(id, ['authorized']);
    })();
    expect(waiting.state).toBe('authorized');
    await bench.step(id);
    const called = await bench.handoff(id);
    expect(called.state).toBe('authorized');
    expect((await bench.run(id)).state).toBe('completed');
  });
});

describe('T11: a right that nobody may delay', () => {
  const away = (times: number) => Array.from({ length: times }, () => ({ fail: 'retryable' as const }));

  it.each(['plan', 'execute'] as const)(
    'is recorded whenever the CRM is back (%s), and a person knows',
    async (phase) => {
      const bench = makeExecutionBench({}, { right: true });
      bench.crm.turns[phase].push(...away(60));
      const id = await bench.submit(['r1']);
      const ended = await bench.run(id);
      expect(ended).toMatchObject({ state: 'completed', askedOn: '2026-11-01', handoff: { topic: expect.anything() } });
      expect(bench.now() - Date.parse(ended.createdAt)).toBeGreaterThan(86_400_000);
      expect(bench.crm.ledger).toHaveLength(1);
    },
  );

  it.each(['forbidden', 'invalid', 'unsupported', 'bug'] as const)(
    'is a person’s where the plan says %s',
    async (fail) => {
      const bench = makeExecutionBench({}, { right: true });
      bench.crm.turns.plan.push({ fail });
      expect(await bench.run(await bench.submit(['r1']))).toMatchObject({
        state: 'needs_human',
        askedOn: '2026-11-01',
      });
    },
  );

  it('is a person’s where the CRM refuses the write, and what is written stays', async () => {
    const bench = makeExecutionBench({}, { right: true });
    bench.crm.turns.execute.push('ok', { fail: 'invalid' });
    const id = await bench.submit(['r1', 'ticket']);
    expect(await bench.run(id)).toMatchObject({ state: 'needs_human', handoff: { from: 'needs_human' } });
    expect(bench.crm.ledger.map(({ key }) => key)).toEqual([`${id}:r1`]);
  });

  it('does not lapse with the permission it was exercised under', async () => {
    const bench = makeExecutionBench({}, { right: true });
    const lasted: boolean[] = [];
    bench.world.mandates.ended = async ({ mandate }, now) => {
      lasted.push((mandate?.expiresAt ?? 0) * 1_000 > now.getTime());
      return [];
    };
    bench.crm.turns.plan.push(...away(60));
    const id = await bench.submit(['r1']);
    bench.wait(400 * 86_400_000);
    expect((await bench.run(id)).state).toBe('completed');
    expect(lasted).not.toContain(false);
  });
});
