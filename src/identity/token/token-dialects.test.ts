/** Access tokens of the shape that widely used authorisation servers give them, as their own documentation shows it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import {
  addressOf,
  aside,
  asking,
  GRANT,
  type Holder,
  holder,
  issue,
  NOW,
  ORIGIN,
  type Parts,
  prove,
  RESOURCE,
  seconds,
} from '../../../test/support/tokens.ts';
import { makeGuardedFetch } from '../../platform/guarded-fetch.ts';
import { makeTokenAuth } from './oauth.ts';
import { type ConfiguredTokenIssuer, readTokenIssuers } from './oauth-issuers.ts';
import type { Preset } from './token-dialects.ts';

let server: Holder;
let agent: Holder;
beforeAll(async () => {
  server = await holder('RS256');
  agent = await holder('ES256');
});

const OPAQUE = 'a-token-that-says-nothing';
const SECRET = 'secret of the gateway:+/';

async function auth(issuer: Omit<ConfiguredTokenIssuer, 'tier'>, allowPrivate = false) {
  const keys = issuer.introspection === undefined ? { jwks: [{ ...(server.jwk as JsonObject), kid: server.jkt }] } : {};
  const read = await readTokenIssuers([{ tier: 'company', ...keys, ...issuer }], {
    fetch: makeGuardedFetch({ allowPrivate }),
    allowPrivate,
    introspectionSecret: SECRET,
    aside,
  });
  if (!read.ok) throw new Error(read.error.join());
  return makeTokenAuth({
    issuers: read.value,
    resources: [RESOURCE],
    origin: ORIGIN,
    isRevoked: () => false,
    addressOf,
  });
}

const bearer = (token: string) => asking({ authorization: `Bearer ${token}` });

interface Vendor {
  readonly issuer: Omit<ConfiguredTokenIssuer, 'tier'> & { readonly preset: Preset };
  readonly header: Parts;
  readonly claims: Parts;
  /** Who it makes known. */
  readonly known: { readonly client: string; readonly subject: string; readonly jti: unknown };
  /** What the server also issues, and is no access token. */
  readonly others: readonly { readonly what: string; readonly header?: Parts; readonly claims: Parts }[];
}

const TIMES = { iat: seconds - 10, exp: seconds + 600 };
const GUID = 'b14a7505-96e9-4927-91e8-0601d0fc9caa';
const TENANT = 'fa15d692-e9c7-4460-a743-29f29522229d';
const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example';
const DIGEST = expect.stringMatching(/^sha-256:/);

const keycloak: Vendor = {
  issuer: { iss: 'https://id.example/realms/customers', preset: 'keycloak' },
  header: { typ: 'JWT' },
  claims: {
    ...TIMES,
    jti: 'onrtac:66f9c0a1-3d0b-4c0b-9e6b-6ff5f7a3a9aa',
    iss: 'https://id.example/realms/customers',
    aud: [RESOURCE, 'account'],
    sub: '5f8d8cf4-4d4b-4a8e-8b39-0d6d0c3a1f11',
    typ: 'Bearer',
    azp: 'acme-agent',
    sid: '7a0e7b0f-9b0f-4f0e-8d0b-4f4c6a6b8a10',
    acr: '1',
    'allowed-origins': ['https://agent.example'],
    realm_access: { roles: ['offline_access', 'uma_authorization'] },
    scope: 'openid parley email profile',
    email_verified: true,
    preferred_username: 'kai',
  },
  known: {
    client: 'acme-agent',
    subject: '5f8d8cf4-4d4b-4a8e-8b39-0d6d0c3a1f11',
    jti: 'onrtac:66f9c0a1-3d0b-4c0b-9e6b-6ff5f7a3a9aa',
  },
  others: [
    { what: 'an ID token', claims: { typ: 'ID' } },
    { what: 'a refresh token', claims: { typ: 'Refresh' } },
    { what: 'a token without a kind', claims: { typ: undefined } },
  ],
};

