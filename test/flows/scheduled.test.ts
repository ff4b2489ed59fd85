import { describe, expect, it } from 'vitest';
import type { Scope } from '../../adapters/sdk/expression.ts';
import { objectOf } from '../../protocol/base/json.ts';
import { viewOf } from '../../src/engine/view.ts';
import { overtaking } from '../../src/execution/overtake.ts';
import { inWords } from '../../src/serve/words.ts';
import { datedEngine } from '../support/dated.ts';

const START = '2027-01-31T10:00:00Z';
const later = { seats: 5, on: '2027-02-03' };

describe('a step that has its day', () => {
  it('T4: waits for the day, says so, and is written when it begins', async () => {
    const engine = await datedEngine({ start: START });
    const id = await engine.submit(later);
    const view = viewOf(engine.operation(id));
    expect(view).toMatchObject({
      state: 'scheduled',
      scheduled: { on: '2027-02-03', at: '2027-02-03T00:00:00.000Z', time_zone: 'UTC' },
    });
    expect(view.next.map(({ rel }) => rel)).toEqual(['withdraw', 'read', 'handoff']);
    expect(inWords(view, String)).toContain('2027-02-03');
    expect(engine.types()).toEqual(['operation.scheduled']);
    await engine.until('2027-02-02T23:59:59Z');
    expect(engine.written).toEqual([]);
    await engine.until('2027-02-03T00:00:00Z');
    expect(engine.written.map(({ at }) => at)).toEqual(['2027-02-03T00:00:00.000Z']);
    expect(engine.operation(id).state).toBe('completed');
    expect(engine.record()['seats']).toBe(5);
  });

  it('T4: the day begins in the company’s time zone', async () => {
    const engine = await datedEngine({ start: START, timeZone: 'America/Los_Angeles' });
    await engine.submit(later);
    await engine.until('2027-02-03T07:59:59Z');
    expect(engine.written).toEqual([]);
    await engine.until('2027-02-03T08:00:00Z');
    expect(engine.written).toHaveLength(1);
  });

  it('T4: what is for now is written now, the rest on its day, each once, whatever the adapter can look up', async () => {
    for (const idempotency of ['key', 'lookup', 'none'] as const) {
      const engine = await datedEngine({ start: START, marks: true, idempotency });
      const id = await engine.submit(later);
      expect(engine.operation(id).state).toBe('scheduled');
      expect(engine.record()).toMatchObject({ seats: 10, changes_on: '2027-02-03' });
      // Somebody else writes the record, and the process dies.
      engine.edit({ note: 1 });
      engine.restart();
      await engine.until('2027-02-03T01:00:00Z');
      expect(engine.operation(id).state).toBe('completed');
      expect(engine.record()).toMatchObject({ seats: 5, changes_on: null, note: 1 });
      expect(engine.written.map(({ key }) => key)).toEqual([`${id}:mark`, `${id}:apply`]);
    }
  });

  it('T4: a person approves the day with the plan, once; on the day it is the same plan', async () => {
    const engine = await datedEngine({ start: START, marks: true, asks: true });
    const id = await engine.submit(later);
    const { plan } = engine.operation(id);
    expect(plan?.plan.steps.map((step) => step.not_before)).toEqual([undefined, '2027-02-03']);
    await engine.approve(id);
    engine.edit({ note: 1 });
    await engine.until('2027-02-03T01:00:00Z');
    const done = engine.operation(id);
    expect(done).toMatchObject({ state: 'completed', plan: { digest: plan?.digest } });
    expect(done.signoffs).toHaveLength(1);
  });

  it('T4: what has changed since is void and asked again; what is written is not written again', async () => {
    const engine = await datedEngine({ start: START, marks: true, asks: true });
    const id = await engine.submit(later);
    await engine.approve(id);
    engine.edit({ seats: 12 });
    await engine.until('2027-02-03T00:00:00Z');
    expect(engine.operation(id)).toMatchObject({ state: 'awaiting_signoff' });
    expect(engine.operation(id).plan?.plan.steps.at(-1)?.changes[0]).toMatchObject({ from: 12, to: 5 });
    await engine.approve(id);
    expect(engine.operation(id).state).toBe('completed');
    expect(engine.written.map(({ key }) => key)).toEqual([`${id}:mark`, `${id}:apply`]);
  });

  it('T4: a person’s no to what is left takes back what is written', async () => {
    const engine = await datedEngine({ start: START, marks: true, asks: true });
    const id = await engine.submit(later);
    await engine.approve(id);
    engine.edit({ seats: 12 });
    await engine.until('2027-02-03T00:00:00Z');
    const signoff = engine.operation(id).signoffs.at(-1);
    const decision = { signoff: signoff?.id ?? '', planDigest: signoff?.planDigest ?? '' };
    const person = { id: 'p', roles: ['approver'] };
    const countered = await engine.pipeline.decide(id, { ...decision, kind: 'countered', terms: {} }, person, 'page');
    expect(countered).toMatchObject({ ok: false, error: { code: 'wrong-state' } });
    await engine.pipeline.decide(id, { ...decision, kind: 'rejected' }, person, 'page');
    await engine.work();
    expect(engine.operation(id).state).toBe('reversed');
    expect(engine.record()).toMatchObject({ seats: 12, changes_on: null });
  });

  it('T4: nobody’s yes in time leaves it to a person, never half done', async () => {
    const engine = await datedEngine({ start: START, marks: true, asks: true });
    const id = await engine.submit(later);
    await engine.approve(id);
    engine.edit({ seats: 12 });
    await engine.until('2027-02-03T09:00:00Z');
    expect(engine.operation(id)).toMatchObject({ state: 'needs_human', dueAt: null });
  });

  it('T4: a day that has come by now is today', async () => {
    const engine = await datedEngine({ start: START, marks: true, asks: true });
    const id = await engine.submit({ seats: 5, on: '2027-01-31' });
    await engine.approve(id);
    expect(engine.operation(id).state).toBe('completed');
    expect(engine.record()).toMatchObject({ seats: 5, changes_on: null });
  });
});

