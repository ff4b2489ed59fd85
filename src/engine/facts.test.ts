import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../adapters/sdk/expression.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { compileCondition, conditionEnvironment, recordValue } from './conditions.ts';
import { changedFacts, factsDigest, isPrincipals, overlaid, watchFields } from './facts.ts';
import type { Operation } from './operation.ts';

const contract: JsonObject = {
  id: 'K-1',
  unit_price: { amount: 4_900, currency: 'EUR' },
  seats: 25,
  note: 'call on Mondays',
  status: 'active',
};
const records: JsonObject = { contract, lines: [{ sku: 'a' }, { sku: 'b' }] };

function factsOf(text: string): JsonObject {
  const compiled = compileExpression(text);
  if (!compiled.ok) throw new Error(compiled.error);
  const watched = watchFields(records);
  compiled.value({ operation: 'op', input: {}, terms: {}, records: watched.records });
  return watched.facts();
}

describe('what a decision rests on', () => {
  it('is what an expression looks at, and nothing else', () => {
    expect(factsOf('times(records.contract.unit_price, records.contract.seats)')).toEqual({
      'contract.unit_price': contract['unit_price'],
      'contract.seats': 25,
    });
  });

  it('is also what is not there', () => {
    expect(factsOf('has(records.contract.cancels_on) ? "under notice" : records.contract.status')).toEqual({
      'contract.cancels_on': null,
      'contract.status': 'active',
    });
  });

  it('is told for each record of a list', () => {
    expect(factsOf('records.lines[1].sku')).toEqual({ 'lines/1.sku': 'b' });
  });

  it('is what a condition looks at', () => {
    const condition = compileCondition(
      conditionEnvironment().registerVariable('record', 'map'),
      'record.seats > 20 && record.status == "active"',
    );
    if (!condition.ok) throw new Error(condition.error);
    const watched = watchFields(records);
    expect(condition.value({ record: recordValue(watched.records['contract'] as JsonObject) })).toBe(true);
    expect(Object.keys(watched.facts())).toEqual(['contract.seats', 'contract.status']);
  });

  it('does not count what is laid over the record', () => {
    const watched = watchFields(records);
    const facts = overlaid(watched.records['contract'], { seats: 30, effective_on: '2027-01-01' });
    expect([facts['seats'], facts['effective_on'], facts['status']]).toEqual([30, '2027-01-01', 'active']);
    expect(Object.hasOwn(facts, 'effective_on')).toBe(true);
    expect({ ...facts }['seats']).toBe(30);
    expect(Object.keys(watched.facts())).not.toContain('contract.effective_on');
  });

  it('has changed where one of its fields is another, and not where a note is', () => {
    const facts = factsOf('times(records.contract.unit_price, records.contract.seats)');
    expect(changedFacts(facts, { ...records, contract: { ...contract, note: 'moved' } })).toEqual([]);
    expect(changedFacts(facts, { ...records, contract: { ...contract, seats: 5 } })).toEqual([
      { fact: 'contract.seats', from: 25, to: 5 },
    ]);
    expect(changedFacts(facts, {})).toHaveLength(2);
    expect(factsDigest('salt', facts)).not.toBe(factsDigest('other', facts));
  });
});

describe('T1: who has changed a record', () => {
  const seats = (from: number, to: number, more: JsonObject = {}): JsonObject => ({
    field: 'seats',
    from,
    to,
    ...more,
  });
  /** Whether the change from 30 to 25 seats is the customer's own, after these changes through us. */
  const isTheirs = (...changes: readonly JsonObject[]): boolean => {
    const subjects = [{ name: 'contract', type: 'contract' }];
    const operation = { id: 'op', action: 'a', createdAt: '2026-11-28T12:00:00Z', records: { contract } };
    return isPrincipals(
      {
        actions: { action: () => ({ rules: { subjects } }) },
        store: { dealings: () => changes.map((each) => ({ operation: 'other', changes: [each] })) },
        clock: { now: () => new Date('2026-11-28T12:00:00Z') },
      } as never,
      operation as unknown as Operation,
      [{ fact: 'contract.seats', from: 30, to: 25 }],
    );
  };

  it('is the customer where their requests lead from what it was to what it is', () => {
    expect(isTheirs(seats(30, 25))).toBe(true);
    expect(isTheirs(seats(20, 30), seats(30, 28), seats(28, 25))).toBe(true);
    expect(isTheirs(seats(30, 25), seats(25, 40, { later: true }))).toBe(true);
  });

  it('is the company where it set back what they changed, or came between', () => {
    expect(isTheirs()).toBe(false);
    expect(isTheirs(seats(20, 25), seats(25, 30))).toBe(false);
    expect(isTheirs(seats(30, 25), seats(25, 30))).toBe(false);
    expect(isTheirs(seats(31, 25))).toBe(false);
    expect(isTheirs(seats(30, 28), seats(27, 25))).toBe(false);
  });
});
