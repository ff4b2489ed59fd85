import { describe, expect, it } from 'vitest';
import renewal from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import refund from '../../protocol/actions/refund.request.json' with { type: 'json' };
import type { Offer } from '../../protocol/operation.ts';
import corpus from '../../test/hostile/injections.json' with { type: 'json' };
import type { Issue } from '../engine/world.ts';
import { whyUnfit } from '../voice/gate.ts';
import { amountsIn } from './amounts.ts';
import { answerTo } from './answer.ts';
import { readWords } from './reading.ts';
import { SENTENCES } from './sentences.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const issues = renewal.negotiable as readonly Issue[];
const offer = (id: string, terms: object) =>
  ({ id, terms, expires_at: '2026-11-28T15:00:00.000Z' }) as unknown as Offer;
const open = [
  offer('of_1', { unit_price: eur(4_606), term_months: 36, seats: 32 }),
  offer('of_2', { unit_price: eur(4_802), term_months: 24, seats: 25 }),
];
const scene = { issues, currency: 'EUR', open };
const read = (text: string) => readWords(text, scene);

describe('amounts', () => {
  it.each([
    ['38.00 EUR', 3_800, 'EUR'],
    ['38,00 €', 3_800, 'EUR'],
    ['€38', 3_800, 'EUR'],
    ['$38.50', 3_850, 'USD'],
    ['EUR 1.234,50', 123_450, 'EUR'],
    ['1,234.50 EUR', 123_450, 'EUR'],
    ["CHF 1'234.50", 123_450, 'CHF'],
    ['1 234,50 euros', 123_450, 'EUR'],
    ['12.000 EUR', 1_200_000, 'EUR'],
    ['1.234.567,00 EUR', 123_456_700, 'EUR'],
    ['¥4500', 4_500, 'JPY'],
    ['45 euro', 4_500, 'EUR'],
  ])('%s', (text, amount, currency) => {
    expect(amountsIn(`We say ${text}.`, 0).map(({ value }) => value)).toEqual([{ amount, currency }]);
  });

  it('has a fraction of a cent only where a price may be so fine', () => {
    expect(amountsIn('4.9951 EUR', 6).map(({ value }) => value)).toEqual([
      { amount: 49_951, currency: 'EUR', scale: 4 },
    ]);
    expect(amountsIn('4.9951 EUR', 0)).toEqual([]);
  });

  it.each(['38', '38 seats', 'EUR', '1.2.3 EUR', 'XXQ 5', '12 may'])('is none in %s', (text) => {
    expect(amountsIn(text, 2).filter(({ value }) => value.currency !== 'EUR' || text.startsWith('EUR'))).toEqual([]);
  });
});

describe('a proposal in words', () => {
  it.each([
    ['We would sign for 24 months at 45.00 EUR.', { term_months: 24, unit_price: eur(4_500) }],
    [
      'Wir würden für zwei Jahre 45,00 € je Platz zahlen, bei 30 Plätzen.',
      { term_months: 24, unit_price: eur(4_500), seats: 30 },
    ],
    ['Nous proposons 36 mois à 44,50 €.', { term_months: 36, unit_price: eur(4_450) }],
    ['Proponemos 2 años y 40 licencias.', { term_months: 24, seats: 40 }],
    ['24 months instead of 12 months', { term_months: 24 }],
    ['nicht 12, sondern 24 Monate', { term_months: 24 }],
    ['Could we start on 1 February 2027?', { start_date: '2027-02-01' }],
    ['Ab 01.02.2027 bitte.', { start_date: '2027-02-01' }],
    ['Start 2027-02-01, 30 days notice, net 60', { start_date: '2027-02-01', notice_days: 30, payment_days: 60 }],
    ['30 seats, three years', { seats: 30, term_months: 36 }],
    ['Can you do 43.00 EUR?', { unit_price: eur(4_300) }],
    ['We accept if it is 45.00 EUR.', { unit_price: eur(4_500) }],
  ])('%s', (text, terms) => {
    expect(read(text)).toEqual({ kind: 'proposal', terms });
  });

  it('takes no total for a unit price, no month of notice for a term, no day that may be two', () => {
    expect(read('We pay 12,000 EUR a year in total.').kind).not.toBe('proposal');
    expect(read('We need 3 months notice.').kind).not.toBe('proposal');
    expect(read('Start on 01/02/2027').kind).not.toBe('proposal');
  });

  it('chooses none of two values', () => {
    expect(read('24 months or 36 months, 30 seats')).toEqual({ kind: 'proposal', terms: { seats: 30 } });
    expect(read('24 months or 36 months')).toEqual({ kind: 'question', about: ['/term_months'] });
  });

  it('reads other actions by their own issues', () => {
    const of = { issues: refund.negotiable as readonly Issue[], currency: 'EUR', open: [] };
    expect(readWords('I want 50 € back as credit.', of)).toEqual({
      kind: 'proposal',
      terms: { amount: eur(5_000), form: 'credit' },
    });
  });
});

