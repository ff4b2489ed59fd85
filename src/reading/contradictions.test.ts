import { describe, expect, it } from 'vitest';
import renewal from '../../protocol/actions/contract.renew.json' with { type: 'json' };
import type { Issue } from '../engine/world.ts';
import { contradictions } from './contradictions.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const issues = renewal.negotiable as readonly Issue[];
/** What the record and the offers have. */
const known = [
  { term_months: 12, unit_price: eur(4_900), seats: 25 },
  { term_months: 36, unit_price: eur(4_606), seats: 32 },
];
const TYPED = { unit_price: eur(4_300), term_months: 24, seats: 30 };
const between = (text: string, terms: object = TYPED) =>
  contradictions(text, { ...terms }, { issues, currency: 'EUR', known });

/** Beside 43.00 EUR, 24 months and 30 seats. */
const WISHED: readonly (readonly [text: string, issue: string, words: unknown])[] = [
  ['We want 18 months.', '/term_months', 18],
  ['We would like 18 months, please.', '/term_months', 18],
  ["We'd like to have 40 seats.", '/seats', 40],
  ['We propose 35.00 EUR.', '/unit_price', eur(3_500)],
  ['We can pay 35.00 EUR.', '/unit_price', eur(3_500)],
  ['We offer 35.00 EUR per seat.', '/unit_price', eur(3_500)],
  ['Could you do 35.00 EUR?', '/unit_price', eur(3_500)],
  ['35.00 EUR is what we can pay.', '/unit_price', eur(3_500)],
  ['We need 40 seats from now on.', '/seats', 40],
  ['40 seats, please', '/seats', 40],
  ['For 35.00 EUR', '/unit_price', eur(3_500)],
  ['35.00 EUR per seat', '/unit_price', eur(3_500)],
  ['Make it 18 months.', '/term_months', 18],
  ['Your competitor is cheaper, so we propose 35.00 EUR.', '/unit_price', eur(3_500)],
  ['Not 36 but 18 months.', '/term_months', 18],
  ['Others may pay that, but we pay 35.00 EUR.', '/unit_price', eur(3_500)],
  ['We pay at most 40.00 EUR.', '/unit_price', eur(4_000)],
  ['We cannot pay more than 40.00 EUR.', '/unit_price', eur(4_000)],
  ['We need at least 40 seats.', '/seats', 40],
  ['We want 18 months, 43.00 EUR and 24 things.', '/term_months', 18],
  ['Für 35,00 €', '/unit_price', eur(3_500)],
  ['Final offer: 35.00 EUR', '/unit_price', eur(3_500)],
  ['Our budget is 35.00 EUR.', '/unit_price', eur(3_500)],
  ['We want ٣٥٫٠٠ EUR.', '/unit_price', eur(3_500)],
  ['Wir möchten 18 Monate.', '/term_months', 18],
  ['Wir bieten 35,00 € je Platz.', '/unit_price', eur(3_500)],
  ['weil wir höchstens 40,00 € zahlen können', '/unit_price', eur(4_000)],
  ['Ihr Wettbewerber ist günstiger, daher schlagen wir 35,00 € vor.', '/unit_price', eur(3_500)],
  ['Bitte 40 Plätze.', '/seats', 40],
  ['Nous proposons 35,00 € par poste.', '/unit_price', eur(3_500)],
  ['Nous voudrions 18 mois.', '/term_months', 18],
  ['Proponemos 35,00 EUR.', '/unit_price', eur(3_500)],
  ['Queremos 18 meses.', '/term_months', 18],
  ['Vorremmo 18 mesi.', '/term_months', 18],
  ['Offriamo 35,00 €.', '/unit_price', eur(3_500)],
  ['Podemos pagar 35,00 €.', '/unit_price', eur(3_500)],
  ['Queremos 18 meses, por favor.', '/term_months', 18],
  ['Wij willen 18 maanden.', '/term_months', 18],
  ['Chcemy 18 miesięcy.', '/term_months', 18],
  ['Vi vill ha 18 månader.', '/term_months', 18],
  ['Мы хотим 18 месяцев.', '/term_months', 18],
  ['18 か月を希望します。', '/term_months', 18],
  ['我们希望 18 个月。', '/term_months', 18],
];

