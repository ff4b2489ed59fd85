import { describe, expect, it } from 'vitest';
import ucp from '../../../protocol/ucp.json' with { type: 'json' };
import { readDefinitions } from '../../actions/files.ts';
import { capabilityName, intersect, negotiateUcp, readUcpOffer, type UcpOffer, ucpProfiles } from './ucp.ts';

const settings = {
  origin: 'https://parley.example',
  company: 'Cumulus Software',
  timeZone: 'UTC',
  logOrigin: 'parley.example/log',
  human: { channel: 'tel:+49-40-555-0100', hours: 'always', respondWithinMinutes: 15 },
  endpoints: [],
  signoffLifetimeSeconds: 3600,
  observationDays: 14,
};
const key = { kid: 'k', kty: 'OKP', crv: 'Ed25519', x: 'x', alg: 'EdDSA', parley_purpose: 'answers' };
const profiles = ucpProfiles(readDefinitions(), settings, [key]);
const profile = profiles.get('/.well-known/ucp') ?? expect.fail('no profile');
const offer = (capabilities: Record<string, { version: string; extends?: string }[]>): UcpOffer => {
  const read = readUcpOffer({ ucp: { version: '2026-04-08', capabilities } });
  return read ?? expect.fail('not read');
};

describe('the profile', () => {
  it('names every action in our own namespace, with spec and schema at our own origin', () => {
    const mine = readUcpOffer(profile) ?? expect.fail('our own profile is not read');
    expect([...mine.capabilities.keys()]).toContain('example.parley.actions.contract_renew');
    const { capabilities } = profile['ucp'] as { capabilities: Record<string, { spec: string; schema: string }[]> };
    for (const { spec, schema } of Object.values(capabilities).flat())
      for (const url of [spec, schema]) expect(new URL(url).origin).toBe(settings.origin);
  });

  it('shows keys without what is ours alone', () => {
    expect(profile['keys']).toEqual([{ kid: 'k', kty: 'OKP', crv: 'Ed25519', x: 'x', alg: 'EdDSA', use: 'sig' }]);
  });

  it('has a name on an address that is no name', () => {
    expect(capabilityName('http://127.0.0.1:8080', 'contract.renew')).toBe('local.gateway.actions.contract_renew');
    expect(capabilityName('http://[::1]:8080', 'contract.renew')).toBe('local.gateway.actions.contract_renew');
  });
});

describe('revisions', () => {
  const versions = ucp.revisions.map(({ version }) => version);

  it('D10: every one that is known is spoken, at an address the newest leads to', () => {
    expect(versions).toEqual(['2026-08-25', '2026-04-08']);
    const { version, supported_versions: older } = profile['ucp'] as Record<string, unknown>;
    expect(version).toBe(versions[0]);
    expect(older).toEqual(
      Object.fromEntries(versions.slice(1).map((each) => [each, `${settings.origin}/.well-known/ucp/${each}`])),
    );
    for (const each of versions.slice(1))
      expect(profiles.get(`/.well-known/ucp/${each}`)).toMatchObject({ ucp: { version: each } });
  });

  it.each(versions)('D10: an agent of %s is answered in it', (version) => {
    const theirs = {
      ucp: { version, capabilities: { 'example.parley.actions.contract_renew': [{ version: ucp.actions }] } },
    };
    expect(negotiateUcp(profiles, theirs)).toEqual({
      ok: true,
      value: { version, capabilities: { 'example.parley.actions.contract_renew': [{ version: ucp.actions }] } },
    });
  });

  it.each(['2026-01-23', '2026-06-01', '2099-01-01'])('D10: an agent of %s is told which are spoken', (version) => {
    expect(negotiateUcp(profiles, { ucp: { version } })).toMatchObject({
      error: { code: 'version-unsupported', extra: { supported_versions: versions } },
    });
  });
});

describe('what both sides speak', () => {
  const ours = offer({
    'a.actions.x': [{ version: '2026-01-01' }, { version: '2026-06-01' }],
    'a.actions.y': [{ version: '2026-01-01', extends: 'a.actions.x' }],
    'a.actions.z': [{ version: '2026-01-01', extends: 'a.actions.y' }],
  });

  it('is the latest version of the same name', () => {
    expect([
      ...intersect(ours, offer({ 'a.actions.x': [{ version: '2026-06-01' }, { version: '2026-01-01' }] })),
    ]).toEqual([['a.actions.x', '2026-06-01']]);
  });

  it('is nothing for another version, however near', () => {
    expect(intersect(ours, offer({ 'a.actions.x': [{ version: '2026-06-02' }] })).size).toBe(0);
  });

  it('leaves out extensions whose parents are left out, to any depth', () => {
    const theirs = offer({ 'a.actions.y': [{ version: '2026-01-01' }], 'a.actions.z': [{ version: '2026-01-01' }] });
    expect(intersect(ours, theirs).size).toBe(0);
  });

  it.each([null, 3, [], {}, { ucp: null }, { ucp: { version: 3 } }])('cannot be read from %j', (value) => {
    expect(readUcpOffer(value)).toBeUndefined();
  });

  it('does not mind what it does not know', () => {
    const read = readUcpOffer({
      ucp: { version: 'v', capabilities: { a: 'x', b: [null, { version: 3 }], c: [{ version: '1' }], __proto__: [] } },
    });
    expect([...(read?.capabilities.keys() ?? [])]).toEqual(['c']);
  });
});
