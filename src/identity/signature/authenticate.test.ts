/** Who asks, decided on one request: what counts, what does not, and what is looked at before a key is touched. */
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { contentDigest, type SignKey, signRequest } from '../../../protocol/signature/signature.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import { type AuthenticateDeps, authenticate, type KnownKey } from './authenticate.ts';
import { signKeyOf, verifyKeyOf } from './keys-node.ts';
import { makeNonceCap } from './nonce-cap.ts';

const NOW = new Date('2026-05-01T12:00:00Z');
const AUTHORITY = 'gateway.example';
const BODY = new TextEncoder().encode('{"input":{"topic":"A question"}}');

interface Pair {
  readonly sign: SignKey;
  readonly known: KnownKey;
}

function newPair(curve: 'Ed25519' | 'P-256' = 'Ed25519'): Pair {
  const { privateKey } =
    curve === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: curve });
  const jwk: JsonWebKey = privateKey.export({ format: 'jwk' });
  const { d: _private, ...open } = jwk;
  const key = verifyKeyOf(open);
  if (!key.ok) throw new Error(key.error);
  return { sign: signKeyOf(jwk as Record<string, string>), known: { key: key.value, via: 'registered' } };
}

const agent = newPair();

function signed({ sign: key }: Pair = agent, extra: Readonly<Record<string, string>> = {}, nonce = 'n'.repeat(24)) {
  const fields = {
    'content-type': 'application/json',
    'content-digest': contentDigest(BODY),
    'idempotency-key': '"0123456789-0123456789"',
    ...extra,
  };
  const unsigned = { method: 'POST', target: '/actions/contract.renew?a=b', headers: lines(fields) };
  const request = { ...unsigned, scheme: 'https', authority: AUTHORITY };
  const { signatureInput, signature } = signRequest(request, true, { key, now: NOW, nonce });
  return { ...unsigned, headers: lines({ ...fields, 'signature-input': signatureInput, signature }), body: BODY };
}

const lines = (fields: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(fields).map(([name, value]) => [name, [value]]));
const fieldOf = (raw: RawRequest, name: string) => raw.headers.get(name)?.[0] ?? '';
const withField = (raw: RawRequest, name: string, ...values: readonly string[]): RawRequest => ({
  ...raw,
  headers: new Map([...raw.headers, [name, values]]),
});
const edited = (raw: RawRequest, name: string, edit: (value: string) => string) =>
  withField(raw, name, edit(fieldOf(raw, name)));

/** Counts how often a key was looked for and how often it had to work. */
function watched(pairs: readonly Pair[] = [agent], more: Partial<AuthenticateDeps> = {}) {
  const work = { lookups: 0, verifications: 0, resolutions: 0 };
  const deps: AuthenticateDeps = {
    scheme: 'https',
    authority: AUTHORITY,
    registered: (keyid) => {
      work.lookups += 1;
      const known = pairs.find(({ sign }) => sign.kid === keyid)?.known;
      if (known === undefined) return undefined;
      const verify: typeof known.key.verify = (data, signature) => {
        work.verifications += 1;
        return known.key.verify(data, signature);
      };
      return { ...known, key: { ...known.key, verify } };
    },
    resolve: () => async () => {
      work.resolutions += 1;
      return undefined;
    },
    isRevoked: () => false,
    cap: makeNonceCap(),
    ...more,
  };
  return { work, ask: (raw: RawRequest, now = NOW) => authenticate(raw, deps, now) };
}

async function outcome(raw: RawRequest, deps = watched()): Promise<string> {
  const result = await deps.ask(raw);
  return result.ok ? 'accepted' : result.error.code;
}

describe('a signed request', () => {
  it.each(['Ed25519', 'P-256'] as const)('of a registered %s key proves who asks', async (curve) => {
    const pair = newPair(curve);
    const raw = signed(pair);
    const { kid } = pair.sign;
    const result = await watched([pair]).ask(raw);
    expect(result).toEqual({
      ok: true,
      value: {
        keyid: kid,
        proof: 'signature',
        via: 'registered',
        label: 'parley',
        nonce: { keyid: kid, nonce: 'n'.repeat(24), expiresAt: NOW.getTime() / 1000 + 330 },
        evidence: {
          contentDigest: fieldOf(raw, 'content-digest'),
          signatureInput: fieldOf(raw, 'signature-input'),
          signature: fieldOf(raw, 'signature'),
        },
      },
    });
  });

  it('is evidence of itself alone: what others put beside it is left out', async () => {
    const raw = signed();
    const both = edited(
      edited(raw, 'signature-input', (own) => `theirs=("date");tag="web-bot-auth", ${own}`),
      'signature',
      (own) => `theirs=:AAAA:, ${own}`,
    );
    const result = await watched().ask(both);
    expect(result.ok && result.value.evidence.signatureInput).toBe(fieldOf(raw, 'signature-input'));
    expect(result.ok && result.value.evidence.signature).toBe(fieldOf(raw, 'signature'));
  });

  it('does not verify under another authority than it was made for', async () => {
    expect(await outcome(signed(), watched([agent], { authority: 'staging.example' }))).toBe('signature-invalid');
  });

  it('loses with its body taken away', async () => {
    expect(await outcome({ ...signed(), body: new Uint8Array(0) })).toBe('digest-mismatch');
    const bare = { ...signed(), body: new Uint8Array(0) };
    const headers = new Map([...bare.headers].filter(([name]) => name !== 'content-digest'));
    expect(await outcome({ ...bare, headers })).toBe('signature-invalid');
  });

  it('with a revoked key is refused, whoever made the signature', async () => {
    expect(await outcome(signed(), watched([agent], { isRevoked: () => true }))).toBe('key-revoked');
  });

  it('by a key that is found under another thumbprint is refused', async () => {
    const other = newPair();
    expect(await outcome(signed(), watched([agent], { registered: () => other.known }))).toBe('signature-invalid');
    const misnamed = { ...agent.known, key: { ...agent.known.key, kid: other.sign.kid } };
    expect(await outcome(signed(), watched([agent], { registered: () => misnamed }))).toBe('signature-invalid');
  });
});

