import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok } from '../../../protocol/base/result.ts';
import {
  forge,
  GATEWAY,
  holder,
  issuers,
  NONCE,
  NOW,
  PRINCIPAL,
  seconds,
  type Who,
} from '../../../protocol/mandate/fixture.ts';
import { signJwt } from '../../../protocol/mandate/jwt.ts';
import type { MandateIssuers } from '../../../protocol/mandate/mandate.ts';
import { makeMandates } from './mandates.ts';
import { type GuardedFetch, makeStatusLists } from './status-lists.ts';

const URI = 'https://customer.example/status/1';
// Token Status List §4.1: one bit each, statuses 1 0 0 1 1 1 0 1 …; §4.2: two bits each, 1 2 0 3 0 1 …
const ONE_BIT = { bits: 1, lst: 'eNrbuRgAAhcBXQ' };
const TWO_BITS = { bits: 2, lst: 'eNo76fITAAPfAgc' };

interface List {
  readonly by?: Who;
  readonly typ?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
}

async function token({ by = 'principal', typ = 'statuslist+jwt', claims = {} }: List): Promise<Uint8Array> {
  const body = { sub: URI, iat: seconds, status_list: ONE_BIT, ...claims };
  return new TextEncoder().encode(await signJwt(typ, body, (await holder(by)).signer));
}

async function setUp(fetch: GuardedFetch, revoked: readonly string[] = [], trusted?: MandateIssuers) {
  const known = trusted ?? (await issuers());
  const store = { isRevoked: (kind: string, id: string) => kind === 'mandate' && revoked.includes(id) };
  return makeMandates({
    issuers: known,
    store,
    statusList: makeStatusLists({ fetch, issuers: known }),
    origin: GATEWAY,
  });
}

const serving =
  (list: List, status = 200): GuardedFetch =>
  async () =>
    ok({ status, body: await token(list) });
const unreachable: GuardedFetch = async () => err({ reason: 'timeout' });
const never: GuardedFetch = () => {
  throw new Error('nothing may be fetched');
};
const withStatus = (idx: number) =>
  ({ issuer: 'principal', claims: { status: { status_list: { idx, uri: URI } } } }) as const;
const bound = async (now = NOW) => ({ nonce: NONCE, keyid: (await holder('agent')).kid, now });

async function outcome(fetch: GuardedFetch, presented: Promise<string>, revoked?: readonly string[]): Promise<string> {
  const accepted = await (await setUp(fetch, revoked)).accept(await presented, await bound());
  return accepted.ok ? 'accepted' : accepted.error.code;
}

describe('accepting a mandate', () => {
  it('asks nobody when the mandate names no status', async () => {
    expect(await outcome(never, forge())).toBe('accepted');
    expect(await outcome(never, forge(), ['m-1'])).toBe('mandate-revoked');
    expect(await outcome(never, forge(), ['m-2'])).toBe('accepted');
  });

  it('fetches nothing for a mandate that is not real', async () => {
    expect(await outcome(never, forge({ ...withStatus(0), binder: 'stranger' }))).toBe('mandate-invalid');
    expect(await outcome(never, forge({ ...withStatus(0), claims: { ...withStatus(0).claims, exp: seconds } }))).toBe(
      'mandate-invalid',
    );
  });

  it.each([
    ['valid', 1, ONE_BIT, 'accepted'],
    ['revoked', 0, ONE_BIT, 'mandate-revoked'],
    ['in the second byte', 13, ONE_BIT, 'mandate-revoked'],
    ['valid, two bits', 2, TWO_BITS, 'accepted'],
    ['suspended', 1, TWO_BITS, 'mandate-revoked'],
    ['of a kind nobody knows', 3, TWO_BITS, 'mandate-revoked'],
    ['outside the list', 16, ONE_BIT, 'mandate-unverifiable'],
    ['far outside the list', Number.MAX_SAFE_INTEGER, ONE_BIT, 'mandate-unverifiable'],
  ])('status %s', async (_name, idx, status_list, expected) => {
    expect(await outcome(serving({ claims: { status_list } }), forge(withStatus(idx)))).toBe(expected);
  });

  const bomb = deflateSync(new Uint8Array(LIMITS.statusListBytesMax + 1)).toString('base64url');
  it.each<[string, GuardedFetch]>([
    ['is unreachable', unreachable],
    ['cannot even be asked', never],
    ['answers with an error', serving({}, 503)],
    ['is signed by somebody else', serving({ by: 'company' })],
    ['is another list', serving({ claims: { sub: `${URI}0` } })],
    ['is another kind of token', serving({ typ: 'JWT' })],
    ['has expired', serving({ claims: { exp: seconds } })],
    ['is from the future', serving({ claims: { iat: seconds + 31 } })],
    ['has no time', serving({ claims: { iat: undefined } })],
    ['has three bits', serving({ claims: { status_list: { ...ONE_BIT, bits: 3 } } })],
    ['is not compressed', serving({ claims: { status_list: { bits: 1, lst: 'AAAA' } } })],
    ['inflates without end', serving({ claims: { status_list: { bits: 1, lst: bomb } } })],
    ['has no list', serving({ claims: { status_list: null } })],
    ['is no token', async () => ok({ status: 200, body: new Uint8Array([0xff, 0xfe]) })],
  ])('is refused when the status list %s', async (_name, fetch) => {
    expect(await outcome(fetch, forge(withStatus(1)))).toBe('mandate-unverifiable');
  });
});

