import fc from 'fast-check';
import { base64url } from 'jose';
import { describe, expect, it } from 'vitest';
import { narrows } from './chain.ts';
import { checkMandate, type MandateAsk, type MandateFacts } from './facts.ts';
import { GATEWAY, type Holder, holder, issuers, NONCE, NOW, seconds } from './fixture.ts';
import { delegateMandate, issueMandate, type MandateConstraints, presentMandate, verifyMandate } from './mandate.ts';

const at = (after: number) => new Date((seconds + after) * 1000);
const monthly = { amount: 100_000, currency: 'EUR', period: 'month' } as const;
const wide: MandateConstraints = {
  actions: ['contract.renew', 'data.validate'],
  accounts: ['A-1001'],
  max_total: { amount: 1_000_000, currency: 'EUR' },
  max_total_per_period: monthly,
  max_uses: 5,
  max_delegations: 2,
};
const narrow: MandateConstraints = {
  ...wide,
  actions: ['contract.renew'],
  max_total: { amount: 500_000, currency: 'EUR' },
  max_delegations: 1,
};
const { max_total_per_period: _monthly, ...withoutPeriod } = narrow;
const [orchestrator, specialist, person] = [await holder('agent'), await holder('stranger'), await holder('principal')];

const issued = (constraints = wide) =>
  holder('company').then((company) =>
    issueMandate({
      key: company.signer,
      issuer: GATEWAY,
      subject: 'contact:C-1001',
      agent: orchestrator.jwk,
      jti: 'root',
      now: at(-10),
      expiresAt: at(3_600),
      constraints,
      identity: [{ name: 'email', value: 'ada@customer.example', salt: 'c2FsdC1vZi10aGUtdmVjdG9ycw' }],
    }),
  );

interface Hand {
  readonly from?: Holder;
  readonly to?: Holder;
  readonly constraints?: MandateConstraints;
  readonly jti?: string;
  readonly expiresAt?: Date;
  readonly reveal?: readonly ['email'];
}

const handOn = (mandate: string, { from = orchestrator, to = specialist, ...more }: Hand = {}) =>
  delegateMandate(mandate, {
    key: from.signer,
    to: to.jwk,
    jti: 'hop-1',
    now: at(-5),
    expiresAt: at(1_800),
    constraints: narrow,
    ...more,
  });

async function verified(mandate: string, by = specialist) {
  const presented = await presentMandate(mandate, {
    key: by.signer,
    audience: GATEWAY,
    nonce: NONCE,
    now: NOW,
    reveal: ['email'],
  });
  const check = { issuers: await issuers(), audience: GATEWAY, nonce: NONCE, keyid: by.kid, now: NOW };
  return verifyMandate(presented, check);
}

/** The delegation with other claims, signed by whom one likes: what no honest holder makes. */
async function forged(
  mandate: string,
  by: Holder,
  change: (claims: Record<string, unknown>) => object,
): Promise<string> {
  const parts = mandate.split('~');
  const last = parts.at(-2) ?? '';
  const claims = JSON.parse(new TextDecoder().decode(base64url.decode(last.split('.')[1] ?? '')));
  const alg = by.jwk.kty === 'OKP' ? 'EdDSA' : 'ES256';
  const encode = (value: object) => base64url.encode(JSON.stringify(value));
  const input = `${encode({ alg, typ: 'parley-delegation+jwt' })}.${encode(change(claims))}`;
  const signature = base64url.encode(await by.signer.sign(new TextEncoder().encode(input)));
  return [...parts.slice(0, -2), `${input}.${signature}`, ''].join('~');
}