describe('what two readers could read differently', () => {
  it.each<[string, string, (value: string) => string]>([
    ['a repeated parameter', 'signature-input', (value) => value.replace(';created=', ';created=1;created=')],
    ['a parameter repeated with its own value', 'signature-input', (value) => `${value};tag="parley/1"`],
    ['a decimal for an integer', 'signature-input', (value) => value.replace(/created=(\d+)/, 'created=$1.0')],
    ['an integer with a leading zero', 'signature-input', (value) => value.replace('created=', 'created=0')],
    ['more space than is written', 'signature-input', (value) => value.replace('" "', '"  "')],
    ['a label that stands twice', 'signature-input', (value) => `parley, ${value}`],
    ['a label that stands twice, with a list', 'signature-input', (value) => `parley=();tag="x", ${value}`],
    ['a label of others that stands twice', 'signature-input', (value) => `${value}, x=("date"), x=("date")`],
    ['a signature of others that stands twice', 'signature', (value) => `${value}, x=:AAAA:, x=:AAAA:`],
    ['a signature that stands twice', 'signature', (value) => `parley, ${value}`],
    ['a signature with a parameter', 'signature', (value) => `${value};a=1`],
    ['a signature that is a string', 'signature', (value) => value.replace(/=:(.*):$/, '="$1"')],
    ['unused bits in the signature', 'signature', (value) => value.replace(/.==:$/, (end) => `${next(end)}==:`)],
    ['a signature of 63 bytes', 'signature', () => `parley=:${Buffer.alloc(63).toString('base64')}:`],
    ['a signature of nothing but zeros', 'signature', () => `parley=:${Buffer.alloc(64).toString('base64')}:`],
    ['a byte outside ASCII behind a covered field', 'content-type', (value) => `${value}\u00a0`],
    ['a byte outside ASCII before a covered field', 'idempotency-key', (value) => `\u0085${value}`],
  ])('%s', async (_, name, edit) => {
    expect(await outcome(edited(signed(), name, edit))).toBe('signature-invalid');
  });

  /** The same byte with one unused bit set: base64 `A`, `Q`, `g` and `w` end 64 bytes, and each has fifteen others that decode alike. */
  const next = (end: string) => String.fromCharCode(end.charCodeAt(0) + 1);

  it('space around members and around fields is nobody’s business', async () => {
    const spaced = edited(signed(), 'signature-input', (value) => `  ${value} ,\ttheirs=("date")  `);
    expect(await outcome(edited(spaced, 'content-type', (value) => ` ${value}\t`))).toBe('accepted');
  });

  it('a covered field that came in two lines is one with a comma (RFC 9421 §2.1)', async () => {
    expect(await outcome(withField(signed(), 'idempotency-key', '"0123456789-0123456789"', 'x'))).toBe(
      'signature-invalid',
    );
  });

  it('a comma or a quote inside a string separates nothing', async () => {
    const raw = signed(agent, {}, '"n, parley=("@method")\\;-----');
    expect(await outcome(raw)).toBe('accepted');
  });
});