describe('a mandate after a wait', () => {
  const later = (by: number) => new Date((seconds + by) * 1000);

  it('is decided again: expiry, own revocation, the issuer’s standing', async () => {
    const revoked: string[] = [];
    const trusted = new Map(await issuers());
    const mandates = await setUp(serving({}), revoked, trusted);
    const accepted = await mandates.accept(await forge(withStatus(1)), await bound());
    if (!accepted.ok) throw new Error(accepted.error.detail);
    const facts = accepted.value;
    const code = async (now = NOW) => {
      const [ended] = await mandates.ended({ mandate: facts }, now);
      return ended?.refusal.code ?? 'valid';
    };
    expect(await code()).toBe('valid');
    expect(await code(later(facts.expiresAt - seconds))).toBe('mandate-invalid');
    revoked.push(facts.jti);
    expect(await code()).toBe('mandate-revoked');
    revoked.pop();
    const issuer = trusted.get(PRINCIPAL);
    if (issuer === undefined) throw new Error('no issuer');
    trusted.set(PRINCIPAL, { ...issuer, accounts: ['A-2002'] });
    expect(await code()).toBe('mandate-invalid');
    trusted.delete(PRINCIPAL);
    expect(await code()).toBe('mandate-invalid');
  });

  it('E20: rests on nothing while nobody can say what has been revoked', async () => {
    const known = await issuers();
    let unreadable: string | undefined;
    const mandates = makeMandates({
      issuers: known,
      store: { isRevoked: () => false },
      statusList: makeStatusLists({ fetch: never, issuers: known }),
      origin: GATEWAY,
      unreadable: () => unreadable,
    });
    const accept = async () => mandates.accept(await forge(), await bound());
    const before = await accept();
    unreadable = 'line 2 of revoked.jsonl';
    expect(await accept()).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    const facts = before.ok ? before.value : expect.fail('refused');
    expect(await mandates.ended({ mandate: facts }, NOW)).toMatchObject([{ refusal: { code: 'unavailable' } }]);
    expect(await mandates.ended({ mandate: null }, NOW)).toMatchObject([{ refusal: { code: 'unavailable' } }]);
    unreadable = undefined;
    expect(await mandates.ended({ mandate: facts }, NOW)).toEqual([]);
  });

  it('that was handed on ends with the revocation of any hop', async () => {
    const revoked: string[] = [];
    const mandates = await setUp(never, revoked);
    const accepted = await mandates.accept(await forge(), await bound());
    if (!accepted.ok) throw new Error(accepted.error.detail);
    const facts = { ...accepted.value, delegations: [{ jti: 'hop-1', to: 'k' }] };
    expect(await mandates.ended({ mandate: facts }, NOW)).toEqual([]);
    revoked.push('hop-1');
    expect(await mandates.ended({ mandate: facts }, NOW)).toMatchObject([{ refusal: { code: 'mandate-revoked' } }]);
  });

  it('shares one fetch, believes a list for its ttl, then sees the revocation', async () => {
    let fetches = 0;
    let status_list = ONE_BIT;
    const mandates = await setUp(async (url) => {
      expect(url).toBe(URI);
      fetches += 1;
      return ok({ status: 200, body: await token({ claims: { status_list, ttl: 120 } }) });
    });
    const presented = await forge(withStatus(1));
    const [accepted] = await Promise.all([
      mandates.accept(presented, await bound()),
      mandates.accept(presented, await bound()),
    ]);
    if (!accepted.ok) throw new Error(accepted.error.detail);
    expect(fetches).toBe(1);
    status_list = TWO_BITS;
    expect(await mandates.ended({ mandate: accepted.value }, later(119))).toEqual([]);
    expect(await mandates.ended({ mandate: accepted.value }, later(120))).toMatchObject([
      { refusal: { code: 'mandate-revoked' } },
    ]);
    expect(fetches).toBe(2);
  });

  it('never believes a list longer than the limit, whatever its ttl', async () => {
    let up = true;
    const mandates = await setUp(async (url) =>
      up ? serving({ claims: { ttl: 10 * 86_400 } })(url) : unreachable(url),
    );
    const accepted = await mandates.accept(await forge({ ...withStatus(1) }), await bound());
    if (!accepted.ok) throw new Error(accepted.error.detail);
    up = false;
    const ended = (by: number) => mandates.ended({ mandate: accepted.value }, later(by));
    expect(await ended(LIMITS.statusListTtlSecondsMax - 1)).toEqual([]);
    expect(await ended(LIMITS.statusListTtlSecondsMax)).toMatchObject([{ refusal: { code: 'mandate-unverifiable' } }]);
  });

  it('D24: does not ask an unreachable list again at once, and says when it will', async () => {
    let fetches = 0;
    const mandates = await setUp(async (url) => {
      fetches += 1;
      return unreachable(url);
    });
    const presented = await forge(withStatus(1));
    const waits: (number | undefined)[] = [];
    for (const by of [0, 10, 29, 30]) {
      const accepted = await mandates.accept(presented, await bound(later(by)));
      waits.push(accepted.ok ? undefined : accepted.error.retryAfterSeconds);
    }
    expect(fetches).toBe(2);
    expect(waits).toEqual([30, 20, 1, 30]);
  });
});
