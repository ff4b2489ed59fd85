/** Signing in, the org's limits, and an org that is not as the mapping wants it. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import { AdapterError } from '../sdk/index.ts';
import {
  adapterOn,
  codeOf,
  contactId,
  contractId,
  ctx,
  type Logged,
  planned,
  renewal,
  request,
  type Sent,
  watched,
} from './rig.fixture.ts';
import { type Salesforce, type SpawnOptions, spawnSalesforce } from './server/spawn.ts';

const CONTRACT = { type: 'contract', by: 'id', value: contractId(1) } as const;
const USERNAME = 'parley@acme.example';
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: typeof keys.privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const isSignIn = ({ path }: Sent) => path.startsWith('/services/oauth2/');

let org: Salesforce;

beforeAll(async () => {
  const publicKey = keys.publicKey.export({ format: 'jwk' });
  org = await spawnSalesforce({ seedNow: SEED_DAY, faults: true, username: USERNAME, publicKey });
}, 30_000);

afterEach(() => org.clearFaults());
afterAll(() => org.stop());

/** Another org, for one test. */
async function within<T>(options: SpawnOptions, work: (other: Salesforce) => Promise<T>): Promise<T> {
  const other = await spawnSalesforce({ seedNow: SEED_DAY, faults: true, ...options });
  try {
    return await work(other);
  } finally {
    await other.stop();
  }
}

