import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../adapters/sdk/expression.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { State } from '../../protocol/operation.ts';
import type { Operation } from '../engine/operation.ts';
import type { ClaimRule } from '../engine/rules.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { claimedBefore, holdsOfClaims, readClaims } from './claims.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });

function expression(text: string) {
  const compiled = compileExpression(text);
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.value;
}

const refund: ClaimRule = {
  name: expression("'order/' + records.order.id"),
  amount: expression('terms.amount'),
  of: expression('records.order.total'),
  noted: { subject: 'order', field: 'refunded' },
};
const lines: ClaimRule = {
  each: expression('input.lines'),
  name: expression("'order/' + records.order.id + '/' + item.line"),
  amount: expression('item.quantity'),
  of: expression('records.order.quantity'),
};
const outage: ClaimRule = {
  name: expression("'outage/' + records.order.id"),
  from: expression('input.from'),
  to: expression('input.to'),
};
const once: ClaimRule = { name: expression("'dispute/' + records.order.id") };

interface Given {
  readonly state?: State;
  readonly record?: JsonObject;
  readonly input?: JsonObject;
  /** Its plan writes what was refunded onto the order. */
  readonly notes?: boolean;
  readonly endedAt?: string;
}

/** The one step of the plan, as far as an operation in this state has come with it. */
function writtenAs(state: State, notes: boolean): JsonObject[] {
  const begun = { step: 's', intentAt: '2026-11-28T10:30:00Z' };
  if (!notes || state === 'agreed') return [];
  const isOpen = state === 'executing' || state === 'unknown' || state === 'reconciling';
  return isOpen ? [begun] : [{ ...begun, result: { state: 'applied' } }];
}

function desk(...claims: ClaimRule[]) {
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  const forgotten = new Set<string>();
  const world = {
    store: {
      ...store,
      heldBy: (name: string) => store.heldBy(name),
      operation: (id: string) => (forgotten.has(id) ? undefined : store.operation(id)),
    },
    actions: { action: () => ({ rules: { claims } }) },
  } as unknown as Parameters<typeof readClaims>[0];
  const operation = (id: string, given: Given = {}): Operation => {
    const { state = 'agreed', record = {}, input = {}, notes = false, endedAt = '2026-11-28T11:00:00Z' } = given;
    const changes = notes ? [{ ref: { type: 'order', by: 'id', value: 'O-1' }, field: 'refunded' }] : [];
    return {
      id,
      version: 1,
      state,
      input,
      createdAt: '2026-11-28T10:00:00Z',
      recordsAt: '2026-11-28T12:00:00Z',
      records: { order: { id: 'O-1', total: eur(7_300), quantity: 3, ...record } },
      plan: { plan: { steps: [{ id: 's', changes, preconditions: [] }] } },
      attempts: writtenAs(state, notes),
      history: [{ at: endedAt, to: state, event: state === 'completed' ? 'confirmed' : 'stepped' }],
      signoffs: [],
      agent: { keyid: 'k' },
      dueAt: null,
      updatedAt: '',
    } as unknown as Operation;
  };
  return {
    operation,
    forget: (id: string) => void forgotten.add(id),
    async hold(id: string, terms: JsonObject, given: Given = {}): Promise<string> {
      const next = operation(id, given);
      const claimed = readClaims(world, next, terms);
      const holds = claimed.ok ? holdsOfClaims(next, claimed.value) : claimed;
      if (!holds.ok) return `${holds.error.code}: ${holds.error.detail}`;
      const expected = store.operation(id) === undefined ? 0 : 1;
      const committed = await store.commit({ operations: [{ next, expected }], holds: holds.value });
      return committed.ok ? 'held' : committed.reason;
    },
    known: (id: string, terms: JsonObject, given: Given = {}) => claimedBefore(world, operation(id, given), terms),
  };
}

