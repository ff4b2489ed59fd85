import { describe, expect, it } from 'vitest';
import { refusal } from '../../protocol/base/errors.ts';
import type { Operation } from '../engine/operation.ts';
import { endOfRest } from './overtake.ts';

const at = '2026-11-28T12:00:00Z';
const stays = (event: string) => ({ at, event, by: 'agent', from: 'agreed', to: 'agreed' });
const OVERTAKEN = { at, event: 'overtaken', by: 'engine', from: 'scheduled', to: 'agreed' };

/** A part of it is written on an earlier day; as far as it is looked at. */
function rest(history: readonly object[]): Operation {
  const attempts = [{ step: 's1', result: { outcome: 'applied' }, outcome: { kind: 'applied' } }];
  return { id: 'op_1', action: 'own.act', input: {}, schedule: { at }, attempts, history } as unknown as Operation;
}

describe('a rest that is overtaken', () => {
  const actions = { action: () => undefined } as unknown as Parameters<typeof endOfRest>[0]['actions'];
  const end = (history: readonly object[]) => endOfRest({ actions }, rest(history), refusal('record-unusable'));

  it('T1: is taken back, also where a person was asked for, or has settled a case, before it is judged', () => {
    expect(end([OVERTAKEN])).toBe('rejected');
    for (const event of ['noted', 'handoff', 'settled']) expect(end([OVERTAKEN, stays(event)])).toBe('rejected');
    const planned = { at, event: 'planned', by: 'engine', from: 'agreed', to: 'awaiting_signoff' };
    for (const history of [[stays('handoff')], [OVERTAKEN, planned]]) expect(end(history)).toBe('refused');
  });
});
