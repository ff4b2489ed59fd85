/** Each profile: what it takes, and that it refuses whatever lacks a part, is out of its window, or was changed. */
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { type InnerList, type Item, serializeDictionary } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import type { Thumbprint } from '../base/ids.ts';
import { coveredText, type SignableRequest, signatureBase } from './base.ts';
import { REQUEST_PROFILES } from './profiles.ts';
import { candidates, type VerifyKey, verifyCandidate } from './signature.ts';

const NOW = new Date('2026-05-01T12:00:00Z');
const SECONDS = NOW.getTime() / 1000;
const KID = 'poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U' as Thumbprint;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const KEY: VerifyKey = {
  kid: KID,
  alg: 'ed25519',
  verify: (data, signature) => verify(null, data, publicKey, signature),
};

type Parameters = Readonly<Record<string, string | number | undefined>>;

interface Shape {
  readonly request: SignableRequest;
  readonly components: readonly string[];
  readonly parameters: Parameters;
}

const HEADERS = {
  'content-type': 'application/json',
  'content-digest': 'sha-256=:AAAA:',
  'idempotency-key': '"0123456789-0123456789"',
  'signature-agent': 'mine="https://a.example", theirs="https://b.example"',
  'ucp-agent': 'profile="https://a.example/.well-known/ucp"',
};

const lines = (fields: Readonly<Record<string, string>>) =>
  new Map(Object.entries(fields).map(([name, value]): [string, string[]] => [name, [value]]));
const REQUEST: SignableRequest = {
  method: 'POST',
  scheme: 'https',
  authority: 'gateway.example',
  target: '/actions/a?b=c',
  headers: lines(HEADERS),
};

const nonce = 'n'.repeat(24);
const dates = { created: SECONDS, expires: SECONDS + 60 };
const fields = Object.keys(HEADERS);
const plain = ['@method', '@authority', '@path', '@query', ...fields];
const whole = (components: readonly string[], parameters: Parameters): Shape => ({
  request: REQUEST,
  components,
  parameters: { keyid: KID, ...parameters },
});

/** One good signature of each profile, with nothing in it that could be left out. */
const GOOD: Readonly<Record<string, Shape>> = {
  parley: whole(plain, { ...dates, nonce, tag: 'parley/1' }),
  ucp: whole(plain, { keyid: 'platform-2026' }),
  'web-bot-auth': whole(plain, { ...dates, tag: 'web-bot-auth' }),
  'web-bot-auth over @target-uri': whole(['@method', '@target-uri', ...fields], { ...dates, tag: 'web-bot-auth' }),
  adcp: whole(['@method', '@target-uri', '@authority', ...fields], {
    ...dates,
    nonce,
    keyid: 'agent-1',
    alg: 'ed25519',
    tag: 'adcp/request-signing/v1',
  }),
};
const each = Object.entries(GOOD);

function signed({ request, components, parameters }: Shape, label = 'mine'): SignableRequest {
  const items = components.map((name): Item => {
    const [, field = name, key] = /^(.*);key=(.*)$/.exec(name) ?? [];
    return [field, key === undefined ? new Map() : new Map([['key', key]])];
  });
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const covered: InnerList = [items, new Map(given)];
  const base = signatureBase(covered, request);
  if (!base.ok) throw new Error(base.error);
  const signature = sign(null, Buffer.from(base.value), privateKey);
  const added = lines({
    'signature-input': `${label}=${coveredText(covered)}`,
    signature: serializeDictionary(new Map([[label, [new Uint8Array(signature), new Map()]]])),
  });
  return { ...request, headers: new Map([...request.headers, ...added]) };
}

function outcome(message: SignableRequest, at = NOW, hasBody = message.headers.has('content-digest')): string {
  const found = candidates(message, REQUEST_PROFILES, hasBody, at);
  if (!found.ok) return found.error.code;
  const [candidate] = found.value;
  const verified = candidate === undefined ? undefined : verifyCandidate(candidate, message, KEY);
  return verified?.ok === true ? `${candidate?.profile.name} ${candidate?.authority}` : 'signature-invalid';
}
const withParameters = (shape: Shape, more: Parameters): Shape => ({
  ...shape,
  parameters: { ...shape.parameters, ...more },
});
const profileNamed = (name: string) => REQUEST_PROFILES.find((profile) => name.startsWith(profile.name));
const laterBy = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