describe('taking back what waits for its day', () => {
  it('T4: the agent may while nothing is written and not both have signed', async () => {
    const plain = await datedEngine({ start: START });
    const id = await plain.submit(later);
    expect(await plain.ask('withdraw', id, {})).toMatchObject({ ok: true });
    await plain.until('2027-02-04T00:00:00Z');
    expect(plain.operation(id)).toMatchObject({ state: 'withdrawn' });
    expect(plain.written).toEqual([]);

    for (const options of [{ agreed: true }, { marks: true }]) {
      const engine = await datedEngine({ start: START, ...options });
      const kept = await engine.submit(later);
      expect(viewOf(engine.operation(kept)).next.map(({ rel }) => rel)).not.toContain('withdraw');
      expect(await engine.ask('withdraw', kept, {})).toMatchObject({ ok: false, error: { code: 'wrong-state' } });
    }
  });

  it('T4: a person may, with a reason that the customer is told; what is written is reversed', async () => {
    const engine = await datedEngine({ start: START, agreed: true });
    const id = await engine.submit(later);
    expect(await engine.pipeline.cancel(id, '  ', { id: 'p' })).toMatchObject({ ok: false });
    expect(await engine.pipeline.cancel(id, 'The product ends.', { id: 'p' })).toMatchObject({ ok: true });
    const { state, problem, receipt } = engine.operation(id);
    expect({ state, told: String(problem?.['detail']) }).toEqual({
      state: 'rejected',
      told: 'A person at the company cancelled it before 2027-02-03: The product ends.',
    });
    expect(receipt).toBeDefined();
    await engine.until('2027-02-04T00:00:00Z');
    expect(engine.written).toEqual([]);

    const marked = await datedEngine({ start: START, marks: true });
    const other = await marked.submit(later);
    await marked.pipeline.cancel(other, 'No.', { id: 'p' });
    await marked.work();
    expect(marked.operation(other).state).toBe('reversed');
    expect(marked.record()).toMatchObject({ seats: 10, changes_on: null });
  });

  it('T4: a call for a person is granted and leaves it as it is', async () => {
    const engine = await datedEngine({ start: START });
    const id = await engine.submit(later);
    expect(await engine.ask('handoff', id, {})).toMatchObject({ ok: true });
    expect(engine.operation(id)).toMatchObject({ state: 'scheduled' });
    expect(engine.operation(id).handoff).toBeDefined();
  });
});