const okta: Vendor = {
  issuer: { iss: 'https://acme.okta.example/oauth2/default', preset: 'okta', audience: 'api://default' },
  header: { typ: undefined },
  claims: {
    ...TIMES,
    ver: 1,
    jti: 'AT.MNAoEQ_jbKqoinrQo1D0XKjMX28U5d7ZszBceot7-Ts',
    iss: 'https://acme.okta.example/oauth2/default',
    aud: 'api://default',
    cid: '0oa1b2c3d4e5f6g7h8i9',
    uid: '00u1b2c3d4e5f6g7h8i9',
    scp: ['openid', 'parley'],
    auth_time: seconds - 400,
    sub: 'kai@acme.example',
  },
  known: {
    client: '0oa1b2c3d4e5f6g7h8i9',
    subject: 'kai@acme.example',
    jti: 'AT.MNAoEQ_jbKqoinrQo1D0XKjMX28U5d7ZszBceot7-Ts',
  },
  others: [
    {
      what: 'an ID token',
      claims: { aud: '0oa1b2c3d4e5f6g7h8i9', cid: undefined, scp: undefined, jti: 'ID.x', amr: ['pwd'] },
    },
    { what: 'an ID token for the audience itself', claims: { cid: undefined, scp: undefined } },
  ],
};

const entraTwo: Vendor = {
  issuer: {
    iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    preset: 'entra',
    audience: [GUID, `api://${GUID}`],
    scope: 'Parley.Access',
  },
  header: { typ: 'JWT' },
  claims: {
    ...TIMES,
    nbf: seconds - 10,
    aud: GUID,
    iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
    aio: 'AWQAm/8XAAAA',
    azp: '1a7acc3f-3e6a-4b2a-9d3f-7a5b5f0b7c11',
    azpacr: '1',
    oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474',
    rh: '0.AXYA',
    scp: 'Other.Read Parley.Access',
    sub: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
    tid: TENANT,
    uti: 'UNiWQRJFmUeVLRFLhWOAAA',
    ver: '2.0',
  },
  known: {
    client: '1a7acc3f-3e6a-4b2a-9d3f-7a5b5f0b7c11',
    subject: 'HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ',
    jti: 'UNiWQRJFmUeVLRFLhWOAAA',
  },
  others: [
    { what: 'an ID token', claims: { azp: undefined, scp: undefined, nonce: 'x' } },
    { what: 'an ID token with roles', claims: { azp: undefined, scp: undefined, roles: ['Parley.Access'] } },
  ],
};

const entraOne: Vendor = {
  ...entraTwo,
  issuer: { ...entraTwo.issuer, iss: `https://sts.windows.net/${TENANT}/` },
  header: { typ: 'JWT', x5t: 'i6lGk3FZzxRcUb2C3nEQ7syHJlY' },
  claims: {
    ...entraTwo.claims,
    aud: `api://${GUID}`,
    iss: `https://sts.windows.net/${TENANT}/`,
    azp: undefined,
    azpacr: undefined,
    acr: '1',
    appid: '1a7acc3f-3e6a-4b2a-9d3f-7a5b5f0b7c11',
    appidacr: '1',
    amr: ['pwd'],
    ver: '1.0',
  },
  others: [{ what: 'an ID token', claims: { appid: undefined, scp: undefined } }],
};

/** An application by itself: no person, no `scp`. */
const entraApplication: Vendor = {
  ...entraTwo,
  claims: { ...entraTwo.claims, scp: undefined, roles: ['Parley.Access'], idtyp: 'app', uti: undefined },
  known: { ...entraTwo.known, jti: DIGEST },
  others: [],
};

const auth0: Vendor = {
  issuer: { iss: 'https://acme.eu.auth0.example/', preset: 'auth0' },
  header: { typ: 'JWT' },
  claims: {
    ...TIMES,
    iss: 'https://acme.eu.auth0.example/',
    sub: 'auth0|123456',
    aud: [RESOURCE, 'https://acme.eu.auth0.example/userinfo'],
    azp: 'my_client_id',
    scope: 'openid profile parley',
    permissions: ['parley'],
  },
  known: { client: 'my_client_id', subject: 'auth0|123456', jti: DIGEST },
  others: [{ what: 'an ID token', claims: { aud: 'my_client_id', azp: undefined, scope: undefined } }],
};

const auth0Standard: Vendor = {
  ...auth0,
  header: { typ: 'at+jwt' },
  claims: { ...auth0.claims, azp: undefined, client_id: 'my_client_id', jti: '73WakrfVbNJBaAmhQtEeDv' },
  known: { ...auth0.known, jti: '73WakrfVbNJBaAmhQtEeDv' },
  others: [],
};

