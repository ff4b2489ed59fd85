import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../base/limits.ts';
import vectors from '../vectors/mandate.json' with { type: 'json' };
import { GATEWAY, holder, issuers, NONCE, NOW, seconds } from './fixture.ts';
import {
  checkMandate,
  isFreshConsent,
  issueMandate,
  type MandateFacts,
  type MandateIssuer,
  presentMandate,
  tierAllows,
  verifyMandate,
} from './mandate.ts';

// The file's keys are public ones with a kid, as any implementation's configuration would give them.
const known = new Map(Object.entries(vectors.issuers)) as unknown as ReadonlyMap<string, MandateIssuer>;

describe('mandate vectors', () => {
  it.each(vectors.cases)('$name', async ({ presented, expected }) => {
    const outcome = await verifyMandate(presented, {
      ...vectors.check,
      issuers: known,
      now: new Date(vectors.check.now),
    });
    expect(outcome.ok ? { facts: outcome.value } : { problem: outcome.error }).toEqual(expected);
  });

  it('has every kind of refusal, and each of them is mandate-invalid', () => {
    const refused = vectors.cases.filter((each) => 'problem' in each.expected);
    expect(refused.length).toBeGreaterThan(60);
    for (const { expected } of refused) expect(expected.problem?.code).toBe('mandate-invalid');
  });

  it('refuses an accepted presentation with any one character changed', async () => {
    const { presented } = vectors.cases.find((each) => each.expected.facts?.disclosed !== undefined) ?? {
      presented: '',
    };
    const check = { ...vectors.check, issuers: known, now: NOW };
    expect((await verifyMandate(presented, check)).ok).toBe(true);
    for (let at = 0; at < presented.length; at += 7) {
      const changed = `${presented.slice(0, at)}${presented[at] === 'A' ? 'B' : 'A'}${presented.slice(at + 1)}`;
      expect((await verifyMandate(changed, check)).ok, `character ${at}`).toBe(false);
    }
  });

  it('never throws, whatever it is given', async () => {
    const check = { ...vectors.check, issuers: known, now: NOW };
    const part = fc.constantFrom(
      ...vectors.cases.flatMap(({ presented }) => presented.split(/[~.]/)),
      '',
      'e30',
      'W10',
      'bnVsbA',
    );
    const mixed = fc
      .array(fc.tuple(part, fc.constantFrom('.', '~', '')), { maxLength: 12 })
      .map((parts) => parts.flat().join(''));
    await fc.assert(
      fc.asyncProperty(fc.oneof(mixed, fc.string()), async (text) => (await verifyMandate(text, check)).ok === false),
    );
  });
});

describe('issuing and presenting', () => {
  const order = async () => ({
    key: (await holder('company')).signer,
    issuer: GATEWAY,
    subject: 'contact:C-1001',
    agent: (await holder('agent')).jwk,
    jti: 'm-1',
    now: NOW,
    expiresAt: new Date(NOW.getTime() + 3_600_000),
    audience: GATEWAY,
    constraints: { actions: ['contract.renew'], accounts: ['A-1001'], max_total: { amount: 100, currency: 'EUR' } },
    identity: [
      { name: 'name', value: 'Ada Example', salt: 'A'.repeat(22) },
      { name: 'email', value: 'ada@customer.example', salt: 'B'.repeat(22) },
    ] as const,
  });
  const presenting = async () => ({ key: (await holder('agent')).signer, audience: GATEWAY, nonce: NONCE, now: NOW });
  const check = async () => ({
    issuers: await issuers(),
    audience: GATEWAY,
    nonce: NONCE,
    keyid: (await holder('agent')).kid,
    now: NOW,
  });

  it('makes what a gateway accepts, and shows only what the agent reveals', async () => {
    const mandate = await issueMandate(await order());
    const shown = await verifyMandate(
      await presentMandate(mandate, { ...(await presenting()), reveal: ['email'] }),
      await check(),
    );
    expect(shown).toMatchObject({
      ok: true,
      value: {
        jti: 'm-1',
        tier: 'company',
        subject: 'contact:C-1001',
        expiresAt: seconds + 3600,
        constraints: (await order()).constraints,
      },
    });
    expect(shown.ok && shown.value.disclosed).toEqual({ email: 'ada@customer.example' });
    const silent = await verifyMandate(await presentMandate(mandate, await presenting()), await check());
    expect(silent.ok && silent.value).not.toHaveProperty('disclosed');
  });

  it('refuses to issue what no gateway would accept', async () => {
    const good = await order();
    await expect(issueMandate({ ...good, constraints: { actions: [], accounts: ['A-1001'] } })).rejects.toThrow(
      /actions/,
    );
    await expect(issueMandate({ ...good, expiresAt: good.now })).rejects.toThrow(/lives/);
    await expect(issueMandate({ ...good, subject: 'C-1001' })).rejects.toThrow(/sub/);
    await expect(issueMandate({ ...good, identity: [{ name: 'name', value: 'Ada', salt: 'short' }] })).rejects.toThrow(
      /salt/,
    );
  });

  it('binds a presentation to one request, and binds it once', async () => {
    const presented = await presentMandate(await issueMandate(await order()), await presenting());
    await expect(presentMandate(presented, await presenting())).rejects.toThrow(TypeError);
    expect((await verifyMandate(presented, { ...(await check()), nonce: 'another-idempotency-key' })).ok).toBe(false);
  });
});