const MENTIONED: readonly string[] = [
  'We started 18 months ago.',
  'We want to review after 18 months.',
  'Seit 18 Monaten möchten wir mehr.',
  'We got an offer of 35.00 EUR.',
  'Please note: we saw 35.00 EUR at Acme.',
  'Uns wurden 35,00 € angeboten.',
  'On nous propose 35,00 €.',
  'Nos ofrecen 35,00 EUR.',
  'Ci offrono 35,00 €.',
  'We need a discount of 5 EUR.',
  'We need 5 more seats.',
  '> We want 18 months.',
  'Your competitor offers 35.00 EUR.',
  'Your competitor offers us 35.00 EUR for 18 months.',
  'We have an offer of 35.00 EUR from another provider.',
  'We can get 35.00 EUR elsewhere.',
  'Another supplier wants 35.00 EUR.',
  '35.00 EUR is what your competitor offers.',
  'We want a better price because your competitor offers 35.00 EUR.',
  'We want 43, as your competitor offers 35.00 EUR.',
  'We pay 35.00 EUR to somebody else.',
  'We paid 35.00 EUR last year.',
  'Until now we had 40 seats.',
  'We have 25 seats today and need more.',
  'You offered 46.06 EUR for 36 months; that is too much.',
  'Your list says 39.00 EUR.',
  'Your website says 39.00 EUR.',
  'Acme charges 35.00 EUR.',
  'Competitor: 35.00 EUR',
  'We do not want 18 months.',
  '18 months is too short for us.',
  'We pay at most 45.00 EUR.',
  'We cannot pay more than 45.00 EUR.',
  'We need at least 20 seats.',
  'If it were 35.00 EUR we would sign at once.',
  '30 seats, please',
  'We want 24 months instead of 18 months.',
  'We would like 43.00 EUR rather than 35.00 EUR.',
  'We spend 90,000 EUR in total.',
  'We want two years.',
  'Please.',
  'Our budget was 38.00 EUR in the last period.',
  'Ihr Wettbewerber bietet 35,00 €.',
  'Ein anderer Anbieter bietet uns 35,00 € bei 18 Monaten.',
  'Wir zahlten bisher 35,00 €.',
  'Wir wollen keine 18 Monate.',
  'Votre concurrent propose 35,00 €.',
  'Un autre fournisseur nous offre 35,00 €.',
  'Su competidor ofrece 35,00 EUR.',
  'Otro proveedor nos ofrece 35,00 EUR.',
  'Il vostro concorrente offre 35,00 €.',
  'Seu concorrente oferece 35,00 €.',
  'Uw concurrent biedt 35,00 €.',
  'Wasz konkurent oferuje 35,00 EUR.',
  'Er konkurrent erbjuder 35,00 EUR.',
  'Ваш конкурент предлагает 35,00 EUR.',
  '競合他社は 18 か月です。',
];

describe('words beside terms', () => {
  it.each(WISHED)('N12: contradict them where they wish for something else: %s', (text, issue, words) => {
    const terms = issue === '/unit_price' ? 4_300 : 0;
    expect(between(text).map(({ issue: of, words: said }) => [of, said])).toEqual([[issue, words]]);
    if (terms > 0) expect(between(text)[0]?.terms).toEqual(eur(terms));
  });

  it.each(MENTIONED)('N12: do not contradict them where they mention a value: %s', (text) => {
    expect(between(text)).toEqual([]);
  });

  it('say nothing against terms of something else', () => {
    expect(between('We want 18 months.', { seats: 30 })).toEqual([]);
  });
});
