import { CompactSign } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes, digest } from './base/canonical.ts';
import { makeId } from './base/ids.ts';
import { LIMITS } from './base/limits.ts';
import { RECORD_TYPE } from './base/names.ts';
import { agreementPayload, offerPayload, schedulePayload, verifyOffer } from './offer.ts';
import type { Offer, Schedule, Terms } from './operation.ts';
import { companyKeys, type Parties, type TestKey, testParties, testReceipt } from './receipt/fixture.ts';
import { verifyReceipt } from './receipt/verify.ts';
import {
  type Choice,
  choiceAt,
  chosenOffer,
  placeOf,
  pricedPackages,
  scheduleDigest,
  scheduleFault,
} from './schedule.ts';
import vectors from './vectors/schedule.json' with { type: 'json' };

const BASE = vectors.base as { terms: Terms; schedule: Schedule };

function offerOf({ terms, schedule }: { readonly terms: Terms; readonly schedule: Schedule }, jws = ''): Offer {
  return {
    id: makeId('of', '01900000-0000-7000-8000-000000000001'),
    parent: null,
    by: 'company',
    terms,
    terms_digest: digest(terms),
    firmness: 'binding',
    made_at: '2026-11-28T12:00:00.000Z',
    expires_at: '2026-11-28T12:15:00.000Z',
    facts: { revision: '7', digest: digest('facts') },
    schedule: { ...schedule, jws },
  };
}

describe('N1: a package of a schedule', () => {
  it.each(vectors.chosen)('$name', ({ terms, schedule, schedule_digest, choice, chosen, terms_digest, firmness }) => {
    const given = { terms: terms as Terms, schedule: schedule as Schedule };
    expect(scheduleFault(given)).toBeUndefined();
    const found = chosenOffer(offerOf(given), choice as Choice);
    expect(found).toMatchObject({
      ok: true,
      value: { terms: chosen, terms_digest, firmness, schedule_digest, choice },
    });
  });

  it.each(vectors.refused)('is refused: $name', ({ choice }) => {
    const found = chosenOffer(offerOf(BASE), choice as unknown as Choice);
    expect(found).toMatchObject({ ok: false, error: { code: 'package-not-offered' } });
  });

  it.each(vectors.unusable)('is of no schedule: $name', ({ schedule = {}, terms = BASE.terms }) => {
    const changed = { ...BASE.schedule, ...schedule } as unknown as Schedule;
    expect(scheduleFault({ terms: terms as Terms, schedule: changed })).toBeTypeOf('string');
  });

  it('is of no schedule that is larger than they may be', () => {
    const seats = Array.from({ length: LIMITS.schedulePackagesMax + 1 }, (_, index) => 25 + index);
    const prices = seats.map(() => 4_800);
    const issues = [{ pointer: '/seats', values: seats }];
    const large = { ...BASE.schedule, issues, prices, indicative: [] };
    expect(scheduleFault({ terms: BASE.terms, schedule: large })).toContain('513');
    const wordy = ['a', 'b'].map((each) => each.repeat(LIMITS.scheduleBytesMax / 2));
    const named = { ...BASE.schedule, issues: [{ pointer: '/form', values: wordy }], prices: [1, 2], indicative: [] };
    expect(scheduleFault({ terms: { ...BASE.terms, form: wordy[0] ?? '' }, schedule: named })).toBe('it is too large');
  });

  it('is none where the offer has no schedule', () => {
    const { schedule: _none, ...bare } = offerOf(BASE);
    expect(chosenOffer(bare, {})).toMatchObject({ ok: false, error: { code: 'package-not-offered' } });
    expect(chosenOffer(bare, undefined)).toMatchObject({ ok: true, value: { terms: BASE.terms } });
  });

  it('has one place, and every place one package', () => {
    const { prices } = BASE.schedule;
    for (const place of prices.keys()) expect(placeOf(BASE.schedule, choiceAt(BASE.schedule, place))).toBe(place);
    expect(pricedPackages(BASE.schedule)).toHaveLength(prices.filter((price) => price !== null).length);
  });
});

