/** Agents of other protocols, signing with an independent library: who they are taken for, and what makes a message unrepeatable. */
import { createHash } from 'node:crypto';
import { component, createSignature } from 'http-message-sig';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import { ok } from '../../protocol/base/result.ts';
import { independentKey } from '../../test/support/independent.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import { type AuthenticateDeps, authenticate, type Caller } from './signature/authenticate.ts';
import { makeDirectories } from './signature/directory.ts';
import { verifyKeyOf } from './signature/keys-node.ts';
import { makeNonceCap } from './signature/nonce-cap.ts';

const NOW = new Date('2026-05-01T12:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const ORIGIN = 'https://gateway.example';
const PROFILE = 'https://platform.example/.well-known/ucp';
const agent = independentKey('P-256');
const other = independentKey('ed25519');
const KEY = '0123456789-0123456789';

type Component = Parameters<typeof createSignature>[1]['components'][number];
type Fields = Readonly<Record<string, string>>;
type SignatureParameters = Readonly<Record<string, string | number>>;
interface Ask {
  readonly method?: 'GET' | 'POST';
  readonly target?: string;
  readonly headers?: Fields;
  readonly components?: readonly Component[];
  readonly parameters?: SignatureParameters;
  readonly label?: string;
  readonly key?: typeof agent;
}

const BODY = '{"input":{}}';
const bodyFields = {
  'content-type': 'application/json',
  'content-digest': `sha-256=:${createHash('sha256').update(BODY).digest('base64')}:`,
};

/** A UCP request, unless the choices make it another. */
async function asking(choices: Ask = {}): Promise<RawRequest> {
  const { method = 'POST', target = '/actions/a', label = 'sig1', key = agent, parameters } = choices;
  const own = { 'ucp-agent': `profile="${PROFILE}"`, ...(method === 'POST' ? { 'idempotency-key': `"${KEY}"` } : {}) };
  const headers: Fields = { ...(method === 'POST' ? bodyFields : {}), ...(choices.headers ?? own) };
  const { signatureInput, signature } = await createSignature(
    {
      kind: 'request',
      method,
      targetUri: `${ORIGIN}${target}`,
      requestTarget: target,
      fields: Object.entries(headers).map(([name, value]) => ({ name, value })),
    },
    {
      label,
      components: [...(choices.components ?? ['@method', '@authority', '@path', ...Object.keys(headers)])],
      parameters: { keyid: 'platform-2026', ...parameters },
      signer: key.signer,
    },
  );
  const lines = Object.entries({ ...headers, 'signature-input': signatureInput, signature });
  return {
    method,
    target,
    headers: new Map(lines.map(([name, value]) => [name, [value]])),
    body: Buffer.from(method === 'POST' ? BODY : ''),
  };
}

const dates = { created: SECONDS, expires: SECONDS + 60 };
const nonce = 'n'.repeat(24);
const PUBLISHED: Readonly<Record<string, string>> = {
  [PROFILE]: JSON.stringify({ ucp: {}, keys: [{ ...agent.jwk, kid: 'platform-2026' }] }),
  'https://agent.example/.well-known/http-message-signatures-directory': JSON.stringify({ keys: [agent.jwk] }),
};

function gateway(more: Partial<AuthenticateDeps> = {}) {
  const deps: AuthenticateDeps = {
    scheme: 'https',
    authority: 'gateway.example',
    registered: () => undefined,
    resolve: makeDirectories({
      clock: { now: () => NOW },
      fetch: async (url) => {
        const isDirectory = url.endsWith('directory');
        const type = isDirectory ? 'application/http-message-signatures-directory+json' : 'application/json';
        const body = PUBLISHED[url];
        return ok({
          status: body === undefined ? 404 : 200,
          headers: { 'content-type': type },
          body: Buffer.from(body ?? ''),
        });
      },
    }),
    isRevoked: () => false,
    cap: makeNonceCap(),
    ...more,
  };
  return (raw: RawRequest, now = NOW) => authenticate(raw, deps, now);
}

async function callerOf(raw: RawRequest, ask = gateway()): Promise<Caller> {
  const result = await ask(raw);
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.detail}`);
  return result.value;
}
async function codeOf(raw: RawRequest, ask = gateway()): Promise<string> {
  const result = await ask(raw);
  return result.ok ? 'accepted' : result.error.code;
}

describe('a UCP agent', () => {
  it('is the key its profile gives the label to, and the profile’s address', async () => {
    const caller = await callerOf(await asking());
    expect(caller).toMatchObject({
      keyid: agent.keyid,
      via: 'profile',
      name: PROFILE,
      label: 'sig1',
      proof: 'signature',
    });
    expect(caller.evidence.signatureInput).toContain('sig1=("@method"');
  });

  it('may be registered too, under its thumbprint', async () => {
    const key = verifyKeyOf(agent.jwk);
    const ask = gateway({
      registered: (keyid) =>
        key.ok && keyid === key.value.kid ? { key: key.value, via: 'registered', name: 'Platform' } : undefined,
    });
    const caller = await callerOf(await asking({ parameters: { keyid: agent.keyid } }), ask);
    expect(caller).toMatchObject({ via: 'registered', name: 'Platform' });
  });

  it.each<[string, Ask, string]>([
    ['of a key its profile has not', { parameters: { keyid: 'other' } }, 'key-unknown'],
    ['of another key under that label', { key: other }, 'signature-invalid'],
    ['without its profile', { headers: { 'idempotency-key': `"${KEY}"` } }, 'signature-missing'],
    [
      'whose key is only in a directory',
      {
        headers: { 'ucp-agent': 'profile="https://none.example"', 'signature-agent': 'sig1="https://agent.example"' },
        parameters: { keyid: agent.keyid },
      },
      'key-unknown',
    ],
    [
      'that leaves its profile open',
      { components: ['@method', '@authority', '@path', 'idempotency-key', ...Object.keys(bodyFields)] },
      'signature-coverage',
    ],
    [
      'that leaves its body open',
      { components: ['@method', '@authority', '@path', 'idempotency-key', 'ucp-agent'] },
      'signature-coverage',
    ],
  ])('%s is refused', async (_, choices, code) => {
    expect(await codeOf(await asking(choices))).toBe(code);
  });

  it('is refused when its key is revoked, by thumbprint', async () => {
    expect(await codeOf(await asking(), gateway({ isRevoked: (keyid) => keyid === agent.keyid }))).toBe('key-revoked');
  });
});

describe('what makes a message unrepeatable', () => {
  const nonceOf = async (choices: Ask) => (await callerOf(await asking(choices))).nonce;

  it('its nonce, where it has one', async () => {
    const spent = { keyid: agent.keyid, nonce, expiresAt: SECONDS + 60 + LIMITS.clockSkewSeconds };
    expect(await nonceOf({ parameters: { ...dates, nonce } })).toEqual(spent);
    expect(await nonceOf({ method: 'GET', parameters: { ...dates, nonce } })).toEqual(spent);
  });

  it('the signed Idempotency-Key, for a POST without a nonce', async () => {
    expect(await nonceOf({})).toBeUndefined();
    const open = await asking();
    const headers = new Map([...open.headers, ['idempotency-key', ['"another-0123456789-01"']] as const]);
    expect(await codeOf({ ...open, headers })).toBe('signature-invalid');
  });

  it.each<[string, Ask]>([
    ['a POST without an Idempotency-Key', { headers: { 'ucp-agent': `profile="${PROFILE}"` } }],
    ['a POST with a short one', { headers: { 'ucp-agent': `profile="${PROFILE}"`, 'idempotency-key': '"short"' } }],
    ['a GET', { method: 'GET' }],
    [
      'a GET, whatever its Idempotency-Key',
      { method: 'GET', headers: { 'ucp-agent': `profile="${PROFILE}"`, 'idempotency-key': `"${KEY}"` } },
    ],
  ])('its signature, for %s', async (_, choices) => {
    const raw = await asking(choices);
    const [first, again] = [await callerOf(raw), await callerOf(raw)];
    expect(first.nonce?.nonce).toMatch(/^once:/);
    expect(again.nonce).toEqual(first.nonce);
    expect((await nonceOf(choices))?.nonce).not.toBe(first.nonce?.nonce);
    expect(first.nonce?.expiresAt).toBe(SECONDS + LIMITS.idempotencyRetentionSeconds + LIMITS.clockSkewSeconds);
  });

  it('as long as the signature counts', async () => {
    expect((await nonceOf({ method: 'GET', parameters: dates }))?.expiresAt).toBe(SECONDS + 90);
    expect((await nonceOf({ method: 'GET', parameters: { created: SECONDS } }))?.expiresAt).toBe(SECONDS + 3_630);
  });

  it('the other signature that ECDSA has for the same message is the same', async () => {
    const raw = await asking({ method: 'GET' });
    const bytes = Buffer.from((raw.headers.get('signature')?.[0] ?? '').slice(6, -1), 'base64');
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const s = order - BigInt(`0x${bytes.toString('hex', 32)}`);
    const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
    const field = `sig1=:${twin.toString('base64')}:`;
    const copy = { ...raw, headers: new Map([...raw.headers, ['signature', [field]] as const]) };
    expect((await callerOf(copy)).nonce).toEqual((await callerOf(raw)).nonce);
  });
});

describe('a Web Bot Auth agent', () => {
  const agentField = 'agent2="https://agent.example"';
  const member = component('signature-agent', { key: 'agent2' });
  const parameters = { ...dates, keyid: agent.keyid, tag: 'web-bot-auth' };
  const full = ['@method', '@authority', '@path', 'content-type', 'content-digest', 'idempotency-key', member];
  const post: Ask = {
    headers: { 'idempotency-key': `"${KEY}"`, 'signature-agent': agentField },
    components: full,
    parameters,
  };
  const get: Ask = {
    method: 'GET',
    headers: { 'signature-agent': agentField },
    components: ['@authority', member],
    parameters,
  };

  it('reads with the least that it may sign, named by where its key is', async () => {
    const caller = await callerOf(await asking(get));
    expect(caller).toMatchObject({ keyid: agent.keyid, via: 'directory', name: 'https://agent.example' });
    expect(caller.nonce?.nonce).toMatch(/^once:/);
    const legacy = {
      ...get,
      headers: { 'signature-agent': '"https://agent.example"' },
      components: ['@authority', 'signature-agent'],
    };
    expect(await callerOf(await asking(legacy))).toMatchObject({ name: 'https://agent.example' });
  });

  it('acts with all of the request signed', async () => {
    expect(await callerOf(await asking(post))).toMatchObject({ via: 'directory', keyid: agent.keyid });
  });

  it('acts as UCP’s dual-audience signature too', async () => {
    const headers = {
      'idempotency-key': `"${KEY}"`,
      'ucp-agent': `profile="${PROFILE}"`,
      'signature-agent': `sig1="${PROFILE}";type=jwks_uri`,
    };
    const components = [...full.slice(0, -1), 'ucp-agent', component('signature-agent', { key: 'sig1' })];
    const dual = await asking({ headers, components, parameters: { ...parameters, expires: SECONDS + 3_600 } });
    expect(await callerOf(dual)).toMatchObject({ via: 'directory', name: PROFILE, keyid: agent.keyid });
  });

  it.each(full.filter((each) => each !== member))('does not act with %s left open', async (left) => {
    expect(await codeOf(await asking({ ...post, components: full.filter((each) => each !== left) }))).toBe(
      'signature-coverage',
    );
  });

  it('does not go by a label where a thumbprint is due', async () => {
    const labelled = { ...parameters, keyid: 'platform-2026' };
    const headers = { 'signature-agent': `sig1="${PROFILE}";type=jwks_uri` };
    const components = ['@authority', component('signature-agent', { key: 'sig1' })];
    expect(await codeOf(await asking({ method: 'GET', headers, components, parameters: labelled }))).toBe(
      'signature-invalid',
    );
  });
});

describe('an AdCP agent', () => {
  const headers = { 'idempotency-key': `"${KEY}"`, 'ucp-agent': `profile="${PROFILE}"` };
  const adcp: Ask = {
    target: '/actions/a?b=c',
    headers,
    components: ['@method', '@target-uri', '@authority', ...Object.keys(bodyFields), ...Object.keys(headers)],
    parameters: { ...dates, nonce, alg: 'ecdsa-p256-sha256', tag: 'adcp/request-signing/v1' },
  };

  it('is the key its document gives the label to', async () => {
    expect(await callerOf(await asking(adcp))).toMatchObject({ keyid: agent.keyid, nonce: { nonce } });
  });

  it('does not get away with another query', async () => {
    expect(await codeOf({ ...(await asking(adcp)), target: '/actions/a?b=d' })).toBe('signature-invalid');
  });

  it('hears in AdCP’s words that its key signs too much', async () => {
    const ask = gateway({ cap: makeNonceCap(0) });
    expect(await ask(await asking(adcp))).toMatchObject({
      ok: false,
      error: { code: 'too-many-requests', extra: { code: 'request_signature_rate_abuse' } },
    });
  });
});

describe('several signatures', () => {
  const registered: AuthenticateDeps['registered'] = (keyid) => {
    const key = verifyKeyOf(other.jwk);
    return key.ok && key.value.kid === keyid ? { key: key.value, via: 'registered', name: 'Other' } : undefined;
  };
  const first = (raw: RawRequest, name: string) => raw.headers.get(name)?.[0] ?? '';
  const join = (a: RawRequest, b: RawRequest): RawRequest => ({
    ...a,
    headers: new Map([
      ...a.headers,
      ...(['signature-input', 'signature'] as const).map(
        (name) => [name, [`${first(a, name)}, ${first(b, name)}`]] as const,
      ),
    ]),
  });
  const own = (): Promise<RawRequest> =>
    asking({ label: 'mine', key: other, parameters: { ...dates, nonce, keyid: other.keyid, tag: 'parley/1' } });
  const broken = (raw: RawRequest): RawRequest => {
    const field = first(raw, 'signature').replace(/=:(.)/, (_, byte: string) => `=:${byte === 'A' ? 'B' : 'A'}`);
    return { ...raw, headers: new Map([...raw.headers, ['signature', [field]] as const]) };
  };

  it('the first that verifies is the one identity, its label the one the answer is bound to', async () => {
    const [ucp, parley] = [await asking(), await own()];
    const ask = gateway({ registered });
    expect(await callerOf(join(ucp, parley), ask)).toMatchObject({ name: PROFILE, label: 'sig1' });
    expect(await callerOf(join(parley, ucp), ask)).toMatchObject({ name: 'Other', label: 'mine' });
  });

  it('one that is broken gives way to another that verifies, never to nothing', async () => {
    const [ucp, parley] = [await asking(), await own()];
    const ask = gateway({ registered });
    expect(await callerOf(join(broken(ucp), parley), ask)).toMatchObject({ name: 'Other' });
    expect(await codeOf(join(broken(ucp), broken(parley)), ask)).toBe('signature-invalid');
  });

  it('a Web Bot Auth minimum beside a UCP signature acts as the UCP agent alone', async () => {
    const headers = {
      'idempotency-key': `"${KEY}"`,
      'ucp-agent': `profile="${PROFILE}"`,
      'signature-agent': 'bot="https://bot.example"',
    };
    const bot = await asking({
      label: 'bot',
      key: other,
      headers,
      components: ['@authority', component('signature-agent', { key: 'bot' })],
      parameters: { ...dates, keyid: other.keyid, tag: 'web-bot-auth' },
    });
    const ucp = await asking({ headers });
    expect(await callerOf(join(bot, ucp), gateway({ registered }))).toMatchObject({ name: PROFILE, label: 'sig1' });
  });
});
