import { describe, expect, it } from 'vitest';
import { refusal } from '../../protocol/base/errors.ts';
import { err, ok } from '../../protocol/base/result.ts';
import type { State } from '../../protocol/operation.ts';
import type { Held, Unit } from '../ports.ts';
import type { Operation } from './operation.ts';
import type { Change } from './world.ts';
import { toUnit, write } from './write.ts';

const change = (
  state: State,
  { from = 'executing', written = false, doubted = false }: { from?: State; written?: boolean; doubted?: boolean } = {},
): Change => ({
  next: {
    id: 'op-1',
    state,
    version: 2,
    history: [{ from, to: state }],
    attempts: written
      ? [{ step: 'a', result: {} }]
      : [{ step: 'a', ...(doubted ? { doubtedAt: '2026-11-28T12:00:00Z' } : {}) }],
  } as unknown as Operation,
  expected: 1,
  records: [],
});
const givesBack = (...of: Parameters<typeof change>) => toUnit(change(...of)).releases?.map(({ what }) => what);

describe('what an operation gives back', () => {
  it.each(['received', 'negotiating', 'agreed', 'executing', 'unknown', 'needs_human', 'scheduled'] as const)(
    'is nothing while it is %s',
    (state) => {
      expect(givesBack(state)).toBeUndefined();
    },
  );

  it.each(['rejected', 'declined', 'withdrawn', 'expired', 'handed_off', 'failed', 'reversed'] as const)(
    'is everything when it ends %s without effect',
    (state) => {
      expect(givesBack(state)).toEqual(['all']);
    },
  );

  it('E1: is everything where a person took over what was never sent', () => {
    expect(givesBack('handed_off', { from: 'needs_human' })).toEqual(['all']);
  });

  it('is not what it has, or may have, the effect of', () => {
    expect(givesBack('completed', { written: true })).toEqual(['operation']);
    expect(givesBack('completed')).toEqual(['operation']);
    expect(givesBack('handed_off', { from: 'needs_human', doubted: true })).toEqual(['operation']);
    // Between two steps, one of them written.
    for (const state of ['handed_off', 'withdrawn', 'rejected', 'failed'] as const)
      expect(givesBack(state, { from: 'scheduled', written: true })).toEqual(['operation']);
    expect(givesBack('reversed', { from: 'reversing', written: true })).toEqual(['all']);
  });
});

describe('what others hold', () => {
  const held: Held = { ok: false, reason: 'held', kind: 'claim', name: 'claim:order/1', by: 'op-2' };
  const storeOf = (...answers: readonly (Held | { readonly ok: true })[]) => {
    const units: Unit[] = [];
    const commit = async (unit: Unit) => {
      units.push(unit);
      return answers[units.length - 1] ?? { ok: true as const };
    };
    return { store: { commit }, units };
  };

  it('refuses a step, or lets it do something else, once or again', async () => {
    const plain = await write(storeOf(held).store, change('agreed'));
    expect(plain).toMatchObject({ ok: false, error: { code: 'already-claimed' } });
    const told = { ...change('agreed'), otherwise: () => err(refusal('conflict')) };
    expect(await write(storeOf(held).store, told)).toMatchObject({ ok: false, error: { code: 'conflict' } });
    const last = change('rejected');
    const instead = { ...change('agreed'), otherwise: () => ok({ ...change('declined'), otherwise: () => ok(last) }) };
    const { store, units } = storeOf(held, held);
    expect(await write(store, instead)).toMatchObject({ ok: true, value: { change: last, committed: { ok: true } } });
    expect(units.map((unit) => unit.operations?.[0]?.next.state)).toEqual(['agreed', 'declined', 'rejected']);
  });
});
