/** What HubSpot tells of its own changes: its webhooks journal, pulled, and its webhooks, sent. */
import { Signature } from '@hubspot/api-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Adapter, AdapterError, Changed, Ctx, Notice } from '../sdk/index.ts';
import { makeHubspotAdapter } from './index.ts';
import { type Hubspot, spawnHubspot } from './server/spawn.ts';

const NOW = new Date('2026-01-01T00:00:00.123Z');
const SECRET = 'app-secret-1';
const PORTAL = 4711;
const COMPANY = '31000001001';
const DEAL = '33000001001';

let crm: Hubspot;

beforeAll(async () => {
  crm = await spawnHubspot({ faults: true });
});
afterAll(() => crm.stop());

const ctx = (): Ctx => ({ clock: () => NOW, signal: AbortSignal.timeout(10_000), log: () => undefined });

function adapter(portalId = PORTAL, clientSecret = 'simulated-secret'): Adapter {
  return makeHubspotAdapter({
    origin: crm.origin,
    auth: { method: 'token', token: crm.token },
    journal: { clientId: 'simulated-client', clientSecret, portalId },
    webhookSecret: SECRET,
    allowPrivate: true,
  });
}

async function told(of: Adapter, type: string, cursor?: string): Promise<Changed[]> {
  const found: Changed[] = [];
  for await (const each of of.changes?.(ctx(), type, cursor) ?? []) found.push(each);
  return found;
}

const failure = (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );

describe('the journal', () => {
  it('tells every change of a type, in order, over several files', async () => {
    expect(await told(adapter(), 'contract')).toEqual([]);
    for (let n = 1; n <= 30; n += 1) {
      await crm.edit('deals', String(33_000_001_000 + n), { seats: String(500 + n) });
      await crm.edit('companies', String(31_000_001_000 + n), { city: `Town ${n}` });
    }
    const all = await told(adapter(), 'contract');
    expect(all.map(({ ref }) => ref.value)).toEqual(Array.from({ length: 30 }, (_, n) => String(33_000_001_001 + n)));
    expect(all.every(({ ref, at }) => ref.type === 'contract' && !Number.isNaN(Date.parse(at)))).toBe(true);
    expect((await told(adapter(), 'account')).map(({ ref }) => ref.value)).toContain(COMPANY);
  });

  it('goes on from any place, and loses nothing', async () => {
    const all = await told(adapter(), 'contract');
    for (const [index, { cursor }] of all.entries()) {
      const rest = await told(adapter(), 'contract', cursor);
      const missing = all.slice(index + 1).filter(({ ref }) => !rest.some((each) => each.ref.value === ref.value));
      expect(missing).toEqual([]);
    }
    expect(await told(adapter(), 'contract', all.at(-1)?.cursor)).toEqual([]);
    await crm.edit('deals', DEAL, { seats: '777' });
    expect((await told(adapter(), 'contract', all.at(-1)?.cursor)).map(({ ref }) => ref.value)).toEqual([DEAL]);
  });

  it('of another portal is none of ours', async () => {
    expect(await told(adapter(1), 'contract')).toEqual([]);
  });

  it('refuses a place it does not know, and one that is no place', async () => {
    const expired = '11111111-0000-4000-8000-000000000001';
    for (const cursor of [expired, '../x', 'x?y', ''])
      expect((await failure(told(adapter(), 'contract', cursor))).code).toBe('invalid');
  });

  it('is read as the app, not as the portal', async () => {
    expect((await failure(told(adapter(PORTAL, 'wrong'), 'contract'))).code).toBe('unauthorised');
    const without = makeHubspotAdapter({ origin: crm.origin, auth: { method: 'token', token: crm.token } });
    expect([without.changes, without.notice]).toEqual([undefined, undefined]);
  });
});

const BODY =
  '[{"eventId":1,"subscriptionId":12345,"portalId":4711,"occurredAt":1767225600000,"subscriptionType":"deal.propertyChange","attemptNumber":0,"objectId":33000001001,"propertyName":"seats","propertyValue":"40"}]';
