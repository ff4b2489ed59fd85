import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Auth, staticToken } from './auth.ts';
import { makeHttp, path } from './http.ts';
import type { AdapterError, Ctx } from './index.ts';
import { clientCredentials, jwtBearer, refreshToken } from './oauth.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Asked {
  readonly form: URLSearchParams;
  readonly authorization: string;
}
type Reply = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

/** A token endpoint at `/token`; every other path is the API, which takes the last token only. */
async function serve(reply: Reply): Promise<{ url: string; origin: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const one = { form: new URLSearchParams(body), authorization: request.headers.authorization ?? '' };
      if (request.url === '/token') asked.push(one);
      reply(one, response, request);
    });
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url: `${origin}/token`, origin, asked };
}

const json = (response: ServerResponse, status: number, body: object) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

/** `t1`, `t2`, …, each living as long as told. */
const issuing = (more: object = {}): Reply => {
  let made = 0;
  return (_, response) => {
    made += 1;
    json(response, 200, { access_token: `t${made}`, token_type: 'Bearer', ...more });
  };
};

let now = Date.parse('2026-11-02T09:00:00Z');
const ctx = (signal: AbortSignal = AbortSignal.timeout(10_000)): Ctx => ({
  clock: () => new Date(now),
  signal,
  log: () => undefined,
});
const SECRET = 'oauth-secret:+& 7c31';
const app = (url: string) => ({ url, allowPrivate: true, clientId: 'app', clientSecret: SECRET });

const failure = async (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );
const token = async (auth: Auth) => (await auth.credentials(ctx()))['authorization'];

describe('a static token', () => {
  it('goes into the header it is for, and is never renewed', async () => {
    const auth = staticToken({ token: 'abc' });
    expect(await token(auth)).toBe('Bearer abc');
    expect(auth.refused(await auth.credentials(ctx()))).toBe(false);
    const key = staticToken({ token: 'abc', header: 'x-api-key', scheme: '' });
    expect(await key.credentials(ctx())).toEqual({ 'x-api-key': 'abc' });
  });

  it.each(['', 'a b', 'a\nb', 'ä'])('%j is no token', (text) => {
    expect(() => staticToken({ token: text })).toThrow(/not usable/);
  });
});