describe('limits', () => {
  const facts = (constraints: Partial<MandateFacts['constraints']>): MandateFacts => ({
    jti: 'm-1',
    issuer: GATEWAY,
    tier: 'company',
    subject: 'contact:C-1001',
    digest: 'sha-256:x',
    expiresAt: seconds + 60,
    constraints: { actions: ['contract.renew'], accounts: ['A-1001'], ...constraints },
  });
  const small = fc.oneof(
    fc.integer({ min: -2, max: 5 }),
    fc.constantFrom(Number.NaN, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY),
  );
  const currency = fc.constantFrom('EUR', 'USD');
  const limit = fc.integer({ min: 0, max: 4 });
  const constraints = fc.record(
    {
      max_total: fc.record({ amount: limit, currency }),
      max_total_per_period: fc.record({ amount: limit, currency, period: fc.constantFrom('day', 'month', 'year') }),
      max_uses: limit,
      max_term_months: limit,
      max_seats: limit,
    },
    { requiredKeys: [] },
  );
  const ask = fc.record(
    {
      action: fc.constantFrom('contract.renew', 'contract.cancel'),
      account: fc.constantFrom('A-1001', 'A-2002'),
      total: fc.record({ amount: small, currency }),
      termMonths: small,
      seats: small,
    },
    { requiredKeys: ['action'] },
  );

  it('never allows what is above a limit, and allows everything else', () => {
    fc.assert(
      fc.property(constraints, ask, fc.integer({ min: -120, max: 120 }), (limits, asked, later) => {
        const fits = (value: number | undefined, most: number | undefined) =>
          value === undefined || most === undefined || value <= most;
        const moneys = [limits.max_total, limits.max_total_per_period].flatMap((each) => each ?? []);
        const sameMoney = moneys.every((each) => !asked.total || asked.total.currency === each.currency);
        const within =
          later < 60 &&
          asked.action === 'contract.renew' &&
          asked.account !== 'A-2002' &&
          sameMoney &&
          moneys.every((each) => fits(asked.total?.amount, each.amount)) &&
          limits.max_uses !== 0 &&
          fits(asked.termMonths, limits.max_term_months) &&
          fits(asked.seats, limits.max_seats);
        expect(checkMandate(facts(limits), asked, new Date((seconds + later) * 1000)).ok).toBe(within);
      }),
      { numRuns: 2_000 },
    );
  });

  it('says which rule it was', () => {
    const limited = facts({ max_total: { amount: 100, currency: 'EUR' }, max_term_months: 12, max_seats: 5 });
    const code = (asked: Parameters<typeof checkMandate>[1], now = NOW) => {
      const outcome = checkMandate(limited, asked, now);
      return outcome.ok ? 'ok' : outcome.error.code;
    };
    const action = 'contract.renew';
    const exactly = { action, account: 'A-1001', total: { amount: 100, currency: 'EUR' }, termMonths: 12, seats: 5 };
    expect(code(exactly)).toBe('ok');
    expect(code({ ...exactly, total: { amount: 101, currency: 'EUR' } })).toBe('mandate-exceeded');
    expect(code({ ...exactly, total: { amount: 1, currency: 'USD' } })).toBe('mandate-exceeded');
    expect(code({ ...exactly, termMonths: 13 })).toBe('mandate-exceeded');
    expect(code({ ...exactly, seats: 6 })).toBe('mandate-exceeded');
    expect(code({ ...exactly, account: 'A-1002' })).toBe('mandate-exceeded');
    expect(code({ ...exactly, action: 'contract.cancel' })).toBe('mandate-exceeded');
    expect(code(exactly, new Date((seconds + 60) * 1000))).toBe('mandate-invalid');
  });

  it('T17: are of a fresh consent where it is for this action alone, given just now, by nobody in between', () => {
    const consent = { ...facts({}), issuedAt: seconds - LIMITS.freshConsentSecondsMax };
    const is = (each: MandateFacts, action = 'contract.renew') => isFreshConsent(each, action, NOW);
    expect(is(consent)).toBe(true);
    expect(is(consent, 'contract.cancel')).toBe(false);
    expect(is({ ...consent, constraints: { ...consent.constraints, actions: ['contract.renew', 'a'] } })).toBe(false);
    expect(is({ ...consent, issuedAt: seconds - LIMITS.freshConsentSecondsMax - 1 })).toBe(false);
    expect(is(facts({}))).toBe(false);
    expect(is({ ...consent, delegations: [{ jti: 'hop-1', to: 'k' }] })).toBe(false);
  });

  it('caps the risk by the tier', () => {
    const risks = ['R0', 'R1', 'R2', 'R3'] as const;
    const allowed = (tier: MandateFacts['tier']) => risks.filter((risk) => tierAllows(tier, risk));
    expect(allowed('none')).toEqual(['R0']);
    expect(allowed('principal')).toEqual(['R0', 'R1', 'R2']);
    expect(allowed('company')).toEqual(['R0', 'R1', 'R2', 'R3']);
  });
});
