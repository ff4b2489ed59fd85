import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok } from '../../../protocol/base/result.ts';
import { PARLEY, type SignatureProfile, UCP, WEB_BOT_AUTH } from '../../../protocol/signature/profiles.ts';
import type { Candidate } from '../../../protocol/signature/signature.ts';
import wba from '../../../protocol/vectors/web-bot-auth.json' with { type: 'json' };
import type { Fetched } from '../../platform/guarded-fetch.ts';
import { makeDirectories } from './directory.ts';
import { readDocument } from './key-documents.ts';
import { keySourceOf } from './key-source.ts';
import { verifyKeyOf } from './keys-node.ts';

const headersOf = (fields: Readonly<Record<string, string>>) =>
  new Map(Object.entries(fields).map(([name, value]) => [name, [value]]));
const asking = (fields: Readonly<Record<string, string>>) => ({
  method: 'POST',
  target: '/a',
  headers: headersOf(fields),
  body: new Uint8Array(0),
});
const WELL_KNOWN = '/.well-known/http-message-signatures-directory';

const pointing = (keyid: string, profile: SignatureProfile = PARLEY): Candidate => ({
  label: 'sig1',
  profile,
  authority: 'full',
  keyid,
  covered: [[], new Map()],
  text: '',
  signature: new Uint8Array(64),
});

describe('where a key is looked for', () => {
  const sourceOf = (fields: Readonly<Record<string, string>>, agentMember?: string) =>
    keySourceOf(asking(fields), {
      label: 'sig1',
      profile: PARLEY,
      ...(agentMember === undefined ? {} : { agentMember }),
    });
  const directory = (origin: string) => ({
    url: `${origin}${WELL_KNOWN}`,
    form: 'directory',
    via: 'directory',
    name: origin,
  });

  it.each<[string, string, string | undefined]>([
    ['a string (first generation)', '"https://a.example"', undefined],
    ['a string with a path: only the origin counts', '"https://a.example/b?c"', undefined],
    ['the covered member', 'evil="https://evil.example", mine="https://a.example"', 'mine'],
    ['the covered member, last', 'mine="https://a.example", evil="https://evil.example"', 'mine'],
    ['the member of the label, covered whole', 'other="https://b.example", sig1="https://a.example"', undefined],
    ['the only member, covered whole', 'x="https://a.example"', undefined],
    ['a member that says it is a directory', 'sig1="https://a.example";type=directory', 'sig1'],
  ])('%s', (_, field, member) => {
    expect(sourceOf({ 'signature-agent': field }, member)).toEqual(directory('https://a.example'));
  });

  it.each<[string, string, string | undefined]>([
    ['the covered member is not there', 'evil="https://evil.example"', 'sig1'],
    ['a string of which a member is said to be covered', '"https://evil.example"', 'sig1'],
    ['several members, none of the label', 'a="https://a.example", b="https://b.example"', undefined],
    ['a kind of source nobody knows', 'sig1="https://a.example/jwks";type=other', 'sig1'],
    ['a directory at an address that is no origin', 'sig1="https://a.example/b"', 'sig1'],
    ['a token', 'sig1=https', 'sig1'],
    ['no URL', '"agent"', undefined],
    ['nothing', '', undefined],
    ['no structured field', '"https://a.example', undefined],
  ])('nowhere: %s', (_, field, member) => {
    expect(sourceOf({ 'signature-agent': field }, member)).toBeUndefined();
  });

  it.each(wba.agents)('as the published header says: $name', ({ header, entries }) => {
    const [{ uri, type }] = entries as [(typeof entries)[number]];
    expect(sourceOf({ 'signature-agent': header }, 'sig1')).toEqual(
      type === 'directory' ? directory(uri) : { url: uri, form: type, via: 'directory', name: uri },
    );
  });

  it('in a document, fetched with its query and named without', () => {
    const field = 'sig1="https://a.example/jwks?v=1#x";type=jwks_uri';
    const source = sourceOf({ 'signature-agent': field }, 'sig1');
    expect(source).toMatchObject({ url: 'https://a.example/jwks?v=1', name: 'https://a.example/jwks' });
  });

  it('where its profile looks, and nowhere else', () => {
    const fields = { 'signature-agent': 'sig1="https://a.example"', 'ucp-agent': 'profile="https://b.example/p"' };
    const found = (profile: SignatureProfile, given: Readonly<Record<string, string>>) =>
      keySourceOf(asking(given), { label: 'sig1', profile })?.name;
    expect(found(WEB_BOT_AUTH, fields)).toBe('https://a.example');
    expect(found(UCP, fields)).toBe('https://b.example/p');
    // A field that leads nowhere is not made up for by the other.
    expect(
      found(WEB_BOT_AUTH, { ...fields, 'signature-agent': 'sig1="https://a.example";type=other' }),
    ).toBeUndefined();
    expect(found(UCP, { 'signature-agent': 'sig1="https://a.example"' })).toBeUndefined();
  });

  it('in the profile of UCP-Agent, under its URL without a fragment', () => {
    const url = 'https://a.example/profile.json?v=1';
    expect(sourceOf({ 'ucp-agent': `profile="${url}#x"` })).toEqual({
      url,
      form: 'profile',
      via: 'profile',
      name: url,
    });
    expect(sourceOf({ 'ucp-agent': 'other="https://a.example"' })).toBeUndefined();
    expect(sourceOf({})).toBeUndefined();
  });
});