const cognito: Vendor = {
  issuer: { iss: POOL, preset: 'cognito', audience: ['1example23456789'], scope: 'parley-api/parley' },
  header: { typ: undefined },
  claims: {
    ...TIMES,
    sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    'cognito:groups': ['customers'],
    iss: POOL,
    version: 2,
    client_id: '1example23456789',
    origin_jti: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee1',
    event_id: '64f513be-32db-42b0-b78e-b02127b4f463',
    token_use: 'access',
    scope: 'openid parley-api/parley',
    auth_time: seconds - 20,
    jti: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee2',
    username: 'kai',
  },
  known: {
    client: '1example23456789',
    subject: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    jti: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee2',
  },
  others: [
    { what: 'an ID token', claims: { token_use: 'id', aud: '1example23456789', client_id: undefined } },
    { what: 'a token of another client', claims: { client_id: 'another' } },
    { what: 'a token for another resource', claims: { aud: 'https://other.example' } },
  ],
};

const VENDORS: readonly (readonly [string, Vendor])[] = [
  ['Keycloak', keycloak],
  ['Okta', okta],
  ['Entra ID, v2', entraTwo],
  ['Entra ID, v1', entraOne],
  ['Entra ID, for an application', entraApplication],
  ['Auth0', auth0],
  ['Auth0, in its RFC 9068 profile', auth0Standard],
  ['Cognito', cognito],
];

describe.each(VENDORS)('a token of %s', (_, vendor) => {
  const { issuer, header, claims, known, others } = vendor;
  const say = async (more: Parts = {}, head: Parts = {}, as: Partial<ConfiguredTokenIssuer> = {}) => {
    const token = await issue(server, { ...header, ...head }, { ...claims, ...more });
    return (await auth({ ...issuer, ...as }))(bearer(token), NOW);
  };

  it('D8: makes its client known', async () => {
    const caller = await say();
    if (!caller.ok) throw new Error(caller.error.detail);
    expect(caller.value).toMatchObject({
      proof: 'bearer',
      name: known.client,
      token: { ...known, issuer: issuer.iss, issuerKey: server.jkt },
    });
  });

  it('D8: that lacks the scope is told which', async () => {
    const scopes = { scope: 'openid', scp: 'openid', roles: ['Other'] };
    const lacking = Object.fromEntries(Object.entries(scopes).filter(([name]) => claims[name] !== undefined));
    expect(await say(lacking)).toMatchObject({
      error: { code: 'scope-missing', extra: { scope: issuer.scope ?? 'parley' } },
    });
  });

  it('D8: is refused where the server’s dialect is not known, but for one that speaks RFC 9068', async () => {
    const plain = await say({}, {}, { preset: 'rfc9068', audience: issuer.audience ?? RESOURCE });
    expect(plain.ok).toBe(vendor === auth0Standard);
  });

  for (const other of others)
    it(`D8: is told from ${other.what}`, async () => {
      expect(await say(other.claims, other.header)).toMatchObject({ error: { code: 'token-invalid' } });
    });
});

it('D8: a type is compared without case, and with or without application/', async () => {
  const { issuer, claims } = auth0Standard;
  for (const typ of ['AT+JWT', 'At+Jwt', 'application/at+jwt', 'APPLICATION/AT+JWT']) {
    const taken = (await auth({ ...issuer, preset: 'rfc9068' }))(bearer(await issue(server, { typ }, claims)), NOW);
    expect((await taken).ok, typ).toBe(true);
  }
});

it('D8: a Keycloak token bound by DPoP commits its agent', async () => {
  const { issuer, header, claims } = keycloak;
  const token = await issue(server, header, { ...claims, typ: 'DPoP', cnf: { jkt: agent.jkt } });
  const fields = { authorization: `DPoP ${token}`, dpop: await prove(agent, token) };
  expect(await (await auth(issuer))(asking(fields), NOW)).toMatchObject({
    value: { keyid: agent.jkt, proof: 'dpop' },
  });
});

it('D8: single points of a dialect can be set', async () => {
  const { header, claims } = okta;
  const own = {
    iss: String(claims['iss']),
    audience: 'api://default',
    typ: ['', 'x+JWT'],
    scope_claims: ['scp'],
    client_claims: ['uid'],
    id_claims: ['token'],
    without_id: true,
    required_claims: { kind: ['access'] },
  };
  const token = await issue(server, header, { ...claims, kind: 'access' });
  expect(await (await auth(own))(bearer(token), NOW)).toMatchObject({
    value: { name: claims['uid'], token: { jti: DIGEST } },
  });
  const other = await issue(server, header, { ...claims, kind: 'id' });
  expect(await (await auth(own))(bearer(other), NOW)).toMatchObject({ error: { code: 'token-invalid' } });
});