describe('a claim of an amount', () => {
  it('T2: is granted in parts up to the record’s total, and says what is left', async () => {
    const { hold, known } = desk(refund);
    expect(await hold('a', { amount: eur(5_000) })).toBe('held');
    expect(await hold('b', { amount: eur(5_000) })).toBe(
      'claim-exceeded: Of order/O-1, 23.00 EUR of 73.00 EUR is left.',
    );
    expect(await hold('b', { amount: eur(2_301) })).toContain('claim-exceeded');
    expect(await hold('b', { amount: eur(2_300) })).toBe('held');
    expect(await hold('a', { amount: eur(5_000) })).toBe('held');
    expect(await hold('c', { amount: eur(1) })).toContain('0.00 EUR of 73.00 EUR');
    expect(known('c', { amount: eur(1) })).toMatchObject({ operations: 2, open: 2, amount: 7_300, certain: true });
  });

  it('T2: is made in the record’s own currency, and is of something', async () => {
    const { hold } = desk(refund);
    expect(await hold('a', { amount: { amount: 1, currency: 'USD' } })).toContain('claim-exceeded');
    expect(await hold('a', { amount: eur(-1) })).toContain('record-unusable');
    expect(await hold('a', { amount: 'all' })).toContain('record-unusable');
    expect(await hold('a', {})).toContain('record-unusable');
  });

  it('T2: leaves out what the CRM says was granted by others', async () => {
    const { hold } = desk(refund);
    const record = { refunded: eur(7_000) };
    expect(await hold('a', { amount: eur(301) }, { record })).toContain('claim-exceeded: Of order/O-1, 3.00 EUR');
    expect(await hold('a', { amount: eur(300) }, { record })).toBe('held');
  });

  it('T2: counts what it wrote into the CRM’s figure itself once, not twice', async () => {
    const { hold } = desk(refund);
    await hold('a', { amount: eur(5_000) }, { state: 'completed', notes: true });
    expect(await hold('b', { amount: eur(2_301) }, { record: { refunded: eur(5_000) } })).toContain('23.00 EUR of');
    expect(await hold('b', { amount: eur(2_300) }, { record: { refunded: eur(5_000) } })).toBe('held');
  });

  it('T2: adds to the CRM’s figure where it is not written there', async () => {
    const { hold } = desk(refund);
    await hold('a', { amount: eur(5_000) }, { state: 'completed' });
    expect(await hold('b', { amount: eur(2_300) }, { record: { refunded: eur(1_000) } })).toContain('13.00 EUR of');
  });

  it.each(['executing', 'unknown', 'reconciling'] as const)(
    'T2: waits where an earlier one is %s and nobody can say whether the figure has it',
    async (state) => {
      const { hold } = desk(refund);
      await hold('a', { amount: eur(5_000) }, { state, notes: true });
      expect(await hold('b', { amount: eur(2_300) }, { record: { refunded: eur(5_000) } })).toContain('unavailable');
      expect(await hold('b', { amount: eur(2_301) }, { record: { refunded: eur(5_000) } })).toContain('claim-exceeded');
      const late = '2026-11-28T12:00:00Z';
      await hold('a', { amount: eur(5_000) }, { state: 'completed', notes: true, endedAt: late });
      expect(await hold('b', { amount: eur(2_300) }, { record: { refunded: eur(5_000) } })).toContain('unavailable');
    },
  );

  it.each(['authorized', 'awaiting_signoff', 'scheduled', 'needs_human'] as const)(
    'T2: counts what is written once also while the operation is %s with more to write',
    async (state) => {
      const { hold } = desk(refund);
      await hold('a', { amount: eur(5_000) }, { state, notes: true });
      expect(await hold('b', { amount: eur(2_301) }, { record: { refunded: eur(5_000) } })).toContain('23.00 EUR of');
      expect(await hold('b', { amount: eur(2_300) }, { record: { refunded: eur(5_000) } })).toBe('held');
    },
  );

  it('T2: counts once what an operation was granted that is forgotten by now', async () => {
    const { hold, forget } = desk(refund);
    await hold('a', { amount: eur(5_000) }, { state: 'completed', notes: true });
    forget('a');
    expect(await hold('b', { amount: eur(2_301) }, { record: { refunded: eur(5_000) } })).toContain('23.00 EUR of');
    expect(await hold('b', { amount: eur(2_300) }, { record: { refunded: eur(5_000) } })).toBe('held');
  });

  it('T2: is made once where the record has no total or one that cannot be compared, and a person compares', async () => {
    for (const record of [{ total: null }, { total: 'much' }, { refunded: { amount: 1, currency: 'USD' } }]) {
      const { hold, known } = desk(refund);
      expect(known('a', { amount: eur(5_000) }, { record }).certain).toBe(false);
      expect(await hold('a', { amount: eur(5_000) }, { record })).toBe('held');
      expect(await hold('b', { amount: eur(1) }, { record })).toContain('already-claimed');
    }
  });

  it('T2: of lines is one a line, however they are named', async () => {
    const { hold } = desk(lines);
    const of = (...named: JsonObject[]) => ({ input: { lines: named } });
    const [one, two] = [
      { line: 'P-1', quantity: 2 },
      { line: 'P-2', quantity: 3 },
    ];
    expect(await hold('a', {}, of(one, one))).toContain('claim-exceeded: Of order/O-1/P-1, 1 of 3 is left.');
    expect(await hold('a', {}, of(one, two))).toBe('held');
    expect(await hold('b', {}, of(one))).toContain('1 of 3 is left');
    expect(await hold('b', {}, of(two))).toContain('0 of 3 is left');
    expect(await hold('b', {}, of({ line: 'P-1', quantity: 1 }))).toBe('held');
  });

  it('T2: never exceeds the total, whatever is asked for, in whatever order, and whoever gives up', async () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      amount: fc.nat({ max: 5_000 }),
      gives: fc.constantFrom(false, false, true),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat({ max: 7_300 }), async (steps, refunded) => {
        const { hold } = desk(refund);
        const held = new Map<string, number>();
        for (const { id, amount, gives } of steps) {
          const wanted = gives ? 0 : amount;
          const record = { refunded: eur(refunded) };
          if ((await hold(id, { amount: eur(wanted) }, { record })) === 'held') held.set(id, wanted);
          const sum = [...held.values()].reduce((total, each) => total + each, 0);
          expect(sum + refunded).toBeLessThanOrEqual(7_300);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a claim of a time', () => {
  const at = (from: string, to: string) => ({ input: { from: `2026-10-${from}Z`, to: `2026-10-${to}Z` } });

  it('T2, T9: overlaps no earlier one; an older time that nobody claimed is granted', async () => {
    const { hold } = desk(outage);
    expect(await hold('a', {}, at('20T08:00:00', '20T11:00:00'))).toBe('held');
    expect(await hold('b', {}, at('20T10:59:59', '20T12:00:00'))).toContain('already-claimed');
    expect(await hold('b', {}, at('20T08:30:00', '20T09:00:00'))).toContain('already-claimed');
    expect(await hold('b', {}, at('19T00:00:00', '21T00:00:00'))).toContain('already-claimed');
    expect(await hold('b', {}, at('05T08:00:00', '05T11:00:00'))).toBe('held');
    expect(await hold('c', {}, at('20T11:00:00', '20T12:00:00'))).toBe('held');
    expect(await hold('a', {}, at('20T08:00:00', '20T11:00:00'))).toBe('held');
  });

  it.each([
    ['20T08:00:00', '20T08:00:00'],
    ['20T09:00:00', '20T08:00:00'],
    ['32T08:00:00', '32T09:00:00'],
    ['20T24:00:00', '20T25:00:00'],
    ['20T08:60:00', '20T09:00:00'],
  ])('T9: is a real one, its end after its start: %s to %s is none', async (from, to) => {
    expect(await desk(outage).hold('a', {}, at(from, to))).toContain('record-unusable');
  });
});

describe('a claim of the whole', () => {
  it('T2: is made once, until it is given back', async () => {
    const { hold } = desk(once);
    expect(await hold('a', {})).toBe('held');
    expect(await hold('b', {})).toContain('already-claimed');
    expect(await hold('a', {})).toBe('held');
  });
});