describe('on the day', () => {
  it('T4: a mandate that has run out since stands, a revoked one does not', async () => {
    const engine = await datedEngine({ start: START, agreed: true, mandateEnds: '2027-02-01T00:00:00Z' });
    const id = await engine.submit(later);
    await engine.until('2027-02-03T00:00:00Z');
    expect(engine.operation(id).state).toBe('completed');

    const other = await datedEngine({ start: START, agreed: true });
    const revoked = await other.submit(later);
    other.revoke();
    await other.until('2027-02-03T00:00:00Z');
    expect(other.operation(revoked)).toMatchObject({ state: 'rejected' });
    expect(other.written).toEqual([]);
    expect(other.types()).toEqual(['operation.scheduled', 'operation.not_carried_out']);
  });

  it('T1: what others hold breaks no promise: a person settles it', async () => {
    const engine = await datedEngine({ start: START });
    const { agreement: _none, ...submitted } = engine.operation(await engine.submit({ seats: 5, on: '2027-01-31' }));
    const held = { ok: false, reason: 'held', kind: 'claim', name: 'claim:order/1', by: 'op_2' } as const;
    const offer = { id: 'of_1', by: 'company', terms: { seats: 5 }, firmness: 'binding' };
    const agreed = (firmness: string) =>
      ({
        ...{ ...submitted, state: 'agreed', attempts: [] },
        negotiation: { offers: [{ ...offer, firmness }] },
        agreement: { payload: {}, offer: 'of_1', signatures: [{}] },
      }) as unknown as typeof submitted;
    const instead = async (firmness: string) => {
      const change = await engine.pipeline.work(agreed(firmness), false);
      const other = await change?.otherwise?.(held);
      return other?.ok === true ? other.value.next.state : other;
    };
    expect(await instead('binding')).toBe('handed_off');
    expect(await instead('indicative')).toBe('rejected');
  });

  it('T4: a CRM that is down is waited for; what was promised and cannot be done is for a person', async () => {
    const engine = await datedEngine({ start: START, agreed: true });
    const id = await engine.submit(later);
    engine.fail('retryable');
    await engine.until('2027-02-04T12:00:00Z');
    expect(engine.operation(id).state).toBe('scheduled');
    engine.fail(undefined);
    await engine.until('2027-02-04T14:00:00Z');
    expect(engine.operation(id).state).toBe('completed');

    for (const [code, options, end] of [
      ['retryable', { agreed: true }, 'needs_human'],
      ['not_found', { agreed: true }, 'needs_human'],
      ['not_found', { marks: true }, 'needs_human'],
      ['not_found', {}, 'rejected'],
    ] as const) {
      const broken = await datedEngine({ start: START, ...options });
      const lost = await broken.submit(later);
      broken.fail(code);
      await broken.until('2027-02-07T00:00:00Z');
      expect(broken.operation(lost).state).toBe(end);
    }
  });
});