it('D8: a server that cannot name the resource is not configured without its audience', async () => {
  for (const preset of ['entra', 'cognito'] as const)
    await expect(auth({ iss: 'https://as.example', preset })).rejects.toThrow(/needs an audience/);
});

describe('introspection', () => {
  let as: Server | undefined;
  afterEach(() => void as?.close());

  /** An authorisation server that answers about tokens, and what it was asked. */
  async function introspecting(answer: (token: string) => { readonly status?: number; readonly body: unknown }) {
    const asked: { readonly headers: IncomingMessage['headers']; readonly form: URLSearchParams }[] = [];
    as = createServer(async (incoming, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      asked.push({ headers: incoming.headers, form });
      const { status = 200, body } = answer(form.get('token') ?? '');
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await once(as.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(as.address() as AddressInfo).port}/introspect`;
    const issuer = { iss: 'https://as.example', introspection: { url, client_id: 'the gateway' } };
    return { asked, authenticate: await auth(issuer, true) };
  }

  const ACTIVE = { active: true, client_id: 'acme-agent', scope: 'parley', aud: RESOURCE, sub: 'contact:C-1001' };

  it('D8: makes an opaque token’s client known, asked once with our credentials', async () => {
    const { asked, authenticate } = await introspecting(() => ({ body: { ...ACTIVE, exp: seconds + 600 } }));
    const all = await Promise.all(
      [`${OPAQUE}_1+/=`, `${OPAQUE}_1+/=`].map((token) => authenticate(bearer(token), NOW)),
    );
    const again = await authenticate(bearer(`${OPAQUE}_1+/=`), NOW);
    for (const each of [...all, again])
      expect(each).toMatchObject({
        value: { proof: 'bearer', name: 'acme-agent', token: { subject: 'contact:C-1001', jti: DIGEST } },
      });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.form.get('token')).toBe(`${OPAQUE}_1+/=`);
    const basic = Buffer.from(String(asked[0]?.headers.authorization).slice(6), 'base64').toString();
    expect(basic).toBe('the+gateway:secret+of+the+gateway%3A%2B%2F');
  });

  it('D8: takes a bound token with its proof alone, and the grant in the answer', async () => {
    const grant = { authorization_details: [GRANT] };
    const { authenticate } = await introspecting(() => ({ body: { ...ACTIVE, ...grant, cnf: { jkt: agent.jkt } } }));
    expect(await authenticate(bearer(OPAQUE), NOW)).toMatchObject({ error: { code: 'dpop-invalid' } });
    const fields = { authorization: `DPoP ${OPAQUE}`, dpop: await prove(agent, OPAQUE) };
    expect(await authenticate(asking(fields), NOW)).toMatchObject({
      value: { keyid: agent.jkt, grant: { subject: 'contact:C-1001' } },
    });
  });

  it('D8: asks again after a while, and believes a later no', async () => {
    let active = true;
    const { asked, authenticate } = await introspecting(() => ({ body: active ? ACTIVE : { active: false } }));
    const at = (later: number) => authenticate(bearer(OPAQUE), new Date(NOW.getTime() + later * 1000));
    expect((await at(0)).ok).toBe(true);
    active = false;
    expect((await at(LIMITS.introspectionSeconds - 1)).ok).toBe(true);
    expect(await at(LIMITS.introspectionSeconds)).toMatchObject({ error: { code: 'token-invalid' } });
    expect(asked).toHaveLength(2);
  });

  it.each<[string, object, string]>([
    ['is not active', { active: false, ...{} }, 'token-invalid'],
    ['is another server’s', { ...ACTIVE, iss: 'https://evil.example' }, 'token-invalid'],
    ['is for another audience', { ...ACTIVE, aud: 'https://other.example' }, 'token-invalid'],
    ['has no audience', { ...ACTIVE, aud: undefined }, 'token-invalid'],
    ['has no client', { ...ACTIVE, client_id: undefined }, 'token-invalid'],
    ['is over', { ...ACTIVE, iat: seconds - 900, exp: seconds - 100 }, 'token-invalid'],
    ['has not the scope', { ...ACTIVE, scope: 'openid' }, 'scope-missing'],
    ['is called active by a word', { ...ACTIVE, active: 'true' }, 'unavailable'],
  ])('D8: a token that %s is refused', async (_, body, code) => {
    const { authenticate } = await introspecting(() => ({ body }));
    expect(await authenticate(bearer(OPAQUE), NOW)).toMatchObject({ error: { code } });
  });

  it('D8: that cannot be had is a 503, and nobody’s fault', async () => {
    const { authenticate } = await introspecting(() => ({ status: 500, body: {} }));
    expect(await authenticate(bearer(OPAQUE), NOW)).toMatchObject({
      error: { code: 'unavailable', retryAfterSeconds: expect.any(Number) },
    });
    as?.close();
    as?.closeAllConnections();
    expect(await authenticate(bearer(`other-${OPAQUE}`), NOW)).toMatchObject({ error: { code: 'unavailable' } });
  });

  /** Tokens of a stranger, each of another of its addresses, as fast as they are answered. */
  function flood(authenticate: Awaited<ReturnType<typeof auth>>, addressAt: (at: number) => string) {
    const codes = new Map<string, number>();
    let isOver = false;
    let at = 0;
    const one = async () => {
      while (!isOver) {
        at += 1;
        const fields = { authorization: `Bearer stranger-${at}-${OPAQUE}`, 'x-from': addressAt(at) };
        const told = await authenticate(asking(fields), NOW);
        const code = told.ok ? 'ok' : told.error.code;
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (told.ok || told.error.code === 'unavailable') await sleep(1);
      }
    };
    const all = Array.from({ length: 200 }, one);
    return {
      codes,
      async end() {
        isOver = true;
        await Promise.all(all);
      },
    };
  }

  it.each<[string, (at: number) => string]>([
    ['one address', () => '198.51.100.1'],
    ['many /24s', (at) => `198.51.${at % 256}.7`],
    ['many /64s', (at) => `2001:db8:${(at % 9).toString(16)}:${(at % 4_096).toString(16)}::/64`],
  ])(
    'D8: an innocent token is heard while a stranger pours tokens from %s, and its server is asked no more than it can bear',
    async (_, addressAt) => {
      const { asked, authenticate } = await introspecting((token) => ({
        body: token.startsWith('stranger') ? { active: false } : ACTIVE,
      }));
      const { codes, end } = flood(authenticate, addressAt);
      await sleep(300);
      const started = performance.now();
      const before = asked.length;
      // One that nobody has seen yet, and one that was good before and is due.
      expect(await authenticate(bearer(OPAQUE), NOW)).toMatchObject({ ok: true });
      const due = new Date(NOW.getTime() + LIMITS.introspectionSeconds * 1_000);
      expect(await authenticate(bearer(OPAQUE), due)).toMatchObject({ ok: true });
      const seconds = (performance.now() - started) / 1_000;
      expect(seconds).toBeLessThan(2);
      expect(asked.length - before).toBeLessThan(LIMITS.introspectionTurns.burst + seconds * 25 + 5);
      await end();
      // Those that were asked about are no tokens; the others were not looked at.
      expect([...codes.keys()].toSorted()).toEqual(['token-invalid', 'unavailable']);
    },
  );

  it('D8: what nobody could guess is a token, what the server denied is not asked about again so soon', async () => {
    const { asked, authenticate } = await introspecting(() => ({ body: { active: false } }));
    const at = (token: string, later = 0) => authenticate(bearer(token), new Date(NOW.getTime() + later * 1_000));
    for (const token of ['x', 'opaque', 'a'.repeat(LIMITS.opaqueTokenCharsMin - 1)])
      expect(await at(token)).toMatchObject({ error: { code: 'token-invalid' } });
    expect(await authenticate(asking({ authorization: `DPoP ${OPAQUE}` }), NOW)).toMatchObject({
      error: { code: 'dpop-invalid' },
    });
    expect(asked).toHaveLength(0);
    for (const later of [0, 1, LIMITS.introspectionDeniedSeconds - 1, LIMITS.introspectionDeniedSeconds])
      expect(await at(OPAQUE, later)).toMatchObject({ error: { code: 'token-invalid' } });
    expect(asked).toHaveLength(2);
  });
});