describe.each(each)('%s', (name, good) => {
  const profile = profileNamed(name);
  if (profile === undefined) throw new Error(name);
  const dated = withParameters(good, dates);

  it('verifies, and is good for acting', () => {
    expect(outcome(signed(good))).toBe(`${profile.name} full`);
  });

  it.each(good.components)('without %s refuses', (component) => {
    const components = good.components.filter((one) => one !== component);
    expect(outcome(signed({ ...good, components }))).toBe('signature-coverage');
  });

  it('a component covered in part is not covered', () => {
    const components = good.components.map((one) => (one === 'ucp-agent' ? 'ucp-agent;key=profile' : one));
    expect(outcome(signed({ ...good, components }))).toBe('signature-coverage');
  });

  it.each(['keyid', ...profile.requiredParameters])('without the parameter %s refuses', (parameter) => {
    expect(outcome(signed(withParameters(good, { [parameter]: undefined })))).toBe('signature-invalid');
  });

  it.each<[string, Parameters]>([
    ['a nonce that is short', { nonce: 'n'.repeat(21) }],
    ['a nonce that is long', { nonce: 'n'.repeat(257) }],
    ['a nonce that is a number', { nonce: 1_234_567_890 }],
    ['a date that is a string', { created: String(SECONDS) }],
    ['an end with a fraction', { expires: SECONDS + 0.5 }],
    ['a shared secret', { alg: 'hmac-sha256' }],
    ['the other algorithm', { alg: 'ecdsa-p256-sha256' }],
    ['a keyid that is empty', { keyid: '' }],
    ['a keyid that is a number', { keyid: 7 }],
    ['a keyid that is long', { keyid: 'k'.repeat(257) }],
  ])('%s refuses', (_, more) => {
    expect(outcome(signed(withParameters(good, more)))).toBe('signature-invalid');
  });

  it('a key of an algorithm the profile has not refuses', () => {
    const message = signed(withParameters(good, { alg: undefined }));
    const narrow = { ...profile, algorithms: ['ecdsa-p256-sha256'] as const, requiredParameters: [] };
    const found = candidates(message, [narrow], true, NOW);
    const verified = found.ok && found.value[0] !== undefined ? verifyCandidate(found.value[0], message, KEY) : found;
    expect(verified).toMatchObject({ ok: false, error: { code: 'signature-invalid' } });
  });

  it('a keyid that is no thumbprint is a label, where labels are', () => {
    const expected = profile.keyid === 'label' ? `${profile.name} full` : 'signature-invalid';
    expect(outcome(signed(withParameters(good, { keyid: 'key-1' })))).toBe(expected);
  });

  it.each([
    ['its longest window', { expires: SECONDS + profile.windowSecondsMax }, 0, true],
    ['a longer window', { expires: SECONDS + profile.windowSecondsMax + 1 }, 0, false],
    ['an empty window', { expires: SECONDS }, 0, false],
    ['an end before its beginning', { expires: SECONDS - 1 }, 0, false],
    ['just over, by a clock that is behind', {}, 89, true],
    ['over', {}, 90, false],
    ['of a clock that is ahead', {}, -30, true],
    ['of the future', {}, -31, false],
  ])('%s', (_, more, later, isGood) => {
    expect(outcome(signed(withParameters(dated, more)), laterBy(later))).toBe(
      isGood ? `${profile.name} full` : 'signature-expired',
    );
  });

  it.each(['parley/2', 'parley/1-answer', 'http-message-signatures-directory', ''])(
    'with the tag "%s" is not ours',
    (tag) => {
      expect(outcome(signed(withParameters(good, { tag })))).toBe('signature-missing');
    },
  );

  it('one changed byte of what it covers refuses', () => {
    const message = signed(good);
    const change = (text: string, at: number, bit: number) => {
      const index = at % text.length;
      return text.slice(0, index) + String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)) + text.slice(index + 1);
    };
    const parts = ['method', 'authority', 'target', ...message.headers.keys()];
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.nat({ max: 5_000 }), fc.nat({ max: 7 }), (part, at, bit) => {
        const value = message.headers.get(part)?.[0];
        const changed =
          value === undefined
            ? { ...message, [part]: change(String(Reflect.get(message, part)), at, bit) }
            : { ...message, headers: new Map([...message.headers, [part, [change(value, at, bit)]] as const]) };
        expect(outcome(changed)).toMatch(/^signature-/);
      }),
      { numRuns: 600 },
    );
  });
});