describe('one byte', () => {
  const good = signed();
  const flipped = (text: string, at: number, bit: number) => {
    const index = at % text.length;
    return text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)) + text.slice(index + 1);
  };
  const anywhere = [fc.nat({ max: 5_000 }), fc.nat({ max: 7 })] as const;

  it('is accepted unchanged', async () => {
    expect(await outcome(good)).toBe('accepted');
  });

  it.each([...good.headers.keys()])('of %s', async (name) => {
    await fc.assert(
      fc.asyncProperty(...anywhere, async (at, bit) => {
        const changed = edited(good, name, (value) => flipped(value, at, bit));
        expect(await outcome(changed)).toMatch(/^(?:signature-|digest-|key-unknown)/);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['method', 'target'] as const)('of the %s', async (name) => {
    await fc.assert(
      fc.asyncProperty(...anywhere, async (at, bit) => {
        expect(await outcome({ ...good, [name]: flipped(good[name], at, bit) })).toMatch(/^signature-/);
      }),
      { numRuns: 200 },
    );
  });

  it('of the body', async () => {
    await fc.assert(
      fc.asyncProperty(...anywhere, async (at, bit) => {
        const body = Uint8Array.from(BODY, (byte, index) => (index === at % BODY.length ? byte ^ (1 << bit) : byte));
        expect(await outcome({ ...good, body })).toBe('digest-mismatch');
      }),
      { numRuns: 100 },
    );
  });
});

describe('what costs us is done last', () => {
  it.each<[string, RawRequest, Date]>([
    ['no signature', { ...signed(), headers: new Map() }, NOW],
    ['fields that do not parse', edited(signed(), 'signature-input', () => 'parley=('), NOW],
    ['a window that is over', signed(), new Date(NOW.getTime() + 3_600_000)],
    ['a component that is not covered', withField(signed(), 'ucp-agent', 'profile="https://a.example"'), NOW],
    ['another body', { ...signed(), body: BODY.slice(1) }, NOW],
  ])('%s: no key is looked for', async (_, raw, now) => {
    const { work, ask } = watched();
    expect((await ask(raw, now)).ok).toBe(false);
    expect(work).toEqual({ lookups: 0, verifications: 0, resolutions: 0 });
  });

  it('an unknown key is resolved, and never verified with anything', async () => {
    const { work, ask } = watched([]);
    expect(await ask(signed())).toMatchObject({ ok: false, error: { code: 'key-unknown' } });
    expect(work).toEqual({ lookups: 1, verifications: 0, resolutions: 1 });
  });

  it('a key that is registered is not looked for elsewhere', async () => {
    const { work, ask } = watched();
    await ask(edited(signed(), 'signature', () => `parley=:${Buffer.alloc(64).toString('base64')}:`));
    expect(work).toEqual({ lookups: 1, verifications: 1, resolutions: 0 });
  });
});

describe('one key’s share', () => {
  const windowMs = LIMITS.signatureWindowSecondsMax * 1000;
  const later = (ms: number) => new Date(NOW.getTime() + ms);

  it('is so many signatures a window; what is beyond it costs no crypto, and it comes again', async () => {
    const { work, ask } = watched([agent], { cap: makeNonceCap(2) });
    expect((await ask(signed())).ok && (await ask(signed())).ok).toBe(true);
    expect(await ask(signed(), later(1_000))).toEqual({
      ok: false,
      error: { code: 'too-many-requests', retryAfterSeconds: LIMITS.signatureWindowSecondsMax - 1 },
    });
    expect(work.verifications).toBe(2);
    expect(await ask(signed(), later(windowMs))).toMatchObject({ ok: true });
  });

  it('is its own: neither others nor forgeries in its name use it up', async () => {
    const other = newPair();
    const { ask } = watched([agent, other], { cap: makeNonceCap(1) });
    const forged = edited(signed(), 'signature', () => `parley=:${Buffer.alloc(64, 1).toString('base64')}:`);
    for (let count = 0; count < 3; count += 1)
      expect(await ask(forged)).toMatchObject({ error: { code: 'signature-invalid' } });
    expect(await ask(signed(other))).toMatchObject({ ok: true });
    expect(await ask(signed())).toMatchObject({ ok: true });
    expect(await ask(signed())).toMatchObject({ error: { code: 'too-many-requests' } });
  });
});

describe('a key found through the request', () => {
  it('is the one the covered field leads to', async () => {
    const pair = newPair();
    const raw = signed(pair, { 'signature-agent': '"https://a.example"' });
    const found: KnownKey = { ...pair.known, via: 'directory', name: 'https://a.example' };
    const deps = watched([], {
      resolve:
        () =>
        async ({ keyid }) =>
          keyid === pair.sign.kid ? found : undefined,
    });
    expect(await deps.ask(raw)).toMatchObject({ ok: true, value: { via: 'directory', name: 'https://a.example' } });
    const renamed = withField(raw, 'signature-agent', '"https://evil.example"');
    expect(await outcome(renamed, deps)).toBe('signature-invalid');
  });

  it('D4: that nobody has time to look for is an answer of ours, and never a doubt of the agent', async () => {
    const raw = signed(newPair(), { 'signature-agent': '"https://a.example"' });
    const busy = watched([], { resolve: () => async () => 'busy' });
    expect(await busy.ask(raw)).toMatchObject({ ok: false, error: { code: 'unavailable', retryAfterSeconds: 1 } });
  });

  it('D1: is told when it has proven a request, and not before', async () => {
    const pair = newPair();
    const told: string[] = [];
    const found: KnownKey = { ...pair.known, via: 'directory', proved: () => void told.push('proved') };
    const deps = watched([], { resolve: () => async () => found });
    const raw = signed(pair, { 'signature-agent': '"https://a.example"' });
    expect(await outcome(withField(raw, 'signature-agent', '"https://evil.example"'), deps)).toBe('signature-invalid');
    expect(told).toEqual([]);
    expect(await outcome(raw, deps)).toBe('accepted');
    expect(told).toEqual(['proved']);
  });
});
