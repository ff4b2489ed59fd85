import { describe, expect, it } from 'vitest';
import { REASON_CODES } from '../../protocol/operation.ts';
import { RENEWAL_FACTS } from '../../test/support/bargain.ts';
import { LANGUAGES } from '../engine/wording.ts';
import { parseNegotiationPolicy } from './core.ts';
import { explainPersons, explainWith, type Turn } from './explain.ts';
import { reasonIn } from './reason-words.ts';
import { makeSpace, type Package } from './space.ts';
import { layTable } from './table.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const UNTIL = '2026-11-28T14:30:00.000Z';

function tableWith(limit: number) {
  const policy = parseNegotiationPolicy(
    {
      main: { issue: '/unit_price', percent_of: '/unit_price', open: 104, concede_to: 97, limit },
      issues: {
        '/term_months': { range: [12, 36], open: 24, worth: { 12: 0, 24: 4, 36: 8 } },
        '/seats': { range: [5, 500] },
      },
    },
    RENEWAL_FACTS.issues,
    'test',
  );
  const space = makeSpace(RENEWAL_FACTS);
  if (!policy.ok || !space.ok) throw new Error('unusable');
  const table = layTable(policy.value, space.value);
  if (!table.ok) throw new Error(table.error.code);
  return table.value;
}

const table = tableWith(90);
const pack = (price: number, months: number, seats = 25, notice = 60): Package =>
  table.space.base.map((level, place) => {
    const of: Record<string, number> = {
      '/unit_price': price,
      '/term_months': months,
      '/seats': seats,
      '/notice_days': notice,
    };
    return of[table.space.issues[place]?.pointer ?? ''] ?? level;
  });
const [two, three] = [pack(4_802, 24), pack(4_606, 36)];
const turn = (more: Partial<Turn> = {}): Turn => ({
  table,
  offers: [two, three],
  asked: pack(4_300, 7, 30, 10),
  before: table.space.base,
  matched: false,
  roundsLeft: 4,
  language: 'en',
  ...more,
});
const said = (of: Turn, levels: Package, firmness: 'binding' | 'indicative' | 'held' = 'binding', signoff = false) =>
  explainWith(of)(levels, signoff)({ firmness, expires_at: UNTIL });

describe('reasons', () => {
  it('say what was asked for and met, moved into range with the range, closed or not met', () => {
    const reasons = said(turn({ offers: [pack(4_802, 12, 30)] }), pack(4_802, 12, 30));
    expect(reasons.map(({ code, params }) => ({ code, ...params }))).toEqual([
      { code: 'as_asked', issues: ['/seats'] },
      { code: 'not_met', issue: '/unit_price', asked: eur(4_300), offered: eur(4_802) },
      { code: 'moved_into_range', issue: '/term_months', asked: 7, offered: 12, least: 12, most: 36 },
      { code: 'not_open', issue: '/notice_days', asked: 10, offered: 60 },
      { code: 'binding', until: UNTIL },
      { code: 'rounds_left', left: 4 },
    ]);
    expect(reasons.map(({ words }) => words)).toContain(
      'Term: your proposal has 7 months; we offer 12 months to 36 months, so this is 12 months.',
    );
  });

  it('say what makes it better, from the offers beside it', () => {
    const [dear] = said(turn({ asked: null }), two);
    const [cheap] = said(turn({ asked: null }), three);
    expect(dear).toEqual({
      code: 'better_with',
      params: { with: { '/term_months': 36 }, issue: '/unit_price', from: eur(4_802), to: eur(4_606) },
      words: 'With Term 36 months we offer 46.06 EUR instead of 48.02 EUR (Price per seat and month).',
    });
    expect(cheap).toMatchObject({ code: 'better_because', params: dear?.params ?? {} });
  });

  it.each([
    ['binding', false, 'binding'],
    ['held', false, 'held'],
    ['indicative', true, 'signoff'],
    ['indicative', false, 'confirmed_on_acceptance'],
  ] as const)('say how an offer stands: %s, sign-off %s', (firmness, signoff, code) => {
    expect(said(turn(), two, firmness, signoff)).toContainEqual(
      expect.objectContaining({ code, params: { until: UNTIL } }),
    );
  });

  it('are the same for every limit', () => {
    for (const limit of [80, 90, 96]) expect(said(turn({ table: tableWith(limit) }), two)).toEqual(said(turn(), two));
  });

  it('are sentences in every language, and none presses or promises', () => {
    const params = {
      issue: '/unit_price',
      issues: ['/seats'],
      asked: eur(4_300),
      offered: eur(4_802),
      from: eur(4_802),
      to: eur(4_606),
      least: eur(1),
      most: eur(2),
      with: { '/term_months': 36 },
      until: UNTIL,
    };
    for (const language of LANGUAGES)
      for (const code of REASON_CODES)
        for (const left of [0, 3]) {
          const words = reasonIn(language, { code, params: { ...params, left } }, table.space.issues);
          expect(words).toMatch(/^\p{Lu}.*[.]$/u);
          expect(words).not.toMatch(/undefined|null|NaN|\[object| {2}/);
          expect(words).not.toMatch(PRESSURE);
        }
    expect(said(turn({ language: 'de' }), two).map(({ words }) => words)).toContain(
      'Mit Laufzeit 36 Monate bieten wir 46,06 EUR statt 48,02 EUR (Preis je Platz und Monat).',
    );
  });

  it('name the person who made an offer', () => {
    const reasons = explainPersons('en', true)({ firmness: 'indicative', expires_at: UNTIL });
    expect(reasons.map(({ code }) => code)).toEqual(['by_person', 'signoff']);
  });
});

/** Scarcity, urgency, others who want it, and what only a person may promise. */
const PRESSURE =
  /\b(hurry|urgent|now or never|last chance|only today|limited|scarce|others? (?:are )?interested|best price|lowest|never again|guarantee|promise|free)\b|\b(nur noch|nur heute|letzte Chance|beeilen|dringend|Restbestand|andere Interessenten|bester Preis|niedrigste|Garantie|garantier|kostenlos)/i;
