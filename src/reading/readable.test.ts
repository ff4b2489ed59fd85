import { describe, expect, it } from 'vitest';
import renewal from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import type { Issue } from '../engine/world.ts';
import { wishesPerson } from './person.ts';
import { readable } from './readable.ts';
import { readWords } from './reading.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const read = (text: string) =>
  readWords(text, { issues: renewal.negotiable as readonly Issue[], currency: 'EUR', open: [] });

describe('a text as it is read', () => {
  it.each([
    ['２４ months', '24 months'],
    ['٤٥٫٥٠ EUR', '45.50 EUR'],
    ['২৪', '24'],
    ['𝟐𝟒 𝐦𝐨𝐧𝐭𝐡𝐬', '24 months'],
    ['45\u00a0EUR', '45 EUR'],
    ['4\u200b5 EUR', '45 EUR'],
    ['\u202e45\u202c EUR', '45 EUR'],
    ['don’t', "don't"],
    ['12½ EUR', '12½ EUR'],
    ['10² EUR', '10² EUR'],
    ['> 24 months\nNo.', '\nNo.'],
  ])('%j is %j', (written, text) => {
    expect(readable(written)).toBe(text);
  });

  it.each([
    ['２４ months at ４５.００ EUR', { term_months: 24, unit_price: eur(4_500) }],
    ['٢٤ months', { term_months: 24 }],
    ['我们要18个月。', { term_months: 18 }],
    ['18か月を希望します。', { term_months: 18 }],
    ['We need 1,000 seats', { seats: 1_000 }],
    ["1'000 seats, 45EUR", { seats: 1_000, unit_price: eur(4_500) }],
    ['1 000 places', { seats: 1_000 }],
    ['twenty four months', { term_months: 24 }],
    ['treinta y seis meses', { term_months: 36 }],
    ['45 000,00 € pour 24 mois', { unit_price: eur(4_500_000), term_months: 24 }],
    ['EUR 1.234,50 for 24 months', { term_months: 24, unit_price: eur(123_450) }],
    ['> We offer 36 months.\nWe want 24 months.', { term_months: 24 }],
    ['Wir möchten 24 months, por favor.', { term_months: 24 }],
  ])('N12: numbers of other scripts and hands are read: %s', (text, terms) => {
    expect(read(text)).toEqual({ kind: 'proposal', terms });
  });

  it.each([
    'Your competitor offers 35.00 EUR.',
    'We do not want 24 months.',
    'We cannot sign for 24 months.',
    '24 months is not possible for us.',
    'We currently pay 49.00 EUR.',
    'Wir wollen keine 24 Monate.',
    'Ein anderer Anbieter bietet uns 35,00 €.',
    'Your offer of 46.06 EUR is too high.',
    '> 24 months',
    '2027年',
    '12½ EUR',
    '10² EUR',
    '−45 EUR',
    '1.2.3 EUR',
    'Nous ne voulons pas 24 mois.',
    'No queremos 24 meses.',
    'Non vogliamo 24 mesi.',
    'We want neither 24 months nor 36 months.',
    '4 5 EUR',
    '45 EUR 50',
    '45€50',
    'forty-two months',
    'cuarenta y seis meses',
    '-5 seats',
    '2x12 months',
    'between 45 and 47 EUR',
    '24 to 36 months',
    '24 - 36 months',
    '24/36 months',
    'We want a discount of 5 EUR.',
    '5 EUR less, please',
    'half of 46.06 EUR',
    'Wir wollen 5 € Rabatt.',
    '5 more seats',
    'Please add 5 seats.',
    'Noch 5 Plätze bitte',
  ])('N12: what is only mentioned, or not wanted, is no proposal: %s', (text) => {
    expect(read(text).kind).not.toBe('proposal');
  });

  it.each([
    ['We cannot pay more than 45.00 EUR.', { unit_price: eur(4_500) }],
    ['No problem, 24 months.', { term_months: 24 }],
    ['My boss wants 24 months.', { term_months: 24 }],
    ['Our customer offers 45.00 EUR.', { unit_price: eur(4_500) }],
    ['We currently pay 49.00 EUR and want 45.00 EUR.', { unit_price: eur(4_500) }],
    ['Your competitor offers 35.00 EUR, but we can pay 40.00 EUR.', { unit_price: eur(4_000) }],
    ['No, 24 months.', { term_months: 24 }],
    ['Another 5 seats would be too many, so 30 seats.', { seats: 30 }],
  ])('N12: a wish among other values is the proposal: %s', (text, terms) => {
    expect(read(text)).toMatchObject({ kind: 'proposal', terms });
  });

  it('N12: a person is not asked for by the other side’s quoted words, and is by wide letters', () => {
    expect(wishesPerson('> You can speak to a human.\nThank you.')).toBe(false);
    expect(wishesPerson('Ｉ want to speak to a ｈｕｍａｎ')).toBe(true);
    expect(wishesPerson('I want to speak to a hu\u200bman')).toBe(true);
  });
});
