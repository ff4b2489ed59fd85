/** The simulator is honest when the vendor's own client, written for the real thing, works against it. */
import { Client } from '@hubspot/api-client';
import { FilterOperatorEnum } from '@hubspot/api-client/lib/codegen/crm/contacts/index.js';
import { AssociationSpecAssociationCategoryEnum } from '@hubspot/api-client/lib/codegen/crm/deals/index.js';
import {
  PropertyCreateFieldTypeEnum,
  PropertyCreateTypeEnum,
} from '@hubspot/api-client/lib/codegen/crm/properties/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Hubspot, spawnHubspot } from './server/spawn.ts';

const COMPANY = '31000001001';
const CONTACT = '32000001001';
const DEAL = '33000001001';

let crm: Hubspot;
let client: Client;

beforeAll(async () => {
  crm = await spawnHubspot({ faults: true, indexLagMs: 400 });
  client = new Client({ accessToken: crm.token, basePath: crm.origin });
});
afterAll(() => crm.stop());

const caught = async (call: Promise<unknown>): Promise<{ code: number; body: Record<string, unknown> }> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: { code: number; body: Record<string, unknown> }) => error,
  );

describe('the vendor’s client', () => {
  it('creates, reads, updates, lists and archives', async () => {
    const made = await client.crm.companies.basicApi.create({ properties: { name: 'Acme', city: 'Bern' } });
    expect(made.properties).toMatchObject({ name: 'Acme', hs_object_id: made.id });
    await client.crm.companies.basicApi.update(made.id, { properties: { city: '' } });
    const read = await client.crm.companies.basicApi.getById(made.id, ['name', 'city'], ['city']);
    expect(read.properties).toMatchObject({ name: 'Acme', city: null });
    expect(read.propertiesWithHistory?.['city']?.map(({ value }) => value)).toEqual(['', 'Bern']);
    expect(read.updatedAt.getTime()).toBeGreaterThanOrEqual(read.createdAt.getTime());
    const page = await client.crm.companies.basicApi.getPage(3, undefined, ['name']);
    expect(page.results).toHaveLength(3);
    const next = await client.crm.companies.basicApi.getPage(3, page.paging?.next?.after, ['name']);
    expect(Number(next.results[0]?.id)).toBeGreaterThan(Number(page.results[2]?.id));
    await client.crm.companies.basicApi.archive(made.id);
    expect((await caught(client.crm.companies.basicApi.getById(made.id))).code).toBe(404);
  });

  it('upserts by a unique property, and is told what was new', async () => {
    const input = (subject: string) => ({
      inputs: [
        {
          id: 'op:vendor',
          idProperty: 'gw_action_id',
          objectWriteTraceId: 'trace-1',
          properties: { subject, hs_pipeline_stage: '1' },
        },
      ],
    });
    const first = await client.crm.tickets.batchApi.upsert(input('One'));
    const again = await client.crm.tickets.batchApi.upsert(input('Two'));
    expect([first.results[0]?._new, again.results[0]?._new]).toEqual([true, false]);
    expect(again.results[0]).toMatchObject({ id: first.results[0]?.id, objectWriteTraceId: 'trace-1' });
    const byKey = await client.crm.tickets.basicApi.getById(
      'op:vendor',
      ['subject'],
      undefined,
      undefined,
      undefined,
      'gw_action_id',
    );
    expect(byKey.properties['subject']).toBe('Two');
  });

  it('reads a batch in which one is missing', async () => {
    const found = await client.crm.contacts.batchApi.read({
      inputs: [{ id: CONTACT }, { id: '1' }],
      properties: ['firstname'],
      propertiesWithHistory: [],
    });
    expect(found.results.map(({ properties }) => properties['firstname'])).toEqual(['Katrin']);
    expect(found).toMatchObject({ numErrors: 1 });
  });

  it('searches an index that lags behind', async () => {
    const query = (value: string, limit = 10) =>
      client.crm.contacts.searchApi.doSearch({
        filterGroups: [{ filters: [{ propertyName: 'jobtitle', operator: FilterOperatorEnum.Eq, value }] }],
        limit,
      });
    await client.crm.contacts.basicApi.update(CONTACT, { properties: { jobtitle: 'Found Late' } });
    expect((await query('Found Late')).total).toBe(0);
    await expect.poll(async () => (await query('Found Late')).results.map(({ id }) => id)).toEqual([CONTACT]);
    expect((await caught(query('x', 201))).code).toBe(400);
  });

  it('associates', async () => {
    const { associations } = client.crm;
    await associations.v4.basicApi.createDefault('deals', DEAL, 'contacts', CONTACT);
    const linked = await associations.v4.basicApi.getPage('deals', DEAL, 'contacts');
    expect(
      linked.results.map(({ toObjectId, associationTypes }) => [String(toObjectId), associationTypes[0]?.typeId]),
    ).toEqual([[CONTACT, 3]]);
    const deal = await client.crm.deals.basicApi.getById(DEAL, ['dealname'], undefined, ['companies']);
    expect(deal.associations?.['companies']?.results.map(({ id }) => id)).toEqual([COMPANY]);
    await associations.v4.basicApi.archive('deals', DEAL, 'contacts', CONTACT);
    expect((await associations.v4.basicApi.getPage('deals', DEAL, 'contacts')).results).toEqual([]);
    const made = await client.crm.deals.basicApi.create({
      properties: { dealname: 'With company' },
      associations: [
        {
          to: { id: COMPANY },
          types: [
            { associationCategory: AssociationSpecAssociationCategoryEnum.HubspotDefined, associationTypeId: 341 },
          ],
        },
      ],
    });
    expect((await associations.v4.basicApi.getPage('deals', made.id, 'companies')).results).toHaveLength(1);
  });

  it('defines and reads properties', async () => {
    const { coreApi } = client.crm.properties;
    const created = await coreApi.create('deals', {
      name: 'gw_extra',
      label: 'Extra',
      groupName: 'gateway',
      type: PropertyCreateTypeEnum.String,
      fieldType: PropertyCreateFieldTypeEnum.Text,
      hasUniqueValue: true,
    });
    expect(created).toMatchObject({ name: 'gw_extra', hasUniqueValue: true });
    const names = (await coreApi.getAll('deals')).results.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['gw_extra', 'gw_action_id', 'unit_price_minor', 'notice_days']));
    expect((await caught(coreApi.getByName('deals', 'nothing'))).code).toBe(404);
  });

  it('is refused in the words of HubSpot', async () => {
    const wrong = { seats: 'many', contract_status: 'maybe', plan: 'x'.repeat(200), nothing: '1', dealname: '' };
    const refused = await caught(client.crm.deals.basicApi.update(DEAL, { properties: wrong }));
    expect(refused).toMatchObject({ code: 400, body: { status: 'error', category: 'VALIDATION_ERROR' } });
    expect(refused.body['correlationId']).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.stringify(refused.body['errors'])).toMatch(
      /INVALID_LONG.*INVALID_OPTION.*PROPERTY_LENGTH_TOO_LONG.*PROPERTY_DOESNT_EXIST.*REQUIRED_FIELD/,
    );
    await crm.fault({ op: 'read', kind: '429' });
    expect(await caught(client.crm.deals.basicApi.getById(DEAL))).toMatchObject({
      code: 429,
      body: { policyName: 'TEN_SECONDLY_ROLLING' },
    });
    const stranger = new Client({ accessToken: 'wrong', basePath: crm.origin });
    expect((await caught(stranger.crm.deals.basicApi.getById(DEAL))).code).toBe(401);
  });

  it('gets a token that works', async () => {
    const tokens = await client.oauth.tokensApi.create(
      'refresh_token',
      undefined,
      undefined,
      'simulated-client',
      'simulated-secret',
      'refresh-simulated-client',
    );
    const fresh = new Client({ accessToken: tokens.accessToken, basePath: crm.origin });
    expect((await fresh.crm.deals.basicApi.getById(DEAL)).id).toBe(DEAL);
  });
});

describe('the limit', () => {
  it('is ten-secondly, told in headers, without Retry-After', async () => {
    const small = await spawnHubspot({ limit: 2 });
    const get = () =>
      fetch(`${small.origin}/crm/objects/2026-09/companies?limit=1`, {
        headers: { authorization: `Bearer ${small.token}` },
      });
    const answers = [await get(), await get(), await get()];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[0]?.headers.get('x-hubspot-ratelimit-remaining')).toBe('1');
    expect(answers[2]?.headers.get('x-hubspot-ratelimit-interval-milliseconds')).toBe('10000');
    expect(answers[2]?.headers.get('retry-after')).toBeNull();
    await small.stop();
  });
});