describe('N1: the signature of a schedule', () => {
  let parties: Parties;
  beforeAll(async () => {
    parties = await testParties();
  });
  const about = () => ({
    operation: 'op_1',
    action: 'contract.renew',
    actionVersion: '1.0.0',
    company: 'https://gw.example',
    agent: parties.agent.thumbprint,
  });
  const sign = async (typ: string, payload: object, { privateKey, thumbprint }: TestKey) =>
    new CompactSign(canonicalBytes(payload as Terms))
      .setProtectedHeader({ alg: 'EdDSA', kid: thumbprint, typ })
      .sign(privateKey);

  async function signed(schedule = BASE.schedule, key = parties.evidence, typ = RECORD_TYPE.schedule): Promise<Offer> {
    const offer = offerOf({ terms: BASE.terms, schedule });
    const jws = await sign(RECORD_TYPE.offer, offerPayload({ ...about(), offer }), parties.evidence);
    const own = await sign(typ, schedulePayload({ ...about(), offer, schedule }), key);
    return { ...offer, jws, schedule: { ...schedule, jws: own } };
  }
  const verify = (offer: Offer) => verifyOffer(offer, { ...about(), keys: [parties.evidence.jwk] });

  it('binds it to its offer; an offer without it is the same offer', async () => {
    const offer = await signed();
    const { schedule: _left, ...bare } = offer;
    expect(await verify(offer)).toEqual({ ok: true, value: undefined });
    expect(await verify(bare)).toEqual({ ok: true, value: undefined });
  });

  it('holds for nothing that is changed, and for no other offer', async () => {
    const offer = await signed();
    const { schedule } = offer;
    if (schedule === undefined) throw new Error('no schedule');
    const others: readonly Offer[] = [
      { ...offer, schedule: { ...schedule, prices: [4_999, ...schedule.prices.slice(1)] } },
      { ...offer, schedule: { ...schedule, indicative: [] } },
      { ...offer, schedule: { ...schedule, firmness: 'held' } },
      { ...offer, schedule: { ...schedule, jws: offer.jws ?? '' } },
      { ...offer, schedule: { ...schedule, jws: '' } },
      await signed(BASE.schedule, parties.agent),
      await signed(BASE.schedule, parties.evidence, RECORD_TYPE.offer as never),
      { ...offer, schedule: { ...schedule, issues: schedule.issues.toReversed() } },
    ];
    for (const other of others) expect(await verify(other)).toMatchObject({ ok: false });
    const another: Offer = { ...offer, id: makeId('of', '01900000-0000-7000-8000-000000000002') };
    const jws = await sign(RECORD_TYPE.offer, offerPayload({ ...about(), offer: another }), parties.evidence);
    expect(await verify({ ...another, jws })).toMatchObject({
      ok: false,
      error: { detail: expect.stringContaining('schedule') },
    });
  });

  it('is in a receipt with the schedule, and every change of either is seen', async () => {
    const choice = { '/term_months': 36, '/seats': 25 };
    const chosen = chosenOffer(offerOf(BASE), choice);
    if (!chosen.ok) throw new Error('not offered');
    const agreed = (change: object) => (payload: Terms) => {
      const { operation, company, agent } = payload;
      const whole = agreementPayload({
        ...about(),
        company: String(company),
        agent: String(agent),
        operation: String(operation),
        offer: chosen.value,
      });
      return JSON.parse(JSON.stringify({ ...whole, ...change })) as Terms;
    };
    const receipt = async (change: object, schedule: Schedule | undefined = BASE.schedule) => {
      const file = await testReceipt(parties, {
        agreed: agreed(change),
        facts: (facts) => {
          const { agreement } = facts;
          return agreement === null || schedule === undefined
            ? facts
            : { ...facts, agreement: { ...agreement, schedule } };
        },
      });
      const { verdict, checks } = await verifyReceipt(file, { keys: companyKeys(parties) });
      return [verdict, ...checks.filter(({ ok }) => !ok).map(({ name }) => name)];
    };
    expect(await receipt({})).toEqual(['valid']);
    const bad = ['invalid', 'agreement'];
    expect(await receipt({ choice: { '/term_months': 36, '/seats': 40 } })).toEqual(bad);
    expect(await receipt({ choice: { '/term_months': 24, '/seats': 25 } })).toEqual(bad);
    expect(await receipt({ firmness: 'binding' })).toEqual(bad);
    expect(await receipt({ schedule_digest: digest('another') })).toEqual(bad);
    expect(await receipt({ terms: BASE.terms, terms_digest: digest(BASE.terms) })).toEqual(bad);
    expect(await receipt({}, { ...BASE.schedule, prices: [5_000, 4_900, 4_850, 4_800, 4_600, null] })).toEqual(bad);
    expect(await receipt({ choice: undefined, schedule_digest: undefined })).toEqual(bad);
    const left = await testReceipt(parties, { agreed: agreed({}) });
    expect((await verifyReceipt(left, { keys: companyKeys(parties) })).verdict).toBe('invalid');
    expect(scheduleDigest({ ...BASE.schedule })).toBe(vectors.chosen[0]?.schedule_digest);
  });
});