describe('what others hold on the day', () => {
  const claims = [{ name: () => 'order/1', amount: () => 3, of: () => 5 }] as const;
  const hold = (
    engine: Awaited<ReturnType<typeof datedEngine>>,
    kind: 'claim' | 'record',
    name: string,
    amount: number,
  ) =>
    engine.world.store.commit({
      holds: [
        { operation: 'op_2', kind, holds: amount === 0 ? [] : [{ name, amount, limit: null, lasts: 'operation' }] },
      ],
    });

  it.each([
    ['both have signed', { agreed: true }, 'needs_human', []],
    ['a part is written', { marks: true }, 'needs_human', ['mark']],
    ['nobody counts on it', {}, 'rejected', []],
  ] as const)('T1, T2: a claim that is somebody else’s by then: %s', async (_, options, state, written) => {
    const engine = await datedEngine({ start: START, ...options, rules: { claims } });
    const id = await engine.submit(later);
    expect(engine.operation(id).state).toBe('scheduled');
    await hold(engine, 'claim', 'claim:order/1', 3);
    await engine.until('2027-02-03T01:00:00Z');
    expect(engine.operation(id)).toMatchObject({ state, problem: { type: expect.stringMatching(/claim/) } });
    expect(engine.written.map(({ key }) => key)).toEqual(written.map((step) => `${id}:${step}`));
    expect(engine.types().includes('operation.not_carried_out')).toBe(state === 'rejected');
  });

  it('T1: the record, is waited for, and for a person after days', async () => {
    const rules = { exclusive: ['contract'], sharesWhileScheduled: true };
    for (const [freed, state] of [
      ['2027-02-04T12:00:00Z', 'completed'],
      ['2027-02-09T00:00:00Z', 'needs_human'],
    ] as const) {
      const engine = await datedEngine({ start: START, agreed: true, rules });
      const id = await engine.submit(later);
      await hold(engine, 'record', 'record:contract/K-1', 1);
      await engine.until('2027-02-04T12:00:00Z');
      expect(engine.operation(id).state).toBe('scheduled');
      await engine.until(freed);
      await hold(engine, 'record', 'record:contract/K-1', 0);
      await engine.until('2027-02-09T06:00:00Z');
      expect(engine.operation(id).state).toBe(state);
      expect(engine.written).toHaveLength(state === 'completed' ? 1 : 0);
    }
  });
});

describe('what overtakes it', () => {
  const ENDS = 'seats.end';
  const contract = { name: 'contract', type: 'contract', id: () => 'K-1', shared: false };
  const order = { ...contract, name: 'order', type: 'order' };
  const isOpen = {
    that: ({ records }: Scope) => objectOf(records['contract'])['closed'] !== true,
    otherwise: 'Ended.',
    ofTerms: false,
  };

  it.each([
    ['its own record', [contract], 'contract', true],
    ['a record of another type with the same id', [order], 'order', false],
    ['its own, beside one of another type with the same id', [order, contract], 'contract', true],
    ['another, beside its own, which is left as it is', [order, contract], 'order', false],
  ] as const)('T5: is told by type and id: %s', async (_, subjects, type, isOvertaken) => {
    const engine = await datedEngine({
      start: START,
      agreed: true,
      rules: { overtakenBy: [ENDS], requires: [isOpen] },
      others: { [ENDS]: { subjects } },
    });
    const id = await engine.submit(later);
    const waiting = engine.operation(id);
    const ref = { type, by: 'id', value: 'K-1' } as const;
    const [step] = waiting.plan?.plan.steps ?? [];
    const at = '2027-02-01T00:00:00.000Z';
    const change = { ref, field: 'note', label: 'Note', from: null, to: 1 };
    const { not_before: _day, ...plain } = step ?? expect.fail('no step');
    const written = { ...plain, id: 'end', preconditions: [{ ref, version: '1' }], changes: [change] };
    const record = (name: string) => [
      name,
      { id: 'K-1', account: 'A-1', note: name === type ? 1 : null, closed: name === type },
    ];
    const done = {
      ...{ ...waiting, id: 'op_2', action: ENDS, version: 1, state: 'executing' },
      records: Object.fromEntries(subjects.map(({ name }) => record(name))),
      plan: { ...waiting.plan, plan: { steps: [written], warnings: [] } },
      attempts: [{ step: 'end', intentAt: at, result: { state: 'applied', ref, version: '2' } }],
      history: [{ at, by: 'engine', event: 'cleared', from: 'agreed', to: 'authorized' }],
    } as unknown as typeof waiting;
    expect(await engine.world.store.commit({ operations: [{ next: done, expected: 0 }] })).toEqual({ ok: true });
    const next = { ...done, state: 'completed' } as const;
    const { beside = [] } = overtaking(engine.world, { next, expected: 1, records: [] });
    expect(beside.map(({ next: { id: other, state } }) => [other, state])).toEqual(isOvertaken ? [[id, 'agreed']] : []);
  });
});
