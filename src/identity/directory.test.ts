import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { err, ok } from '../../protocol/result.ts';
import type { Candidate } from '../../protocol/signature.ts';
import { PARLEY, type SignatureProfile } from '../../protocol/signature-profiles.ts';
import { makeDirectories } from './directory.ts';
import type { Fetched } from './guarded-fetch.ts';
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
  let answer: (url: string) => Promise<Fetched | undefined>;
  let resolve: ReturnType<typeof makeDirectories>;
  beforeEach(() => {
    now = Date.UTC(2026, 4, 1);
    fetches = [];
    answer = async () => serving([known]);
    resolve = makeDirectories({
      clock: { now: () => new Date(now) },
      fetch: async (url) => {
        fetches.push(url);
        const fetched = await answer(url);
        return fetched === undefined ? err({ reason: 'down' }) : ok(fetched);
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
    return resolve(pointing(kidOf(jwk)), asking(fields));
  };
  const finds = async (...of: Parameters<typeof ask>) => (await ask(...of)) !== undefined;

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

  it('strangers keep a bounded number of fetches busy', async () => {
    let release = () => {};
    const held = new Promise<undefined>((done) => {
      release = () => done(undefined);
    });
    answer = () => held;
    const all = Array.from({ length: 100 }, (_, n) => ask(known, `https://a${n}.example`));
    await Promise.resolve();
    expect(fetches.length).toBe(LIMITS.directoryFetchesMax);
    release();
    await Promise.all(all);
    answer = async () => serving([known]);
    expect(await finds(known, 'https://b.example')).toBe(true);
  });

  it('forgets the directory that was used least recently', async () => {
    await ask();
    for (let n = 0; n < LIMITS.directoriesMax - 1; n += 1) await ask(known, `https://a${n}.example`);
    await ask();
    await ask(known, 'https://one-more.example');
    fetches = [];
    await ask();
    expect(fetches.length).toBe(0);
    await ask(known, 'https://a0.example');
    expect(fetches.length).toBe(1);
  });

  it('a profile is JSON with keys or signing_keys', async () => {
    const body = new TextEncoder().encode(JSON.stringify({ ucp: {}, signing_keys: [known] }));
    answer = async () => ({ status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body });
    const found = await ask(known, 'https://a.example/p', 'ucp-agent');
    expect(found).toMatchObject({ via: 'profile', name: 'https://a.example/p' });
  });
});