describe('signing in', () => {
  it('with client credentials happens once for many calls', async () => {
    const sent: Sent[] = [];
    const adapter = adapterOn(org, { dispatcher: watched(sent) });
    await Promise.all([1, 2, 3, 4, 5].map(() => adapter.read(ctx(), CONTRACT)));
    expect(sent.filter(isSignIn)).toHaveLength(1);
  });

  it('with a signed assertion works, and not with another key, user or audience', async () => {
    const jwt = (more: { username?: string; privateKey?: string; audience?: string }) =>
      adapterOn(org, {
        auth: {
          method: 'jwt_bearer',
          clientId: org.clientId,
          username: USERNAME,
          privateKey: pem(keys.privateKey),
          audience: org.origin,
          ...more,
        },
      }).read(ctx(), CONTRACT);
    expect((await jwt({})).data['status']).toBe('active');
    const stranger = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    for (const more of [
      { username: 'somebody@acme.example' },
      { privateKey: stranger },
      { privateKey: 'not a key' },
      { audience: 'https://login.salesforce.com' },
    ])
      expect(await codeOf(jwt(more))).toBe('unauthorised');
  });

  it('with a wrong secret is refused, once, and no secret is told', async () => {
    const sent: Sent[] = [];
    const logs: Logged[] = [];
    const clientSecret = 'wrong-secret-31c8';
    const auth = { method: 'client_credentials', clientId: org.clientId, clientSecret } as const;
    const adapter = adapterOn(org, { auth, dispatcher: watched(sent) });
    const error: unknown = await adapter.read(ctx(logs), CONTRACT).catch((each: unknown) => each);
    expect(error).toBeInstanceOf(AdapterError);
    expect(error).toMatchObject({ code: 'unauthorised' });
    expect(`${JSON.stringify(logs)} ${String(error)} ${JSON.stringify(error)}`).not.toContain(clientSecret);
    expect(sent).toHaveLength(1);
    const health = await adapter.health(ctx());
    expect(health).toMatchObject({ ok: false, detail: 'The CRM refuses the gateway’s credentials.' });
  });

  it('again, once, after the sessions were ended: reads and writes go on', async () => {
    const sent: Sent[] = [];
    const adapter = adapterOn(org, { dispatcher: watched(sent) });
    const step = await planned(adapter, request('case.open', { topic: 'Session' }));
    await adapter.read(ctx(), CONTRACT);
    await org.expireSessions();
    expect(await adapter.execute(ctx(), step)).toMatchObject({ state: 'applied' });
    await org.expireSessions();
    await adapter.read(ctx(), CONTRACT);
    expect(sent.filter(isSignIn)).toHaveLength(3);
    const made = (await org.ledger()).filter(({ action }) => action === step.idempotencyKey);
    expect(made).toHaveLength(1);
  });

  it('stops after one more try where every session is refused', async () => {
    await org.fault({ op: 'any', kind: '401', count: 100 });
    const sent: Sent[] = [];
    expect(await codeOf(adapterOn(org, { dispatcher: watched(sent) }).read(ctx(), CONTRACT))).toBe('unauthorised');
    expect(sent.map(isSignIn)).toEqual([true, false, true, false]);
  });

  it('does not use a token that is for another instance', async () => {
    const answer = { access_token: '00Dx!y', token_type: 'Bearer', instance_url: 'https://evil.example' };
    const server = createServer((_incoming, outgoing) => {
      outgoing.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const sent: Sent[] = [];
    const adapter = adapterOn(org, { origin: `http://127.0.0.1:${port}`, dispatcher: watched(sent) });
    expect(await codeOf(adapter.read(ctx(), CONTRACT))).toBe('unauthorised');
    expect(sent.filter((each) => !isSignIn(each))).toEqual([]);
    server.close();
  });
});

describe('the calls of a day', () => {
  it('are shown, warned of, and waited for when they are used up', () =>
    within({ callsMax: 10 }, async (small) => {
      const adapter = adapterOn(small);
      const logs: Logged[] = [];
      expect(await adapter.health(ctx(logs))).toMatchObject({ ok: true, detail: '1 of 10 calls a day used' });
      for (let n = 0; n < 8; n += 1) await adapter.read(ctx(logs), CONTRACT);
      expect(logs).toEqual([{ event: 'crm.quota_near', fields: { used: 9, limit: 10 } }]);
      await adapter.read(ctx(logs), CONTRACT);
      expect(await codeOf(adapter.read(ctx(logs), CONTRACT))).toBe('rate_limited');
      expect(await adapter.health(ctx())).toMatchObject({ ok: false });
    }));
});

describe('an org that is otherwise', () => {
  const lacksOf = async (other: Salesforce, mapping?: JsonObject) => {
    const logs: Logged[] = [];
    const adapter = adapterOn(other, mapping === undefined ? {} : { mapping });
    const allowed = (await adapter.discover(ctx(logs))).map(({ action }) => action);
    return { allowed, lacks: Object.fromEntries(logs.map(({ fields }) => [fields['action'], fields['lacks']])) };
  };

  it('loses the actions it cannot carry out, and the log says what an admin must do', () =>
    within(
      {
        without: ['Account.Vat_Id__c', 'CaseComment', 'Contract.Unit_Price__c'],
        readOnly: ['Contract.EndDate', 'Opportunity.Gw_ActionId__c'],
      },
      async (other) => {
        const { allowed, lacks } = await lacksOf(other);
        expect(allowed).toEqual([]);
        expect(lacks).toMatchObject({
          'contract.renew': [
            'Contract.Unit_Price__c is not there',
            'Contract.EndDate is not updateable for this user',
            'Opportunity.Gw_ActionId__c is not createable for this user',
          ],
          'data.validate': ['Account.Vat_Id__c is not there'],
          'human.handoff': ['Account.Vat_Id__c is not there'],
          'refund.request': ['Account.Vat_Id__c is not there', 'CaseComment is not there'],
          'case.open': ['Account.Vat_Id__c is not there'],
        });
      },
    ));

  it('has too short fields, missing words of a picklist, a key that is none', async () => {
    const fields = {
      opportunity: { field: 'Name', label: 'Opportunity', kind: 'text', chars_max: 500 },
      stage: { field: 'StageName', label: 'Stage', kind: 'choice', values: { won: 'Signed', lost: 'Closed Lost' } },
    };
    const { lacks } = await lacksOf(org, { marker: 'Description', types: { opportunity: { fields } } });
    expect(lacks['contract.renew']).toEqual([
      'Contract.Description is not an external ID that is unique',
      'Opportunity.Description is not an external ID that is unique',
      'Opportunity.Name holds fewer than 500 characters',
      'Opportunity.StageName does not offer “Signed”',
    ]);
  });

  it('with one currency and other names works by its own document', () =>
    within(
      { without: ['Contract', 'Opportunity', 'Order'].map((each) => `${each}.CurrencyIsoCode`) },
      async (other) => {
        const money = (field: string) => ({ field, label: field, kind: 'money' });
        const mapping = {
          currency: 'EUR',
          types: {
            contract: { fields: { unit_price: money('Unit_Price__c'), plan: null } },
            opportunity: { fields: { amount: money('Amount') } },
            order: { fields: { total: money('TotalAmount') } },
          },
        };
        expect((await lacksOf(other, mapping)).lacks).toEqual({});
        const adapter = adapterOn(other, { mapping });
        const { data } = await adapter.read(ctx(), CONTRACT);
        expect([Object.hasOwn(data, 'plan'), data['unit_price']]).toEqual([false, { amount: 4_900, currency: 'EUR' }]);
        const step = await planned(adapter, renewal());
        await adapter.execute(ctx(), step);
        expect(await adapter.verify(ctx(), step)).toMatchObject({ state: 'applied' });
        const pounds = renewal({ unit_price: { amount: 100, currency: 'GBP' } });
        await expect(adapter.plan(ctx(), pounds)).rejects.toMatchObject({
          code: 'invalid',
          fields: [{ path: 'unit_price', message: 'is kept in EUR only' }],
        });
      },
    ));

  it('T6: whose price cannot be told stops what writes a price, shows it to nobody as none, and stops no notice', async () => {
    const contract = contractId(150);
    await org.edit('Contract', contract, { Unit_Price__c: 999_999_999_999_999, Status: 'Activated' });
    const adapter = adapterOn(org);
    const { data } = await adapter.read(ctx(), { ...CONTRACT, value: contract });
    expect(data['unit_price']).toMatchObject({ held: '999999999999999' });
    const asked = { operation: 'op-1', asked_on: '2026-11-03' };
    const notice = { ...asked, action: 'contract.cancel', input: { contract, when: 'now' } };
    const { steps } = await adapter.plan(ctx(), { ...notice, terms: { ends_on: '2027-01-02', cooling_off: false } });
    expect(steps).toHaveLength(1);
    const terms = { unit_price: { amount: 1, currency: 'EUR' }, term_months: 12, seats: 1, notice_days: 30 };
    const renewal = { ...asked, action: 'contract.renew', input: { contract } };
    const planning = adapter.plan(ctx(), { ...renewal, terms: { ...terms, start_date: '2027-01-01' } });
    await expect(planning).rejects.toThrow('Correct it in the CRM first');
  });
});

describe('a company’s own documents', () => {
  it('add an action, and replace one', async () => {
    const recipes = [
      {
        action: 'desk.call_back',
        records: { contact: { type: 'contact', id: 'input.contact' } },
        steps: [
          {
            id: 'task',
            summary: "'Call ' + records.contact.id",
            create: {
              type: 'task',
              set: {
                subject: "line('Call back: ' + input.topic, 255)",
                contact: 'records.contact.id',
                due: 'input.on',
              },
            },
          },
        ],
      },
      {
        action: 'case.open',
        steps: [{ id: 'mine', summary: "'Mine'", create: { type: 'ticket', set: { subject: 'input.topic' } } }],
      },
    ];
    const adapter = adapterOn(org, { recipes });
    expect(adapter.manifest.capabilities.map(({ action }) => action)).toContain('desk.call_back');
    const call = await planned(
      adapter,
      request('desk.call_back', { contact: contactId(1), topic: 'Invoice', on: '2027-02-01' }),
    );
    const { ref } = await adapter.execute(ctx(), call);
    expect(await org.record('Task', ref.value)).toMatchObject({
      Subject: 'Call back: Invoice',
      WhoId: contactId(1),
      ActivityDate: '2027-02-01',
      Status: 'Not Started',
    });
    expect((await planned(adapter, request('case.open', { topic: 'x' }))).summary).toBe('Mine');
  });

  it('with mistakes are refused before anything starts, all mistakes at once', () => {
    const mapping = {
      version: '68',
      types: {
        order: { fields: { total: { field: 'Total Amount', label: 'Total', kind: 'money' } } },
        quote: { fields: { extra: { field: 'Extra__c', label: 'Extra', kind: 'json' } }, undone: { nothing: 'x' } },
        ticket: { note: { object: '../x' } },
      },
    };
    expect(() => adapterOn(org, { mapping })).toThrow('/types/order/fields/total names no field of the CRM’s');
    const order = { fields: { total: null } };
    expect(() => adapterOn(org, { mapping: { ...mapping, types: { ...mapping.types, order } } })).toThrow(
      [
        '/version must be like v68.0',
        '/types/ticket/note must name an object, its parent and its body field',
        '/types/quote/fields/extra is json, and Salesforce has no such fields',
        '/types/quote/undone names a field that the type does not have',
      ].join('\n'),
    );
    const step = { id: 'a', summary: "'A'", create: { type: 'task', set: { nope: "'x'" } } };
    expect(() => adapterOn(org, { recipes: [{ action: 'x.y', steps: [step] }] })).toThrow(
      '/recipes/x.y/steps/0/create/set/nope',
    );
    const noted = { id: 'a', summary: "'A'", create: { type: 'task', set: {} }, note: "'x'" };
    expect(() => adapterOn(org, { recipes: [{ action: 'x.y', steps: [noted] }] })).toThrow(
      'x.y: /steps/0/note has no object in the field mapping',
    );
  });

  it('leave an action that nobody knows unknown', async () => {
    const unknown = { operation: `op_${randomUUID()}`, action: 'x.unknown', input: {} };
    expect(await codeOf(adapterOn(org).plan(ctx(), unknown))).toBe('unsupported');
  });
});
