import { describe, expect, it } from 'vitest';
import { GATEWAY, holder, PRINCIPAL } from '../../../protocol/mandate/fixture.ts';
import { type ConfiguredIssuer, readIssuers } from './issuers.ts';

const own = async () => {
  const { jwk, kid } = await holder('company');
  const keys = [
    { ...jwk, kid, parley_purpose: 'mandates' },
    { ...jwk, kid: 'other', parley_purpose: 'answers' },
  ];
  return { origin: GATEWAY, keys };
};

async function principal(): Promise<ConfiguredIssuer> {
  const { jwk } = await holder('principal');
  return { iss: PRINCIPAL, tier: 'principal', keys: [{ ...jwk }], subjects: ['contact:C-1001'], accounts: ['A-1001'] };
}

async function problemsOf(...configured: readonly ConfiguredIssuer[]): Promise<readonly string[]> {
  const read = await readIssuers(configured, await own());
  return read.ok ? [] : read.error;
}

describe('issuers', () => {
  it('are the gateway, with its mandate keys only, and those configured, with a kid each', async () => {
    const read = await readIssuers([await principal()], await own());
    if (!read.ok) throw new Error(read.error.join());
    expect(read.value.get(GATEWAY)).toEqual({
      tier: 'company',
      keys: [{ ...(await holder('company')).jwk, kid: (await holder('company')).kid }],
    });
    const { jwk, kid } = await holder('principal');
    expect(read.value.get(PRINCIPAL)).toEqual({
      tier: 'principal',
      keys: [{ ...jwk, kid }],
      subjects: ['contact:C-1001'],
      accounts: ['A-1001'],
    });
  });

  it('D2: are refused, every mistake at once', async () => {
    const good = await principal();
    const [key = {}] = good.keys;
    const { subjects: _, ...bare } = good;
    expect(await problemsOf(good)).toEqual([]);
    expect(await problemsOf({ ...good, iss: GATEWAY })).toEqual([expect.stringMatching(/^\/issuers\/0\/iss /)]);
    expect(await problemsOf(bare, { ...good, accounts: [] })).toEqual([
      expect.stringMatching(/^\/issuers\/0 is a principal/),
      expect.stringMatching(/^\/issuers\/1\/iss is there twice/),
      expect.stringMatching(/^\/issuers\/1 is a principal/),
    ]);
    const keys = [
      { ...key, d: 'AA' },
      { kty: 'oct', k: 'AA' },
      { ...key, y: 'A'.repeat(43) },
      { ...key, kid: 7 },
      key,
      key,
      // Of small order, and published: what they sign, everybody can sign.
      { kty: 'OKP', crv: 'Ed25519', x: 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      { kty: 'OKP', crv: 'Ed25519', x: 'JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs' },
    ];
    expect(await problemsOf({ ...good, keys })).toEqual([
      expect.stringMatching(/^\/issuers\/0\/keys\/0 is a private key/),
      expect.stringMatching(/^\/issuers\/0\/keys\/1 is neither/),
      expect.stringMatching(/^\/issuers\/0\/keys\/2 is not a valid key/),
      expect.stringMatching(/^\/issuers\/0\/keys\/3 has a kid/),
      expect.stringMatching(/^\/issuers\/0\/keys\/5 has the kid of another key/),
      expect.stringMatching(/^\/issuers\/0\/keys\/6 is not a valid key: .*small order/),
      expect.stringMatching(/^\/issuers\/0\/keys\/7 is not a valid key: .*published/),
    ]);
  });
});