describe('Web Bot Auth’s minimum', () => {
  const headers = lines({ 'signature-agent': HEADERS['signature-agent'] });
  const minimum: Shape = {
    request: { ...REQUEST, method: 'GET', headers },
    components: ['@authority', 'signature-agent;key=mine'],
    parameters: { ...dates, keyid: KID, tag: 'web-bot-auth' },
  };
  const by = (method: string, components = minimum.components) =>
    outcome(signed({ ...minimum, components, request: { ...minimum.request, method } }));

  it.each(['GET', 'HEAD'])('says who asks, for %s', (method) => {
    expect(by(method)).toBe('web-bot-auth identity');
    expect(by(method, ['@target-uri', 'signature-agent;key=mine'])).toBe('web-bot-auth identity');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get'])('is not good for %s', (method) => {
    expect(by(method)).toBe('signature-coverage');
  });

  it('binds an authority and where the key is', () => {
    expect(by('GET', ['@authority'])).toBe('signature-coverage');
    expect(by('GET', ['signature-agent;key=mine'])).toBe('signature-coverage');
    expect(by('GET', ['@path', 'signature-agent;key=mine'])).toBe('signature-coverage');
  });

  it.each([
    [
      'the member of its own label, whatever comes first',
      ['signature-agent;key=theirs', 'signature-agent;key=mine'],
      'mine',
    ],
    ['the first, when none has its label', ['signature-agent;key=theirs'], 'theirs'],
    ['none, when the field is covered whole', ['signature-agent'], undefined],
  ])('its key is where it says: %s', (_, agents, member) => {
    const message = signed({ ...minimum, components: ['@authority', ...agents] });
    const found = candidates(message, REQUEST_PROFILES, false, NOW);
    expect(found.ok && found.value[0]?.agentMember).toBe(member);
  });
});

describe('UCP', () => {
  const ucp = GOOD['ucp'] as Shape;

  it('is told apart by UCP-Agent: a signature without a tag is nobody’s without it', () => {
    const headers = new Map([...REQUEST.headers].filter(([name]) => name !== 'ucp-agent'));
    const components = ucp.components.filter((one) => one !== 'ucp-agent');
    expect(outcome(signed({ ...ucp, components, request: { ...REQUEST, headers } }))).toBe('signature-missing');
  });

  it.each<[string, Parameters, number, string]>([
    ['no dates: never over', {}, 10 * 366 * 86_400, 'ucp full'],
    ['created alone: an hour', { created: SECONDS }, 3_629, 'ucp full'],
    ['created alone: no more', { created: SECONDS }, 3_630, 'signature-expired'],
    ['expires alone', { expires: SECONDS + 60 }, 89, 'ucp full'],
    ['expires alone, over', { expires: SECONDS + 60 }, 90, 'signature-expired'],
    ['expires alone, far away', { expires: SECONDS + 3_631 }, 0, 'signature-expired'],
  ])('%s', (_, parameters, later, expected) => {
    expect(outcome(signed(withParameters(ucp, parameters)), laterBy(later))).toBe(expected);
  });

  it('does not explain the refusal of a signature that has a tag', () => {
    const parley = signed(withParameters(GOOD['parley'] as Shape, { created: SECONDS - 900, expires: SECONDS - 800 }));
    const proxy = '("@method");keyid="proxy"';
    for (const input of [
      `proxy=${proxy}, ${parley.headers.get('signature-input')}`,
      `${parley.headers.get('signature-input')}, proxy=${proxy}`,
    ]) {
      const headers = new Map([...parley.headers, ['signature-input', [input]] as const]);
      expect(outcome({ ...parley, headers })).toBe('signature-expired');
    }
  });
});
