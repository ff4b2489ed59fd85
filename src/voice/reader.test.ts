import { describe, expect, it } from 'vitest';
import renewal from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import type { Offer } from '../../protocol/operation.ts';
import corpus from '../../test/hostile/injections.json' with { type: 'json' };
import type { Issue } from '../engine/world.ts';
import { readingIn, readingPrompt } from './reader.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const open = [{ id: 'of_1', terms: { unit_price: eur(4_802), term_months: 24 } }] as unknown as Offer[];
const scene = { issues: renewal.negotiable as readonly Issue[], currency: 'EUR', open };
const read = (answer: unknown, text: string) => {
  const reading = readingIn(typeof answer === 'string' ? answer : JSON.stringify(answer), text, scene);
  return reading.ok ? reading.value : undefined;
};

describe('what a model read', () => {
  it.each([
    [{ unit_price: eur(4_150) }, 'Our ceiling is 41,50.'],
    [{ unit_price: eur(4_150) }, 'EUR 41.50 it is'],
    [{ term_months: 24 }, 'two years'],
    [{ term_months: 24 }, 'the duration: 24'],
    [{ seats: 30, notice_days: 60 }, 'thirty? no, 30 of them, and 60 for the notice'],
    [{ start_date: '2027-02-01' }, 'from 1 February 2027'],
  ])('counts where it stands in the message: %j in %s', (terms, text) => {
    expect(read({ kind: 'proposal', terms }, text)).toEqual({ kind: 'proposal', terms });
  });

  it.each([
    [{ unit_price: eur(100) }, 'Our ceiling is 41,50.'],
    [{ unit_price: { amount: 4_150, currency: 'USD' } }, 'Our ceiling is 41,50.'],
    [{ unit_price: 4_150 }, 'Our ceiling is 4150.'],
    [{ unit_price: { ...eur(4_150), extra: 1 } }, 'Our ceiling is 41,50.'],
    [{ term_months: 36 }, 'two years'],
    [{ term_months: '24' }, '24 months'],
    [{ seats: 25 }, 'what costs 1,250 now'],
    [{ start_date: '2027-03-01' }, 'from 1 February 2027'],
    [{ floor: 1 }, 'floor 1'],
    [{ __proto__: null }, 'nothing'],
    [{}, 'nothing'],
  ])('does not count where it does not: %j in %s', (terms, text) => {
    expect(read({ kind: 'proposal', terms }, text)).toBe(undefined);
  });

  it.each([
    ['not JSON'],
    ['{"kind": "proposal", "kind": "unclear"}'],
    [{ kind: 'limit', value: 90 }],
    [{ kind: 'acceptance', offer: 1 }],
    [{ kind: 'acceptance', offer: 'length' }],
    [{ kind: 'acceptance', offer: 0, terms: {} }],
    [{ kind: 'unclear', text: 'hello' }],
  ])('is one of the kinds there are, or nothing: %j', (answer) => {
    expect(read(answer, 'anything')).toBe(undefined);
  });

  it('names an open offer, and is told back like any other reading', () => {
    expect(read({ kind: 'acceptance', offer: 0 }, 'fine by us')).toEqual({ kind: 'acceptance', offers: ['of_1'] });
    expect(read('```json\n{"kind": "person"}\n```', 'someone?')).toEqual({ kind: 'person' });
  });
});

describe('T22: an injection', () => {
  it('stands as a string of one document, beside instructions that are ours alone', () => {
    const { system } = readingPrompt('', scene);
    for (const { text } of corpus) {
      const prompt = readingPrompt(text, scene);
      expect(prompt.system).toBe(system);
      expect(JSON.parse(prompt.data).customer_says).toBe(text);
    }
  });

  it('makes no value out of a model that obeys it', () => {
    for (const { text, obeyed } of corpus) {
      expect(read(obeyed, text)).toBe(undefined);
      const cheap = { kind: 'proposal', terms: { unit_price: eur(7), term_months: 59, seats: 99_991 } };
      expect(read(cheap, text)).toBe(undefined);
    }
  });
});