const GENUINE = {
  method: 'POST',
  url: 'https://gw.example/crm/events?a=x%3A%2F%40',
  body: BODY,
  timestamp: '1767225600123',
  /** `openssl dgst -sha256 -hmac app-secret-1` over method, decoded address, body and time. */
  signature: 'Vie3nE6tRzCcBrwZ18Lh9adiiY8vGC/BCjxLt0GJ/Ss=',
};

describe('a notice', () => {
  const ask = (changed: Partial<typeof GENUINE> = {}, secret = SECRET) => {
    const { method, url, body, timestamp, signature } = { ...GENUINE, ...changed };
    const headers = new Map([
      ['x-hubspot-signature-v3', signature],
      ['x-hubspot-request-timestamp', timestamp],
    ]);
    const notice: Notice = { method, url, header: (name) => headers.get(name), body: Buffer.from(body) };
    const of = makeHubspotAdapter({
      origin: crm.origin,
      auth: { method: 'token', token: crm.token },
      webhookSecret: secret,
    });
    return of.notice?.(ctx(), notice);
  };
  const signed = (changed: Partial<typeof GENUINE>) => {
    const { method, url, body, timestamp } = { ...GENUINE, url: 'https://gw.example/crm/events', ...changed };
    const options = { clientSecret: SECRET, requestBody: body, url, timestamp: Number(timestamp), signature: '' };
    return { method, url, body, timestamp, signature: Signature.getSignature(method, 'v3', options) };
  };

  it('names the record it is about', async () => {
    expect(await ask()).toEqual([{ type: 'contract', by: 'id', value: DEAL }]);
  });

  it('is genuine as the vendor’s own client signs it', async () => {
    expect(await ask(signed({}))).toHaveLength(1);
  });

  it('is not believed with a byte changed anywhere', async () => {
    for (const changed of [
      { method: 'GET' },
      { url: 'https://gw.example/crm/events?a=x%3A%2F%41' },
      { url: 'http://gw.example/crm/events?a=x%3A%2F%40' },
      { body: `${BODY} ` },
      { timestamp: '1767225600124' },
      { signature: GENUINE.signature.toLowerCase() },
      { signature: GENUINE.signature.replace(/=$/, '') },
      { signature: `${GENUINE.signature}=` },
      { signature: '' },
    ])
      expect(await ask(changed), JSON.stringify(changed)).toBeUndefined();
    expect(await ask({}, 'another secret')).toBeUndefined();
  });

  it('is not believed more than five minutes from now, in either direction', async () => {
    const at = (offsetMs: number) => ask(signed({ timestamp: String(NOW.getTime() + offsetMs) }));
    expect(await at(-300_000)).toHaveLength(1);
    expect(await at(300_000)).toHaveLength(1);
    expect(await at(-300_001)).toBeUndefined();
    expect(await at(300_001)).toBeUndefined();
    expect(await at(86_400_000)).toBeUndefined();
    for (const timestamp of ['', '-1', '1e12', '0x1', ' 1767225600123', 'NaN'])
      expect(await ask({ ...signed({}), timestamp })).toBeUndefined();
  });

  it('may be about several records, about none of ours, or be no JSON at all', async () => {
    const of = (events: unknown) => ask(signed({ body: typeof events === 'string' ? events : JSON.stringify(events) }));
    const deal = { subscriptionType: 'deal.propertyChange', objectId: 1 };
    expect(
      await of([
        deal,
        deal,
        { subscriptionType: 'object.propertyChange', objectTypeId: '0-5', objectId: 2 },
        { subscriptionType: 'company.creation', objectId: 3 },
        { subscriptionType: 'product.creation', objectId: 4 },
        { subscriptionType: 'deal.creation', objectId: '../5' },
        { subscriptionType: 'deal.creation', objectId: { $ne: null } },
        null,
      ]),
    ).toEqual([
      { type: 'contract', by: 'id', value: '1' },
      { type: 'ticket', by: 'id', value: '2' },
      { type: 'account', by: 'id', value: '3' },
    ]);
    expect(await of('not json')).toEqual([]);
    expect(await of('null')).toEqual([]);
  });
});
