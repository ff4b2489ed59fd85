import { describe, expect, it } from 'vitest';
import type { PlanStep } from './index.ts';
import { PAYLOAD_FORMAT, payloadOf, seenPayloadOf } from './payload.ts';
import { undoStep } from './undo.ts';

const contract = { type: 'contract', by: 'id', value: 'K-1' } as const;
const ticket = { type: 'ticket', by: 'external', value: 'op_1:case' } as const;
const step = (payload: PlanStep['payload']): PlanStep => ({
  id: 'contract',
  action: 'contract.renew',
  summary: 'Renew',
  changes: [
    { ref: contract, field: 'seats', label: 'Seats', from: 1, to: 2 },
    { ref: ticket, field: 'subject', label: 'Subject', from: null, to: 'x' },
  ],
  preconditions: [{ ref: contract, version: '7' }],
  idempotencyKey: 'op_1:contract',
  reversal: 'undo',
  payload,
});
const update = { type: 'contract', id: 'K-1', values: { seats: 2 }, seen: {} };

describe('a step’s payload', () => {
  it('E14: of today and of before it had a number is read', () => {
    for (const format of [{}, { format: PAYLOAD_FORMAT }])
      expect(payloadOf(step({ ...format, update, create: null, note: null }))).toEqual({
        update,
        create: null,
        note: null,
      });
  });

  it.each([
    ['an older one', { seats: 2 }],
    ['a later one', { format: PAYLOAD_FORMAT + 1, update, create: null }],
    ['one without values', { update: { type: 'contract', id: 'K-1' }, create: null }],
    ['nothing', {}],
  ])('E14: of another version (%s) is not written, and what it wrote is found by its changes', (_name, payload) => {
    expect(() => payloadOf(step(payload))).toThrow(expect.objectContaining({ code: 'unsupported' }));
    expect(seenPayloadOf(step(payload))).toEqual({
      update,
      create: { type: 'ticket', account: null, values: { subject: 'x' } },
      note: null,
    });
  });
});

describe('the undo of a step', () => {
  it('E17: writes the values from before, where nobody has written since, under its own key', () => {
    const undo = undoStep(step({ update, create: null, note: 'n' }), { state: 'applied', ref: contract, version: '8' });
    expect(undo).toMatchObject({
      idempotencyKey: 'op_1:contract:undo',
      preconditions: [{ ref: contract, version: '8' }],
      changes: [{ field: 'seats', from: 2, to: 1 }],
    });
    expect(undo && payloadOf(undo)).toMatchObject({
      update: { id: 'K-1', values: { seats: 1 } },
      create: null,
      note: null,
    });
  });
});
