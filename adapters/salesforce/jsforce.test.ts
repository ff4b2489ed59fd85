/** Honesty: the vendor's own client works against the simulated org as it does against a real one. */
import jsforce from 'jsforce';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import { recordId } from './server/ids.ts';
import { type Salesforce, spawnSalesforce } from './server/spawn.ts';

const CONTRACT = recordId('800', 1);
const CONTACT = recordId('003', 1);
const ACCOUNT = recordId('001', 1);
const VERSION = '68.0';

let org: Salesforce;
let connection: jsforce.Connection;

beforeAll(async () => {
  org = await spawnSalesforce({ seedNow: SEED_DAY, faults: true, batch: 100 });
  connection = await signedIn();
});

afterAll(() => org.stop());

async function signedIn(): Promise<jsforce.Connection> {
  const oauth2 = { clientId: org.clientId, clientSecret: org.clientSecret, loginUrl: org.origin };
  const made = new jsforce.Connection({ oauth2, instanceUrl: org.origin, version: VERSION });
  await made.authorize({ grant_type: 'client_credentials' });
  return made;
}

const code = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'it worked',
    (error: { readonly errorCode?: string }) => error.errorCode,
  );

describe('the vendor’s client', () => {
  it('signs in with client credentials, or with a token it was given', async () => {
    expect(connection.accessToken).toMatch(/^00D/);
    const accessToken = connection.accessToken ?? '';
    const other = new jsforce.Connection({ instanceUrl: org.origin, accessToken, version: VERSION });
    expect(await other.sobject('Account').retrieve(ACCOUNT)).toMatchObject({ Name: 'Nordwind Logistik GmbH' });
    expect(other.limitInfo.apiUsage?.limit).toBe(1_000_000);
  });

  it('is refused with a wrong secret, and with a session that has ended', async () => {
    const oauth2 = { clientId: org.clientId, clientSecret: 'wrong', loginUrl: org.origin };
    const stranger = new jsforce.Connection({ oauth2, instanceUrl: org.origin, version: VERSION });
    await expect(stranger.authorize({ grant_type: 'client_credentials' })).rejects.toThrow('invalid client');
    const accessToken = '00D5g0000000001!none';
    const ended = new jsforce.Connection({ instanceUrl: org.origin, accessToken, version: VERSION });
    expect(await code(ended.sobject('Account').retrieve(ACCOUNT))).toBe('INVALID_SESSION_ID');
  });

  it('refreshes a session that ends meanwhile', async () => {
    let refreshed = 0;
    const made = new jsforce.Connection({
      instanceUrl: org.origin,
      accessToken: connection.accessToken ?? '',
      version: VERSION,
      refreshFn: async (_connection, done) => {
        refreshed += 1;
        done(null, (await signedIn()).accessToken ?? '');
      },
    });
    await org.expireSessions();
    expect(await made.sobject('Contact').retrieve(CONTACT)).toMatchObject({ Name: 'Katrin Brandt' });
    expect(refreshed).toBe(1);
    connection = await signedIn();
  });

  it('describes the org and an object', async () => {
    const names = (await connection.describeGlobal()).sobjects.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['Account', 'Contact', 'Contract', 'Opportunity', 'Case', 'Quote']));
    const { fields } = await connection.describe('Contract');
    expect(fields.find(({ name }) => name === 'Gw_ActionId__c')).toMatchObject({ externalId: true, unique: true });
    expect(fields.find(({ name }) => name === 'StatusCode')).toMatchObject({ updateable: false });
    expect(fields.find(({ name }) => name === 'Status')?.picklistValues?.map(({ value }) => value)).toContain('Draft');
  });

  it('creates, reads, updates and deletes a record', async () => {
    const cases = connection.sobject('Case');
    const made = await cases.create({ Subject: 'Invoice', Origin: 'Web' });
    expect(made).toMatchObject({ success: true, errors: [] });
    const id = made.id ?? '';
    expect(id).toMatch(/^500[A-Za-z0-9]{15}$/);
    expect(await cases.retrieve(id)).toMatchObject({ Subject: 'Invoice', Status: 'New', IsClosed: false });
    expect(await cases.update({ Id: id, Status: 'Closed' })).toMatchObject({ id, success: true });
    expect(await cases.retrieve(id.slice(0, 15), { fields: ['Id', 'IsClosed'] })).toMatchObject({ IsClosed: true });
    expect(await cases.destroy(id)).toMatchObject({ success: true });
    expect(await code(cases.retrieve(id))).toBe('NOT_FOUND');
  });

  it('upserts by an external id: created once, then updated', async () => {
    const cases = connection.sobject('Case');
    const first = await cases.upsert({ Gw_ActionId__c: 'op_jsforce:1', Subject: 'One' }, 'Gw_ActionId__c');
    expect(first).toMatchObject({ success: true, created: true });
    const second = await cases.upsert({ Gw_ActionId__c: 'op_jsforce:1', Subject: 'Two' }, 'Gw_ActionId__c');
    expect(second).toMatchObject({ success: true, created: false, id: first.id });
    expect(await code(cases.create({ Gw_ActionId__c: 'op_jsforce:1', Subject: 'Three' }))).toBe('DUPLICATE_VALUE');
  });

  it.each([
    [{}, 'REQUIRED_FIELD_MISSING'],
    [{ LastName: 'x'.repeat(81) }, 'STRING_TOO_LONG'],
    [{ LastName: 'x', Email: 'nobody' }, 'INVALID_EMAIL_ADDRESS'],
    [{ LastName: 'x', AccountId: CONTACT }, 'INVALID_CROSS_REFERENCE_KEY'],
    [{ LastName: 'x', CurrencyIsoCode: 'XXX' }, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'],
    [{ LastName: 'x', Name: 'y' }, 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    [{ LastName: 'x', Nothing__c: 1 }, 'INVALID_FIELD'],
  ])('%j is refused: %s', async (fields, expected) => {
    expect(await code(connection.sobject('Contact').create(fields))).toBe(expected);
  });

  it('queries, with conditions, order and further pages', async () => {
    const found = await connection.query(
      `SELECT Id, Name FROM Contact WHERE AccountId = '${ACCOUNT}' AND LastName = 'Brandt' ORDER BY Name DESC LIMIT 5`,
    );
    expect(found.records[0]).toMatchObject({ Id: CONTACT, Name: 'Katrin Brandt' });
    const all = await connection.query('SELECT Id FROM Contact ORDER BY Id', { autoFetch: true, maxFetch: 1_000 });
    expect(all.totalSize).toBe(300);
    expect(new Set(all.records.map((each) => each['Id'])).size).toBe(300);
    const built = connection
      .sobject('Contract')
      .find({ Status: 'Activated', Seats__c: { $gt: 100 } }, ['Id', 'Seats__c']);
    for (const each of await built.limit(3)) expect(each['Seats__c']).toBeGreaterThan(100);
    expect(await code(Promise.resolve(connection.query("SELECT Id FROM Contact WHERE Name = 'x'y'")))).toBe(
      'MALFORMED_QUERY',
    );
  });

  it('writes many records, where 200 says nothing about each of them', async () => {
    const tasks = connection.sobject('Task');
    const some = await tasks.create([{ Subject: 'a' }, { Subject: 'b', Status: 'nonsense' }]);
    expect(some.map(({ success }) => success)).toEqual([true, false]);
    const none = await tasks.create([{ Subject: 'a' }, { Subject: 'b', Status: 'nonsense' }], { allOrNone: true });
    expect(none.map(({ success }) => success)).toEqual([false, false]);
    const updated = await connection.update('Contact', [{ Id: CONTACT, Department: 'IT' }]);
    expect(updated).toMatchObject([{ id: CONTACT, success: true }]);
    const both = await connection.upsert('Case', [{ Gw_ActionId__c: 'op_jsforce:2', Subject: 'x' }], 'Gw_ActionId__c');
    expect(both).toMatchObject([{ success: true, created: true }]);
    expect(await connection.retrieve('Contact', [CONTACT], { fields: ['Department'] })).toMatchObject([
      { Department: 'IT' },
    ]);
  });
});