describe('client credentials', () => {
  it('send the secret in the form, or in the header', async () => {
    const { url, asked } = await serve(issuing());
    expect(await token(clientCredentials({ ...app(url), scope: 'a b' }))).toBe('Bearer t1');
    expect(await token(clientCredentials({ ...app(url), secretIn: 'basic' }))).toBe('Bearer t2');
    const [form, basic] = asked;
    expect(Object.fromEntries(form?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      client_id: 'app',
      client_secret: SECRET,
      scope: 'a b',
    });
    expect(Object.fromEntries(basic?.form ?? [])).toEqual({ grant_type: 'client_credentials' });
    const sent = Buffer.from(basic?.authorization.slice('Basic '.length) ?? '', 'base64').toString();
    expect(sent).toBe('app:oauth-secret%3A%2B%26+7c31');
  });

  it('are asked for once, however many wait, and again before the end of the token’s life', async () => {
    const { url, asked } = await serve(issuing({ expires_in: 1_800 }));
    const auth = clientCredentials(app(url));
    const all = await Promise.all(Array.from({ length: 20 }, () => token(auth)));
    expect([new Set(all).size, asked.length]).toEqual([1, 1]);
    now += 1_739_000;
    expect(await token(auth)).toBe('Bearer t1');
    now += 2_000;
    expect(await token(auth)).toBe('Bearer t2');
  });

  it('without a lifetime are kept until they are refused', async () => {
    for (const expires_in of [undefined, 0, -5, '1800', null]) {
      const { url } = await serve(issuing(expires_in === undefined ? {} : { expires_in }));
      const auth = clientCredentials(app(url));
      const first = await auth.credentials(ctx());
      now += 10 * 365 * 86_400_000;
      expect(await auth.credentials(ctx())).toBe(first);
      expect(auth.refused(first)).toBe(true);
      expect(await token(auth)).toBe('Bearer t2');
      // A late refusal of the old token does not cost the new one.
      auth.refused(first);
      expect(await token(auth)).toBe('Bearer t2');
    }
  });

  it('twenty calls that meet an ended session sign in once more, together', async () => {
    let live = '';
    const issue = issuing();
    const { url, origin, asked } = await serve((one, response, request) => {
      if (request.url !== '/token') return json(response, one.authorization === live ? 200 : 401, {});
      live = `Bearer t${asked.length}`;
      return issue(one, response, request);
    });
    const http = makeHttp({
      origin,
      allowPrivate: true,
      auth: clientCredentials(app(url)),
      timeoutMs: 5_000,
      bodyBytesMax: 1_000,
    });
    await http.get(ctx(), path`/x`);
    live = 'Bearer none';
    const all = await Promise.all(Array.from({ length: 20 }, () => http.get(ctx(), path`/x`)));
    expect(all.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(asked).toHaveLength(2);
  });
});

describe('a sign-in that fails', () => {
  it.each([
    [400, 'unauthorised'],
    [401, 'unauthorised'],
    [403, 'unauthorised'],
    [429, 'rate_limited'],
    [500, 'retryable'],
    [302, 'retryable'],
  ])('with %i is %s, is no doubt about a write, and is tried again by the next call', async (status, code) => {
    let isDown = true;
    const { url, origin } = await serve((one, response, request) => {
      if (request.url !== '/token') return json(response, 200, {});
      return isDown ? json(response, status, { echo: String(one.form) }) : json(response, 200, { access_token: 't' });
    });
    const http = makeHttp({
      origin,
      allowPrivate: true,
      auth: clientCredentials(app(url)),
      timeoutMs: 5_000,
      bodyBytesMax: 1_000,
    });
    const error = await failure(http.send(ctx(), 'POST', path`/x`, {}, {}));
    expect(error.code).toBe(code);
    const text = inspect(error, { depth: 8 });
    for (const form of [SECRET, encodeURIComponent(SECRET), 'secret']) expect(text).not.toContain(form);
    isDown = false;
    expect((await http.send(ctx(), 'POST', path`/x`, {}, {})).status).toBe(200);
  });

  it.each([
    ['no JSON', 'hello'],
    ['a list', '[]'],
    ['no token', '{}'],
    ['a token that splits a header', '{"access_token":"a\\r\\nx: y"}'],
    ['a token of another kind', '{"access_token":"a","token_type":"mac"}'],
    ['too much', `{"access_token":"${'a'.repeat(70_000)}"}`],
  ])('because the answer is %s is retryable', async (_, text) => {
    const { url } = await serve((__, response) => void response.end(text));
    expect((await failure(clientCredentials(app(url)).credentials(ctx()))).code).toBe('retryable');
  });

  it('because nobody answers ends with the caller’s patience, and others go on waiting', async () => {
    let answer: () => void = () => undefined;
    const { url, asked } = await serve((_, response) => {
      answer = () => json(response, 200, { access_token: 't' });
    });
    const auth = clientCredentials(app(url));
    const patient = auth.credentials(ctx());
    expect((await failure(auth.credentials(ctx(AbortSignal.timeout(50))))).code).toBe('retryable');
    await vi.waitFor(() => expect(asked).toHaveLength(1), 10_000);
    answer();
    expect(await patient).toEqual({ authorization: 'Bearer t' });
    expect(asked).toHaveLength(1);
  });

  it('because the token is for another instance', async () => {
    const { url } = await serve(issuing({ instance_url: 'https://evil.example' }));
    const auth = clientCredentials({
      ...app(url),
      accepts: (answer) => answer['instance_url'] === 'https://acme.example',
    });
    expect((await failure(auth.credentials(ctx()))).code).toBe('unauthorised');
  });

  it('never sends the secret to a private address, unless told', async () => {
    const { url, asked } = await serve(issuing());
    const auth = clientCredentials({ ...app(url), allowPrivate: false });
    expect((await failure(auth.credentials(ctx()))).code).toBe('retryable');
    expect(asked).toEqual([]);
  });
});

describe('a JWT bearer assertion', () => {
  const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const pairs = {
    RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  };

  it.each(['RS256', 'ES256'] as const)('is signed with %s and says who, for whom and how long', async (algorithm) => {
    const { url, asked } = await serve(issuing());
    const { privateKey, publicKey } = pairs[algorithm];
    const auth = jwtBearer({
      url,
      allowPrivate: true,
      algorithm,
      privateKey: pem(privateKey),
      keyId: 'k1',
      issuer: 'app',
      subject: 'bot@acme.example',
      audience: 'https://login.crm.example',
    });
    expect(await token(auth)).toBe('Bearer t1');
    const form = asked[0]?.form;
    expect(form?.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [head = '', claims = '', signature = ''] = form?.get('assertion')?.split('.') ?? [];
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    const iat = Math.floor(now / 1_000);
    expect(read(head)).toEqual({ alg: algorithm, typ: 'JWT', kid: 'k1' });
    expect(read(claims)).toEqual({
      iss: 'app',
      sub: 'bot@acme.example',
      aud: 'https://login.crm.example',
      iat,
      exp: iat + 180,
    });
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('with a key that is none is unauthorised, and does not quote it', async () => {
    const { url, asked } = await serve(issuing());
    const privateKey = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----';
    const who = { issuer: 'a', subject: 'b', audience: 'c' };
    const error = await failure(
      jwtBearer({ url, allowPrivate: true, algorithm: 'RS256', privateKey, ...who }).credentials(ctx()),
    );
    expect(error.code).toBe('unauthorised');
    expect(inspect(error, { depth: 8 })).not.toContain('c2VjcmV0');
    expect(asked).toEqual([]);
  });
});

describe('a refresh token', () => {
  it('is used for each new access token; a rotated one replaces it, and is handed out to be kept', async () => {
    const kept: string[] = [];
    const { url, asked } = await serve((_, response) =>
      json(response, 200, { access_token: `t${asked.length}`, expires_in: 10, refresh_token: `r${asked.length}` }),
    );
    const auth = refreshToken({ ...app(url), refreshToken: 'r0', rotated: async (next) => void kept.push(next) });
    expect(await token(auth)).toBe('Bearer t1');
    now += 9_500;
    expect(await token(auth)).toBe('Bearer t2');
    expect(asked.map(({ form }) => [form.get('grant_type'), form.get('refresh_token')])).toEqual([
      ['refresh_token', 'r0'],
      ['refresh_token', 'r1'],
    ]);
    expect(kept).toEqual(['r1', 'r2']);
  });
});
