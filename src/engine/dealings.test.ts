import { describe, expect, it } from 'vitest';
import type { PlanStep, Touched } from '../../adapters/sdk/index.ts';
import { dealingsOf } from './dealings.ts';
import type { Operation } from './operation.ts';

const CONTRACT = { id: 'K-1', account: 'A-1', end_date: '2027-12-31' };
const ticket = { type: 'ticket', by: 'external', value: 'op_1:ticket' } as const;
const contract = { type: 'contract', by: 'id', value: 'K-1' } as const;
const MADE: PlanStep = {
  ...{ id: 'ticket', action: 'sla.credit', summary: 'Open a case', preconditions: [], payload: {} },
  changes: [{ ref: ticket, field: 'subject', label: 'Subject', from: null, to: 'Credit' }],
  ...{ idempotencyKey: 'op_1:ticket', reversal: 'none' },
};
const READ: readonly Touched[] = [
  { ref: contract, account: 'A-1', mode: 'read' },
  { ref: ticket, account: 'A-1', mode: 'write' },
];

/** As far as it is looked at. */
function credited(steps: readonly PlanStep[], record: object = CONTRACT): Operation {
  const history = [{ at: '2026-11-01T00:00:00Z', event: 'cleared', by: 'engine', from: 'received', to: 'authorized' }];
  return {
    ...{ id: 'op_1', action: 'sla.credit', state: 'completed', mandate: null, agent: { keyid: 'A' }, history },
    records: { contract: record },
    attempts: [{ step: 'ticket', outcome: { kind: 'applied' } }],
    plan: { plan: { steps, warnings: [], touched: READ }, granted: { amount: 500, currency: 'EUR' } },
  } as unknown as Operation;
}

describe('what an operation counts for', () => {
  it('T3: what was granted is remembered of what it was asked about, also where only a case was opened', () => {
    const { end_date: _none, ...plain } = CONTRACT;
    for (const record of [CONTRACT, plain])
      expect(dealingsOf(credited([MADE], record))).toMatchObject([
        { record: 'contract/K-1', account: 'A-1', granted: { amount: 500, currency: 'EUR' } },
      ]);
  });

  it('T3: is of the record that was meant, where one of another type has the same id', () => {
    const invoice = { id: 'K-1', account: 'A-2', seats: 9, end_date: '2020-01-01' };
    const own = { ...CONTRACT, seats: 20 };
    const planned: PlanStep = {
      ...MADE,
      preconditions: [{ ref: contract, version: '1' }],
      changes: [{ ref: contract, field: 'planned_seats', label: 'Seats', from: null, to: 30 }],
    };
    const both = { records: { invoice, contract: own }, recordTypes: { invoice: 'invoice', contract: 'contract' } };
    const [written] = dealingsOf({ ...credited([planned]), ...both });
    expect(written).toMatchObject({ record: 'contract/K-1', account: 'A-1' });
    expect(written?.changes).toContainEqual({ field: 'seats', from: 20, to: 30, later: true });
    const [asked] = dealingsOf({ ...credited([MADE]), ...both });
    expect(asked).toMatchObject({ account: 'A-1', changes: [{ field: 'end_date', from: own.end_date }] });
  });

  it('T3: what granted nothing in the end counts for nothing', () => {
    expect(dealingsOf(credited([])).flatMap(({ granted }) => granted ?? [])).toEqual([]);
  });
});