describe('a mandate that is handed on', () => {
  it('speaks for the same principal with what the last hop left', async () => {
    const twice = await handOn(await handOn(await issued()), {
      from: specialist,
      to: person,
      jti: 'hop-2',
      constraints: { ...narrow, max_seats: 10, max_delegations: 0 },
      expiresAt: at(60),
    });
    expect(await verified(twice, person)).toMatchObject({
      ok: true,
      value: {
        jti: 'root',
        subject: 'contact:C-1001',
        tier: 'company',
        expiresAt: seconds + 60,
        constraints: { actions: ['contract.renew'], max_total: { amount: 500_000 }, max_seats: 10 },
        delegations: [
          { jti: 'hop-1', to: specialist.kid },
          { jti: 'hop-2', to: person.kid },
        ],
      },
    });
  });

  it('shows who the principal is only where every holder let it', async () => {
    const kept = await verified(await handOn(await issued(), { reveal: ['email'] }));
    expect(kept).toMatchObject({ value: { disclosed: { email: 'ada@customer.example' } } });
    const dropped = await verified(await handOn(await issued()));
    expect(dropped.ok && dropped.value.disclosed).toBe(undefined);
  });

  it('is no longer presented by who handed it on, nor before it was', async () => {
    expect(await verified(await handOn(await issued()), orchestrator)).toMatchObject({ ok: false });
    expect(await verified(await issued(), specialist)).toMatchObject({ ok: false });
  });

  it.each<[string, MandateConstraints]>([
    ['more actions', { ...narrow, actions: ['refund.request'] }],
    ['more accounts', { ...narrow, accounts: ['A-1001', 'A-2002'] }],
    ['a higher total', { ...narrow, max_total: { amount: 1_000_001, currency: 'EUR' } }],
    ['a total in another currency', { ...narrow, max_total: { amount: 1, currency: 'USD' } }],
    ['no total at all', { actions: narrow.actions, accounts: narrow.accounts }],
    ['no limit of a period', withoutPeriod],
    ['a limit of another period', { ...narrow, max_total_per_period: { ...monthly, period: 'day' } }],
    ['a higher limit of a period', { ...narrow, max_total_per_period: { ...monthly, amount: 100_001 } }],
    ['more uses', { ...narrow, max_uses: 6 }],
    ['more hops', { ...narrow, max_delegations: 2 }],
  ])('is not widened: %s', async (_name, constraints) => {
    await expect(handOn(await issued(), { constraints })).rejects.toThrow(TypeError);
    const honest = await handOn(await issued());
    const wider = await forged(honest, orchestrator, (claims) => ({ ...claims, constraints }));
    expect(await verified(wider)).toMatchObject({ ok: false, error: { code: 'mandate-invalid' } });
  });

  it('is not handed on unless it says so', async () => {
    const { max_delegations: _none, ...last } = wide;
    await expect(handOn(await issued(last), { constraints: { ...last } })).rejects.toThrow(TypeError);
  });

  it.each<[string, Holder, (claims: Record<string, unknown>) => object]>([
    ['signed by a stranger', specialist, (claims) => claims],
    ['that outlives the mandate', orchestrator, (claims) => ({ ...claims, exp: seconds + 3_601 })],
    ['that has expired', orchestrator, (claims) => ({ ...claims, exp: seconds })],
    ['from the future', orchestrator, (claims) => ({ ...claims, iat: seconds + 31 })],
    ['of another mandate', orchestrator, (claims) => ({ ...claims, parent: 'A'.repeat(43) })],
    ['with a claim nobody knows', orchestrator, (claims) => ({ ...claims, admin: true })],
    ['with a limit nobody knows', orchestrator, (claims) => ({ ...claims, constraints: { ...narrow, min_total: 1 } })],
  ])('refuses a hop %s', async (_name, by, change) => {
    const honest = await handOn(await issued());
    expect((await verified(await forged(honest, orchestrator, (claims) => claims))).ok).toBe(true);
    expect(await verified(await forged(honest, by, change))).toMatchObject({
      ok: false,
      error: { code: 'mandate-invalid' },
    });
  });

  it('refuses hops out of order, taken out or repeated', async () => {
    const last = { from: specialist, to: person, jti: 'hop-2', constraints: { ...narrow, max_delegations: 0 } };
    const [root, first, second] = (await handOn(await handOn(await issued()), last)).split('~');
    expect((await verified([root, first, second, ''].join('~'), person)).ok).toBe(true);
    for (const hops of [[second, first], [second], [first, first, second], [first, second, second]])
      expect((await verified([root, ...hops, ''].join('~'), person)).ok).toBe(false);
  });
});

const names = ['contract.renew', 'data.validate', 'refund.request'];
const limit = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });
const some = fc.subarray(names, { minLength: 1 });
const constraints: fc.Arbitrary<MandateConstraints> = fc
  .record({
    actions: some,
    accounts: fc.subarray(['A-1', 'A-2'], { minLength: 1 }),
    total: limit,
    currency: fc.constantFrom('EUR', 'USD'),
    inPeriod: limit,
    period: fc.constantFrom('day' as const, 'month' as const),
    max_uses: limit,
    max_term_months: limit,
    max_seats: limit,
    max_delegations: limit,
  })
  .map(({ total, currency, inPeriod, period, max_uses, max_term_months, max_seats, max_delegations, ...rest }) => ({
    ...rest,
    ...(inPeriod === undefined ? {} : { max_total_per_period: { amount: inPeriod, currency, period } }),
    ...(max_uses === undefined ? {} : { max_uses }),
    ...(total === undefined ? {} : { max_total: { amount: total, currency } }),
    ...(max_term_months === undefined ? {} : { max_term_months }),
    ...(max_seats === undefined ? {} : { max_seats }),
    ...(max_delegations === undefined ? {} : { max_delegations }),
  }));
const asks: fc.Arbitrary<MandateAsk> = fc.record({
  action: fc.constantFrom(...names),
  account: fc.constantFrom('A-1', 'A-2'),
  total: fc.record({ amount: fc.integer({ min: 0, max: 6 }), currency: fc.constantFrom('EUR', 'USD') }),
  termMonths: fc.integer({ min: 0, max: 6 }),
  seats: fc.integer({ min: 0, max: 6 }),
});

describe('a narrower mandate', () => {
  it('permits nothing that the wider one does not', () => {
    const facts = (each: MandateConstraints): MandateFacts => ({
      jti: 'j',
      issuer: GATEWAY,
      tier: 'company',
      subject: 'contact:C-1001',
      digest: '',
      expiresAt: seconds + 60,
      constraints: each,
    });
    let narrowed = 0;
    fc.assert(
      fc.property(constraints, constraints, fc.array(asks, { minLength: 20, maxLength: 20 }), (held, given, asked) => {
        const wider = { ...held, max_delegations: 9 };
        if (!narrows(wider, given).ok) return;
        narrowed += 1;
        for (const ask of asked)
          if (checkMandate(facts(given), ask, NOW).ok) expect(checkMandate(facts(wider), ask, NOW).ok).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    expect(narrowed).toBeGreaterThan(50);
  });
});