describe('other words', () => {
  it.each([
    ['Can you do better?', { kind: 'unclear' }],
    ['Why is 36 months cheaper?', { kind: 'question', about: ['price', '/term_months'], terms: { term_months: 36 } }],
    ['What is your lowest price?', { kind: 'question', about: ['price'] }],
    ['Until when is this valid?', { kind: 'question', about: ['time'] }],
    ['Are you a bot?', { kind: 'question', about: ['identity'] }],
    ['Wer muss das noch freigeben?', { kind: 'question', about: ['signoff'] }],
    ['I accept the offer with 36 months.', { kind: 'acceptance', offers: ['of_1'] }],
    ['We accept offer of_2.', { kind: 'acceptance', offers: ['of_2'] }],
    ['We agree.', { kind: 'acceptance', offers: ['of_1', 'of_2'] }],
    ['Einverstanden, 24 Monate.', { kind: 'acceptance', offers: ['of_2'] }],
    ['We cannot accept this.', { kind: 'unclear' }],
    ['Wir ziehen die Anfrage zurück.', { kind: 'withdrawal' }],
    ['Forget it.', { kind: 'withdrawal' }],
    ['This is unacceptable!', { kind: 'complaint' }],
    ['I want to speak to a human.', { kind: 'person' }],
    ['Our boss likes 🍕.', { kind: 'unclear' }],
    ['We can pay 45 USD', { kind: 'question', about: ['currency'] }],
  ])('%s', (text, reading) => {
    expect(read(text)).toEqual(reading);
  });
});

describe('a schedule', () => {
  const schedule = {
    main: '/unit_price',
    unit: { currency: 'EUR' },
    issues: [{ pointer: '/term_months', values: [12, 18, 24] }],
    prices: [4_900, 4_850, 4_802],
    firmness: 'binding' as const,
    indicative: [],
    jws: '',
  };
  const table = {
    ...scene,
    open: [{ ...offer('of_2', { unit_price: eur(4_802), term_months: 24, seats: 25 }), schedule }],
  };

  it('is accepted from by naming a package, at its price and no other', () => {
    const choice = { '/term_months': 18 };
    expect(readWords('We take it, for 18 months.', table)).toEqual({ kind: 'acceptance', offers: ['of_2'], choice });
    expect(readWords('We accept 18 months at 48.50 EUR.', table)).toMatchObject({ kind: 'acceptance', choice });
    expect(readWords('We accept 18 months at 40.00 EUR.', table).kind).toBe('proposal');
    expect(readWords('We accept 20 months.', table).kind).toBe('proposal');
  });

  it('answers what something would cost', () => {
    const understood = readWords('What would 18 months cost?', table);
    const words = answerTo({
      ...table,
      language: 'en',
      understood,
      ranges: new Map(),
      company: 'Cumulus',
      person: 'tel:1',
    });
    expect(words).toContain('As our schedule has it: Price per seat and month 48.50 EUR, Term 18 months, Seats 25');
  });
});

it('T22: no sentence presses or promises, in any language', () => {
  const several = new Set(['acceptance', 'standing', 'oneOf']);
  const of = { label: 'A', words: 'b', terms: 'c' };
  for (const sentences of Object.values(SENTENCES))
    for (const [name, sentence] of Object.entries(sentences)) {
      const args =
        name === 'contradiction'
          ? [of]
          : name === 'oneOf'
            ? ['A', ['b', 'c']]
            : several.has(name)
              ? [['a']]
              : ['A', 'b', 'c'];
      const words: string = typeof sentence === 'string' ? sentence : sentence(...args);
      expect(words).not.toMatch(/undefined|\[object/);
      // That it is an AI system is the one thing here that a model is not to say.
      expect([words, whyUnfit(words.replaceAll('`', '').replace(/AI system|KI-System/, 'AI'))]).toEqual([
        words,
        undefined,
      ]);
    }
});

it('T22: injections become a reading that changes nothing, in little time', () => {
  const began = performance.now();
  for (const { text } of corpus) {
    const reading = read(text);
    expect(['proposal', 'question', 'acceptance', 'person', 'complaint', 'withdrawal', 'unclear']).toContain(
      reading.kind,
    );
    if (reading.kind === 'proposal') expect(Object.keys(reading.terms).length).toBeGreaterThan(0);
    if (reading.kind === 'acceptance') expect(reading.offers.length).toBeGreaterThan(0);
  }
  const long = ['1.', '12 months ', 'speak '.repeat(3), 'EUR 1,', 'not ', 'jan ', 'ein'].map((part) =>
    part.repeat(4_000).slice(0, 4_000),
  );
  for (const text of long) read(text);
  expect(performance.now() - began).toBeLessThan(3_000);
});
