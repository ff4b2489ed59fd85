import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MandateFacts } from '../../protocol/mandate/mandate.ts';
import type { Operation } from '../engine/operation.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { holdsOfMandate } from './mandate-holds.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const mandate = (limits: object, more: Partial<MandateFacts> = {}): MandateFacts => ({
  jti: 'm-1',
  issuer: 'https://issuer.example',
  tier: 'principal',
  subject: 'contact:C-1',
  digest: 'd',
  expiresAt: 9_999_999_999,
  constraints: { actions: ['order.place'], accounts: ['A-1'], ...limits },
  ...more,
});

function desk(timeZone = 'UTC') {
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  let now = new Date('2026-11-30T22:30:00Z');
  const world = {
    store,
    clock: { now: () => now },
    settings: { timeZone },
    actions: { action: () => undefined },
  } as unknown as Parameters<typeof holdsOfMandate>[0];
  return {
    at: (time: string) => {
      now = new Date(time);
    },
    async bind(
      id: string,
      total: number | undefined,
      facts: MandateFacts,
      past: Partial<Pick<Operation, 'state' | 'history'>> = {},
    ): Promise<string> {
      const held = holdsOfMandate(
        world,
        { id, mandate: facts, state: 'received', history: [], ...past } as unknown as Operation,
        total === undefined ? undefined : eur(total),
      );
      if (!held.ok) return held.error.detail ?? held.error.code;
      const committed = await store.commit({ holds: held.value });
      return committed.ok ? 'bound' : committed.reason;
    },
    sum: (name: string) =>
      store.heldBy(`mandate:https://issuer.example ${name}`).reduce((all, { amount }) => all + amount, 0),
    giveBack: (operation: string) => store.commit({ releases: [{ operation, what: 'all' }] }),
  };
}

describe('the limits that operations of one mandate share', () => {
  it('hold over its life, and are given back when nothing came of it', async () => {
    const { bind, giveBack } = desk();
    const facts = mandate({ max_total: eur(10_000) });
    expect(await bind('a', 6_000, facts)).toBe('bound');
    expect(await bind('b', 4_001, facts)).toBe('Of its `max_total`, 40.00 EUR of 100.00 EUR is left.');
    expect(await bind('b', 4_000, facts)).toBe('bound');
    expect(await bind('a', 6_000, facts)).toBe('bound');
    expect(await bind('c', 1, facts)).toContain('0.00 EUR of 100.00 EUR');
    await giveBack('a');
    expect(await bind('c', 6_000, facts)).toBe('bound');
    expect(await bind('other', 10_000, mandate({ max_total: eur(10_000) }, { jti: 'm-2' }))).toBe('bound');
  });

  it('hold for each period of the company’s own calendar', async () => {
    const { bind, at } = desk('Europe/Berlin');
    const facts = mandate({ max_total_per_period: { ...eur(10_000), period: 'month' } });
    expect(await bind('a', 9_000, facts)).toBe('bound');
    expect(await bind('b', 9_000, facts)).toContain('`max_total_per_period`, 10.00 EUR of');
    // The first of December in Berlin, still November in Greenwich.
    at('2026-11-30T23:00:00Z');
    expect(await bind('b', 9_000, facts)).toBe('bound');
    for (const [period, next] of [
      ['day', '2026-12-01T23:30:00Z'],
      ['year', '2027-01-01T00:00:00Z'],
    ] as const) {
      const each = mandate({ max_total_per_period: { ...eur(10), period } }, { jti: period });
      expect(await bind(`${period} a`, 10, each)).toBe('bound');
      expect(await bind(`${period} b`, 1, each)).toContain('0.00 EUR');
      at(next);
      expect(await bind(`${period} b`, 1, each)).toBe('bound');
    }
  });

  it('count in the period in which it was bound, however late it is carried out', async () => {
    const { bind, at } = desk();
    const facts = mandate({ max_total_per_period: { ...eur(100), period: 'day' } });
    const went = (event: string, to: Operation['state']) => ({
      state: to,
      history: [{ at: '2026-11-30T22:30:00Z', from: 'received' as const, to, event, by: 'engine' as const }],
    });
    expect(await bind('a', 60, facts)).toBe('bound');
    expect(await bind('b', 40, facts)).toBe('bound');
    at('2026-12-01T08:00:00Z');
    expect(await bind('c', 100, facts)).toBe('bound');
    expect(await bind('a', 60, facts, went('asked', 'authorized'))).toBe('bound');
    expect(await bind('b', 40, facts, went('accepted', 'scheduled'))).toBe('bound');
    // Said anew, by a person's counter-offer: bound anew.
    expect(await bind('b', 40, facts, went('accepted', 'negotiating'))).toContain('0.00 EUR');
  });

  it('count operations, also those that cost nothing', async () => {
    const { bind, giveBack } = desk();
    const facts = mandate({ max_uses: 2 });
    expect(await bind('a', undefined, facts)).toBe('bound');
    expect(await bind('a', undefined, facts)).toBe('bound');
    expect(await bind('b', 5, facts)).toBe('bound');
    expect(await bind('c', undefined, facts)).toBe('Of its `max_uses`, 0 of 2 is left.');
    await giveBack('b');
    expect(await bind('c', undefined, facts)).toBe('bound');
  });

  it('are shared by everybody a mandate was handed on to, each within its own', async () => {
    const { bind } = desk();
    const root = { name: 'm-1', max_total: eur(10_000) };
    const hop = (name: string, amount: number) =>
      mandate(
        { max_total: eur(amount) },
        { chain: [root, { name: `m-1 ${name}`, max_total: eur(amount) }], delegations: [{ jti: name, to: 'k' }] },
      );
    expect(await bind('a', 5_001, hop('x', 5_000))).toContain('50.00 EUR of 50.00 EUR');
    expect(await bind('a', 5_000, hop('x', 5_000))).toBe('bound');
    expect(await bind('b', 1, hop('x', 5_000))).toContain('0.00 EUR of 50.00 EUR');
    expect(await bind('b', 5_001, hop('y', 9_000))).toContain('50.00 EUR of 100.00 EUR');
    expect(await bind('b', 5_000, hop('y', 9_000))).toBe('bound');
    expect(await bind('c', 1, mandate({ max_total: eur(10_000) }))).toContain('0.00 EUR of 100.00 EUR');
  });

  it('hold over any sequence of operations that arrive together, by whatever hop, and whoever gives up', async () => {
    const limit = 100;
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      hop: fc.constantFrom('', 'x', 'y'),
      total: fc.nat({ max: 60 }),
      gives: fc.constantFrom(false, false, true),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 }), async (batches) => {
        const { bind, giveBack, sum } = desk();
        const root = { name: 'm-1', max_total: eur(limit), max_uses: 4 };
        for (const batch of batches)
          await Promise.all(
            batch.map(async ({ id, hop, total, gives }) => {
              const chain = hop === '' ? [root] : [root, { name: `m-1 ${hop}`, max_total: eur(70) }];
              if (gives) await giveBack(id);
              else await bind(id, total, mandate({}, { chain }));
            }),
          );
        expect(sum('m-1/total')).toBeLessThanOrEqual(limit);
        expect(sum('m-1 x/total')).toBeLessThanOrEqual(70);
        expect(sum('m-1/uses')).toBeLessThanOrEqual(4);
      }),
      { numRuns: 100 },
    );
  });
});
