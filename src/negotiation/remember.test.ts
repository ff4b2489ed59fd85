import { describe, expect, it } from 'vitest';
import type { Json } from '../../protocol/base/json.ts';
import type { MandateFacts, Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { aboutOf } from './remember.ts';

const world = {
  actions: { action: () => ({ rules: { subjects: [{ name: 'product', type: 'product' }] } }) },
} as unknown as Pick<World, 'actions'>;

interface Asked {
  readonly record: Json;
  readonly subject?: string;
  readonly accounts?: readonly string[];
  readonly keyid?: string;
}

const about = ({ record, subject, accounts = [], keyid = 'key-1' }: Asked) =>
  aboutOf(world, {
    action: 'own.buy',
    agent: { keyid },
    records: { product: record },
    mandate: subject === undefined ? null : ({ subject, constraints: { accounts } } as unknown as MandateFacts),
  } as unknown as Operation);

/** Whose share of what is shared out, or whose memory, it is. */
const whose = (asked: Asked) => about(asked)?.account;

describe('what a talk is about', () => {
  it('T3: is its record and whose that is', () => {
    expect(about({ record: { id: 'P-1', account: 'A-1' }, subject: 'contact:C-1', accounts: ['A-2'] })).toEqual({
      place: expect.stringContaining('P-1'),
      account: 'A-1',
    });
    expect(about({ record: null })).toBeUndefined();
  });

  describe.each<[string, Json]>([
    ['no account', { id: 'P-1' }],
    ['null', { id: 'P-1', account: null }],
    ['an empty one', { id: 'P-1', account: '' }],
  ])('T3: of a record that is nobody’s (%s)', (_, record) => {
    it('is the customer’s who asks, by whichever key, and shared with no other', () => {
      const one = { record, subject: 'contact:C-1', accounts: ['A-1', 'A-2'] };
      expect(whose(one)).toBe(whose({ ...one, keyid: 'key-2' }));
      expect(whose({ record, subject: 'contact:C-1', accounts: ['A-1'] })).toBe('A-1');
      const others = [
        { ...one, subject: 'contact:C-2' },
        { record, subject: 'contact:C-2', accounts: ['A-2'] },
        { record, keyid: 'key-1' },
        { record, keyid: 'key-2' },
      ];
      expect(new Set([one, ...others].map(whose)).size).toBe(5);
    });

    it('is nobody’s account, whatever a customer is called', () => {
      const named = whose({ record, subject: 'A-1', accounts: [] });
      expect(named).not.toBe(whose({ record: { id: 'P-1', account: 'A-1' } }));
      for (const asked of [{ record }, { record, subject: 'contact:C-1' }])
        expect(whose(asked)).not.toMatch(/^(?:undefined|null|)$/);
    });
  });
});