describe('directories', () => {
  const newJwk = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as JsonObject;
  const kidOf = (jwk: JsonObject) => {
    const key = verifyKeyOf(jwk);
    if (!key.ok) throw new Error(key.error);
    return key.value.kid;
  };
  const known = newJwk();
  let now = 0;
  let fetches: string[] = [];
  let isFinal = false;
  let answer: (url: string, signal?: AbortSignal) => Promise<Fetched | undefined>;
  let resolve: ReturnType<typeof makeDirectories>;
  beforeEach(() => {
    now = Date.UTC(2026, 4, 1);
    fetches = [];
    isFinal = false;
    answer = async () => serving([known]);
    resolve = makeDirectories({
      clock: { now: () => new Date(now) },
      fetch: async (url, { signal } = {}) => {
        fetches.push(url);
        const fetched = await answer(url, signal);
        return fetched === undefined ? err({ reason: 'down', isFinal }) : ok(fetched);
      },
    });
  });

  const TYPE = 'application/http-message-signatures-directory+json';
  const serving = (keys: unknown, headers: Fetched['headers'] = {}, status = 200): Fetched => ({
    status,
    headers: { 'content-type': TYPE, ...headers },
    body: new TextEncoder().encode(JSON.stringify({ keys })),
  });
  const pass = (seconds: number) => {
    now += seconds * 1000;
  };
  const ask = (jwk: JsonObject = known, origin = 'https://a.example', field = 'signature-agent') => {
    const fields = { [field]: field === 'signature-agent' ? `"${origin}"` : `profile="${origin}"` };
    return resolve(asking(fields))(pointing(kidOf(jwk)));
  };
  const keyIn = (found: Awaited<ReturnType<typeof ask>>) => (typeof found === 'object' ? found : undefined);
  const finds = async (...of: Parameters<typeof ask>) => keyIn(await ask(...of)) !== undefined;

  it('finds the key by its thumbprint, and names its origin', async () => {
    expect(await ask()).toMatchObject({ via: 'directory', name: 'https://a.example', key: { kid: kidOf(known) } });
    expect(fetches).toEqual([`https://a.example${WELL_KNOWN}`]);
  });

  it('believes thumbprints, not the kid that is written', async () => {
    answer = async () => serving([{ ...newJwk(), kid: kidOf(known) }]);
    expect(await finds()).toBe(false);
  });

  it('kinds of keys it does not know do not spoil the set', async () => {
    const others = [null, 7, { kty: 'RSA' }, { ...newJwk(), d: 'A'.repeat(43) }, { kty: 'oct', k: 'AAAA' }];
    answer = async () => serving([...others, known]);
    expect(await finds()).toBe(true);
  });

  it('reads no more keys than the limit', async () => {
    const filler = Array.from({ length: LIMITS.directoryKeysMax }, () => ({ kty: 'RSA' }));
    answer = async () => serving([...filler, known]);
    expect(await finds()).toBe(false);
  });

  it.each<[string, () => Fetched | undefined]>([
    ['is down', () => undefined],
    ['redirects', () => serving([known], { location: 'https://b.example' }, 302)],
    ['fails', () => serving([known], {}, 500)],
    ['is HTML', () => serving([known], { 'content-type': 'text/html' })],
    ['is some other JSON', () => serving([known], { 'content-type': 'application/json' })],
    ['is not JSON', () => ({ ...serving([]), body: new TextEncoder().encode('{') })],
    ['repeats a name', () => ({ ...serving([]), body: new TextEncoder().encode('{"keys":[],"keys":[]}') })],
    ['has no keys', () => ({ ...serving([]), body: new TextEncoder().encode('{}') })],
    ['is null', () => ({ ...serving([]), body: new TextEncoder().encode('null') })],
    ['lists keys as an object', () => serving({ a: known })],
  ])('a directory that %s has no keys, and is asked again after a pause', async (_, broken) => {
    answer = async () => broken();
    expect([await finds(), await finds()]).toEqual([false, false]);
    expect(fetches.length).toBe(1);
    answer = async () => serving([known]);
    pass(LIMITS.directoryRetrySeconds - 1);
    expect(await finds()).toBe(false);
    pass(1);
    expect(await finds()).toBe(true);
    expect(fetches.length).toBe(2);
  });

  it.each([
    ['no Cache-Control', undefined, LIMITS.directoryTtlSecondsMin],
    ['max-age=0', 'max-age=0', LIMITS.directoryTtlSecondsMin],
    ['max-age=600', 'public, max-age=600', 600],
    ['a year', 'max-age=31536000', LIMITS.directoryTtlSecondsMax],
    ['what is no number', 'max-age=soon', LIMITS.directoryTtlSecondsMin],
  ])('with %s it is asked again when its time is over', async (_, cacheControl, seconds) => {
    answer = async () => serving([known], { 'cache-control': cacheControl });
    await ask();
    pass(seconds - 1);
    expect(await finds()).toBe(true);
    expect(fetches.length).toBe(1);
    pass(1);
    answer = async () => serving([]);
    expect(await finds()).toBe(false);
    expect(fetches.length).toBe(2);
  });

  it.each<[string, () => Fetched | undefined, boolean]>([
    ['does not answer', () => undefined, false],
    ['fails', () => serving([known], {}, 500), false],
    ['has no time for us', () => serving([known], {}, 429), false],
    ['has no name', () => undefined, true],
    ['is not there', () => serving([known], {}, 404), true],
    ['is HTML', () => serving([known], { 'content-type': 'text/html' }), true],
  ])('D24: of a directory that %s nobody says that it lacks the key, unless it does', async (_, broken, isTheirs) => {
    isFinal = isTheirs;
    answer = async () => broken();
    const told = isTheirs ? undefined : 'unanswered';
    expect([await ask(), await ask()]).toEqual([told, told]);
    // It was known to be there: what is known of it lasts, and what is not may be a new key of its own.
    answer = async () => serving([known]);
    pass(LIMITS.directoryRetrySeconds);
    keyIn(await ask())?.proved?.();
    answer = async () => broken();
    pass(LIMITS.directoryTtlSecondsMin);
    expect(await finds()).toBe(true);
    expect(await ask(newJwk())).toBe(told);
    answer = async () => serving([known]);
    pass(LIMITS.directoryRetrySeconds);
    expect(await ask(newJwk())).toBeUndefined();
  });

  it('an unknown key asks once a pause, however often it comes', async () => {
    await ask();
    const stranger = newJwk();
    for (let second = 0; second < LIMITS.directoryRetrySeconds * 3; second += 1) {
      expect(await finds(stranger)).toBe(false);
      pass(1);
    }
    expect(fetches.length).toBeLessThanOrEqual(4);
    answer = async () => serving([known, stranger]);
    pass(LIMITS.directoryRetrySeconds);
    expect(await finds(stranger)).toBe(true);
  });

  it('a stranger asking for an unknown key while the directory is down takes nobody’s key away', async () => {
    await ask();
    answer = async () => undefined;
    pass(LIMITS.directoryRetrySeconds);
    expect(await finds(newJwk())).toBe(false);
    expect(await finds()).toBe(true);
    pass(LIMITS.directoryTtlSecondsMin + LIMITS.directoryStaleSecondsMax - LIMITS.directoryRetrySeconds - 1);
    expect(await finds()).toBe(true);
    pass(1);
    expect(await finds()).toBe(false);
  });

  it('many who ask at once share one fetch', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => finds()));
    expect(all.every(Boolean)).toBe(true);
    expect(fetches.length).toBe(1);
  });

  /** A directory that does not answer until it is told to, or its asker is cut off. */
  function hanging() {
    const waiting = new Map<string, () => void>();
    answer = (url, signal) =>
      new Promise((done) => {
        waiting.set(url, () => done(serving([known])));
        signal?.addEventListener('abort', () => done(undefined));
      });
    return {
      release: () => {
        for (const done of waiting.values()) done();
      },
    };
  }

  it('D4: hanging directories shut nobody out: whoever let us wait longest goes first, and is busy, not unknown', async () => {
    hanging();
    const hangs = Array.from({ length: LIMITS.lookupsMax }, (_, n) => ask(known, `https://a${n}.example`));
    expect(fetches.length).toBe(LIMITS.lookupsMax);
    // Too early to say of anybody that they hang.
    expect(await ask(known, 'https://b.example')).toBe('busy');
    expect(fetches.length).toBe(LIMITS.lookupsMax);
    pass(LIMITS.lookupGraceMs / 1_000);
    answer = async () => serving([known]);
    expect(await ask(known, 'https://b.example')).toMatchObject({ name: 'https://b.example' });
    expect(await hangs[0]).toBe('busy');
  });

  it('D4: hosts whose keys have proven a request have a lane that strangers do not fill', async () => {
    for (const host of ['old', 'older']) {
      keyIn(await ask(known, `https://${host}.example`))?.proved?.();
    }
    hanging();
    for (let n = 0; n < LIMITS.lookupsMax; n += 1) void ask(known, `https://a${n}.example`);
    answer = async () => serving([known]);
    expect(await ask(newJwk(), 'https://older.example/p', 'ucp-agent')).toBe(undefined);
    expect(await ask(known, 'https://new.example')).toBe('busy');
  });

  it('D4: one host is asked by few at a time, and a bounded number of times a minute', async () => {
    const { release } = hanging();
    const asked = Array.from({ length: 10 }, (_, n) => ask(known, `https://a.example/${n}`, 'ucp-agent'));
    expect(fetches.length).toBe(LIMITS.lookupsOfHostMax);
    release();
    await Promise.all(asked);
    answer = async () => undefined;
    for (let n = 0; n < 500; n += 1) await ask(known, `https://a.example/p${n}`, 'ucp-agent');
    expect(fetches.length).toBe(LIMITS.lookupsOfHostAMinuteMax);
    expect(await ask(known, 'https://a.example/one-more', 'ucp-agent')).toBe('busy');
    pass(60);
    expect(await ask(known, 'https://a.example/one-more', 'ucp-agent')).toBe('unanswered');
  });

  it('D4: a card that leads to another host counts there too', async () => {
    answer = async (url) =>
      url.startsWith('https://victim')
        ? serving([])
        : { ...serving([]), headers: JSON_TYPE, body: Buffer.from('{"jwks_uri":"https://victim.example/x"}') };
    for (let n = 0; n < 100; n += 1) await askAs('cimd', `https://a${n}.example/card`);
    const victims = fetches.filter((url) => url.startsWith('https://victim'));
    expect(victims.length).toBe(LIMITS.lookupsOfHostAMinuteMax);
  });

  it('D4: one request is one look-up, however many labels it has; what was not looked at is not unknown', async () => {
    answer = async () => undefined;
    const ofRequest = resolve(asking({ 'signature-agent': 'a="https://a.example", b="https://b.example"' }));
    const labelled = (label: string) => ({ ...pointing(kidOf(known)), label, agentMember: label });
    expect(await ofRequest(labelled('a'))).toBe('unanswered');
    expect(await ofRequest(labelled('b'))).toBe('busy');
    expect(fetches.length).toBe(1);
  });

  it('D1: what nothing has proven is kept in a small room, whatever strangers name', async () => {
    const profile = {
      capabilities: Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`a.b.c${n}`, [{ version: '1' }]])),
    };
    const keys = Array.from({ length: LIMITS.directoryKeysMax }, newJwk);
    answer = async () => document({ ucp: profile, keys });
    for (let n = 0; n < 750; n += 1) await ask(known, `https://a${n}.example/p`, 'ucp-agent');
    expect(fetches.length).toBe(750);
    fetches = [];
    for (let n = 749; n >= 0; n -= 1) await ask(known, `https://a${n}.example/p`, 'ucp-agent');
    // Those that are still remembered are not asked again.
    const kept = 750 - fetches.length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(40);
  });

  it('D1: what keys have proven is not pushed out by strangers', async () => {
    keyIn(await ask())?.proved?.();
    const keys = Array.from({ length: LIMITS.directoryKeysMax }, newJwk);
    answer = async () => serving(keys);
    for (let n = 0; n < 100; n += 1) await ask(known, `https://a${n}.example`);
    fetches = [];
    expect(await finds()).toBe(true);
    expect(fetches.length).toBe(0);
  });

  it('D1: a profile that says too much of versions and capabilities is none', async () => {
    const ucp = { services: { big: 'x'.repeat(100_000) }, capabilities: {} };
    answer = async () => document({ ucp, keys: [known] });
    expect(await ask(known, 'https://a.example/p', 'ucp-agent')).toMatchObject({
      profile: '{"ucp":{"capabilities":{}}}',
    });
    answer = async () => document({ ucp: { capabilities: { big: 'x'.repeat(20_000) } }, keys: [known] });
    expect(await finds(known, 'https://b.example/p', 'ucp-agent')).toBe(false);
  });

  it('a profile is JSON with keys or signing_keys', async () => {
    const body = new TextEncoder().encode(JSON.stringify({ ucp: {}, signing_keys: [known] }));
    answer = async () => ({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body });
    const found = await ask(known, 'https://a.example/p', 'ucp-agent');
    expect(found).toMatchObject({ via: 'profile', name: 'https://a.example/p' });
  });

  const JSON_TYPE = { 'content-type': 'application/json' };
  const document = (members: object, headers: Fetched['headers'] = JSON_TYPE): Fetched => ({
    status: 200,
    headers,
    body: new TextEncoder().encode(JSON.stringify(members)),
  });
  const askAs = (type: string, url: string, jwk: JsonObject = known) =>
    resolve(asking({ 'signature-agent': `sig1="${url}";type=${type}` }))(pointing(kidOf(jwk), WEB_BOT_AUTH));
  const JWKS = 'https://a.example/jwks.json';
  const CARD = 'https://a.example/card';

  it.each(['application/jwk-set+json', 'application/json; charset=utf-8', 'Application/JSON', TYPE])(
    'a JWK Set may be %s',
    async (type) => {
      answer = async () => document({ keys: [known] }, { 'content-type': type });
      expect(await askAs('jwks_uri', JWKS)).toMatchObject({ via: 'directory', name: JWKS });
      expect(fetches).toEqual([JWKS]);
    },
  );

  it.each<[string, Fetched]>([
    ['is text', document({ keys: [known] }, { 'content-type': 'text/plain' })],
    ['is a card', document({ jwks: { keys: [known] } })],
    ['redirects', { ...document({ keys: [known] }), status: 302 }],
  ])('a JWK Set that %s has no keys, and is not asked twice', async (_, broken) => {
    answer = async () => broken;
    expect([await askAs('jwks_uri', JWKS), await askAs('jwks_uri', JWKS)]).toEqual([undefined, undefined]);
    expect(fetches.length).toBe(1);
  });

  it.each<[string, object]>([
    ['client metadata', { client_id: CARD, jwks: { keys: [known] } }],
    ['an agent’s card', { name: 'Bot', jwks: { keys: [known] } }],
    ['a card with keys of its own', { name: 'Bot', keys: [known] }],
  ])('%s may hold the keys', async (_, members) => {
    answer = async () => document(members);
    expect(await askAs('cimd', CARD)).toMatchObject({ via: 'directory', name: CARD });
    expect(fetches).toEqual([CARD]);
  });

  it('a card may lead to the keys, one address further and no more', async () => {
    const card = document({ client_id: CARD, jwks_uri: 'https://keys.example/set' });
    answer = async (url) =>
      url === CARD ? card : document({ keys: [known] }, { ...JSON_TYPE, 'cache-control': 'max-age=600' });
    expect(await askAs('cimd', CARD)).toMatchObject({ name: CARD });
    expect(fetches).toEqual([CARD, 'https://keys.example/set']);
    pass(599);
    expect(await askAs('cimd', CARD)).toBeDefined();
    expect(fetches.length).toBe(2);
    answer = async () => document({ jwks_uri: 'https://keys.example/set' });
    fetches = [];
    expect(await askAs('cimd', 'https://b.example/card')).toBeUndefined();
    expect(fetches.length).toBe(2);
  });

  it.each<[string, object]>([
    ['of another address', { client_id: 'https://a.example/other', jwks: { keys: [known] } }],
    ['that says it twice', { jwks_uri: JWKS, jwks: { keys: [known] } }],
    ['that says it twice, with keys', { keys: [known], jwks: { keys: [known] } }],
    ['that says nothing', { client_id: CARD }],
    ['that leads to clear text elsewhere', { jwks_uri: 'http://b.example/jwks' }],
    ['that leads to no address', { jwks_uri: 7 }],
    ['that leads to a file', { jwks_uri: 'file:///etc/passwd' }],
    ['whose set is a list', { jwks: [known] }],
  ])('a card %s has no keys', async (_, members) => {
    answer = async (url) => (url === CARD ? document(members) : document({ keys: [known] }));
    expect(await askAs('cimd', CARD)).toBeUndefined();
    expect(fetches).toEqual([CARD]);
  });

  it.each(wba.cards)('the published card $name', ({ card, url, valid }) => {
    expect(readDocument(document(card), 'cimd', url) !== undefined).toBe(valid);
  });

  it('one address read in two forms is two', async () => {
    answer = async () => document({ keys: [known] });
    expect(await askAs('cimd', JWKS)).toBeDefined();
    expect(await askAs('jwks_uri', JWKS)).toBeDefined();
    expect(fetches).toEqual([JWKS, JWKS]);
  });

  it.each<[string, object, boolean]>([
    ['an algorithm that is its own', { alg: 'EdDSA' }, true],
    ['an algorithm that it cannot have', { alg: 'ES256' }, false],
    ['an operation that is another', { key_ops: ['sign'] }, false],
    ['the purpose AdCP gives it', { adcp_use: 'request-signing' }, true],
    ['another purpose', { adcp_use: 'governance-signing' }, false],
    ['another use', { use: 'enc' }, false],
  ])('a key with %s', async (_, members, isUsable) => {
    answer = async () => document({ keys: [{ ...known, ...members }] });
    expect((await askAs('jwks_uri', JWKS)) !== undefined).toBe(isUsable);
  });

  it('a label names a key where the profile has labels; one that two keys have names none', async () => {
    const byLabel = (profile: SignatureProfile) =>
      resolve(asking({ 'ucp-agent': `profile="${CARD}"` }))(pointing('k1', profile));
    answer = async () => document({ keys: [{ ...known, kid: 'k1' }] });
    expect(await byLabel(UCP)).toMatchObject({ key: { kid: kidOf(known) } });
    expect(await byLabel(PARLEY)).toBeUndefined();
    answer = async () =>
      document({
        keys: [
          { ...known, kid: 'k1' },
          { ...newJwk(), kid: 'k1' },
        ],
      });
    pass(LIMITS.directoryTtlSecondsMin);
    expect(await byLabel(UCP)).toBeUndefined();
  });
});