describe('composites through the vendor’s client', () => {
  const post = (path: string, body: object) => connection.requestPost<Record<string, unknown>>(path, body);
  const base = `/services/data/v${VERSION}`;
  const nodes = (seats: unknown) => [
    {
      method: 'POST',
      url: `${base}/sobjects/Opportunity`,
      referenceId: 'opp',
      body: { Name: 'Renewal', StageName: 'Closed Won', CloseDate: '2027-01-01', AccountId: ACCOUNT },
    },
    { method: 'PATCH', url: `${base}/sobjects/Contract/${CONTRACT}`, referenceId: 'con', body: { Seats__c: seats } },
    {
      method: 'PATCH',
      url: `${base}/sobjects/Opportunity/@{opp.id}`,
      referenceId: 'link',
      body: { ContractId: CONTRACT },
    },
  ];
  const opportunities = async () => (await connection.query('SELECT COUNT() FROM Opportunity')).totalSize;

  it('run with what an earlier part gave', async () => {
    const before = await opportunities();
    const answer = await post('/composite', { allOrNone: true, compositeRequest: nodes(26) });
    expect(answer['compositeResponse']).toMatchObject([
      { httpStatusCode: 201, referenceId: 'opp', body: { success: true } },
      { httpStatusCode: 204, referenceId: 'con', body: null },
      { httpStatusCode: 204 },
    ]);
    expect(await opportunities()).toBe(before + 1);
    expect(await org.record('Contract', CONTRACT)).toMatchObject({ Seats__c: 26 });
  });

  it('of a graph are all done or none, inside a 200', async () => {
    const before = await opportunities();
    const answer = await post('/composite/graph', { graphs: [{ graphId: 'g', compositeRequest: nodes('many') }] });
    expect(answer['graphs']).toMatchObject([
      {
        graphId: 'g',
        isSuccessful: false,
        graphResponse: {
          compositeResponse: [
            { body: [{ errorCode: 'PROCESSING_HALTED' }] },
            { httpStatusCode: 400, body: [{ errorCode: 'JSON_PARSER_ERROR' }] },
            { body: [{ errorCode: 'PROCESSING_HALTED' }] },
          ],
        },
      },
    ]);
    expect(await opportunities()).toBe(before);
  });

  it('see an id of foreign making choose the record: why the adapter does not use this client', async () => {
    const victim = (await connection.sobject('Task').create({ Subject: 'keep me' })).id ?? '';
    const evil = `../../../sobjects/Task/${victim}?_HttpMethod=DELETE`;
    await connection.sobject('Case').upsert({ Gw_ActionId__c: evil, Subject: 'x' }, 'Gw_ActionId__c');
    expect(await code(connection.sobject('Task').retrieve(victim))).toBe('NOT_FOUND');
  });
});

describe('conditional requests', () => {
  const at = (headers: Record<string, string>) =>
    fetch(`${org.origin}/services/data/v68.0/sobjects/Account/${ACCOUNT}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${connection.accessToken}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ Website: `https://${Math.random()}.example` }),
    }).then(({ status }) => status);

  it('know whole seconds, and tags for accounts', async () => {
    expect(await at({ 'if-unmodified-since': new Date(Date.now() - 60_000).toUTCString() })).toBe(204);
    expect(await at({ 'if-unmodified-since': new Date(Date.now() - 60_000).toUTCString() })).toBe(412);
    expect(await at({ 'if-unmodified-since': new Date().toUTCString() })).toBe(204);
    expect(await at({ 'if-unmodified-since': new Date().toUTCString() })).toBe(204);
    expect(await at({ 'if-unmodified-since': 'yesterday' })).toBe(400);
    expect(await at({ 'if-match': '"none"' })).toBe(412);
  });
});
