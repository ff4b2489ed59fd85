/** What the conformance kit does not ask: HubSpot's own ways of failing, and what its missing conditions mean. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import type { Adapter, AdapterError, Ctx, PlanStep } from '../sdk/index.ts';
import { isUnreadable } from '../sdk/unreadable.ts';
import { toProperties, toValues } from './codec.ts';
import { type HubspotAdapterOptions, makeHubspotAdapter } from './index.ts';
import { readPortal, typeNamed } from './mapping.ts';
import { type Hubspot, spawnHubspot } from './server/spawn.ts';

const COMPANY = '31000001001';
const CONTACT = '32000001001';

let crm: Hubspot;
let adapter: Adapter;
let used = 0;
const logs: { event: string; fields: JsonObject }[] = [];

beforeAll(async () => {
  crm = await spawnHubspot({ seedNow: SEED_DAY, faults: true, limit: 1_000_000, intervalMs: 100 });
  adapter = made();
});
afterAll(() => crm.stop());

function made(options: Partial<HubspotAdapterOptions> = {}): Adapter {
  const auth = { method: 'token', token: crm.token } as const;
  return makeHubspotAdapter({ origin: crm.origin, auth, allowPrivate: true, ...options });
}

const ctx = (timeoutMs = 10_000): Ctx => ({
  clock: () => new Date(),
  signal: AbortSignal.timeout(timeoutMs),
  log: (event, fields = {}) => void logs.push({ event, fields }),
});

const failure = (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );

const TERMS = {
  unit_price: { amount: 123_456, currency: 'EUR' },
  term_months: 18,
  seats: 4_321,
  start_date: '2027-01-01',
  notice_days: 45,
};

function steps(action: string, input: JsonObject, terms?: JsonObject): Promise<readonly PlanStep[]> {
  used += 1;
  const asked = { operation: `op_hubspot-${used}`, asked_on: '2027-01-01' };
  const request = { ...asked, action, input, ...(terms === undefined ? {} : { terms }) };
  return adapter.plan(ctx(), request).then((plan) => plan.steps);
}

async function first(planned: Promise<readonly PlanStep[]>): Promise<PlanStep> {
  const [step] = await planned;
  if (step === undefined) throw new Error('nothing planned');
  return step;
}

let deals = 33_000_001_000;
/** A renewal of a deal no other test has. */
async function renewal(
  terms: JsonObject = {},
): Promise<{ deal: string; planned: readonly PlanStep[]; step: PlanStep }> {
  deals += 1;
  const deal = String(deals);
  const planned = steps('contract.renew', { contract: deal }, { ...TERMS, ...terms });
  return { deal, planned: await planned, step: await first(planned) };
}

describe('a renewal', () => {
  it('is the deal, its line item and a draft quote, each step one request and read back', async () => {
    const { deal, planned } = await renewal();
    expect(planned.map(({ id, reversal }) => [id, reversal])).toEqual([
      ['contract', 'undo'],
      ['line', 'undo'],
      ['quote', 'compensate'],
    ]);
    const before = (await crm.ledger()).length;
    for (const step of planned) {
      expect((await adapter.execute(ctx(), step)).state).toBe('applied');
      expect(await adapter.verify(ctx(), step)).toMatchObject({ state: 'applied', diff: [] });
    }
    const done = (await crm.ledger()).slice(before);
    expect(done.map(({ type }) => type)).toEqual(['deals', 'line_items', 'quotes']);
    const [, line, quote] = done;
    expect((await crm.record('deals', deal)).properties).toMatchObject({
      unit_price_minor: '123456',
      seats: '4321',
      end_date: '2028-06-30',
      gw_action_id: planned[0]?.idempotencyKey,
    });
    expect((await crm.record('line_items', line?.id ?? '')).properties).toMatchObject({
      price: '1234.56',
      quantity: '4321',
      hs_term_in_months: '18',
    });
    const made = await crm.record('quotes', quote?.id ?? '');
    expect(made.properties).toMatchObject({ hs_status: 'DRAFT', hs_currency: 'EUR', hs_expiration_date: '2027-01-01' });
    expect(made.links).toMatchObject([{ toType: 'deals', toId: deal }]);
  });

  it('is taken back step by step: the quote archived, the rest as it was', async () => {
    const { deal, planned } = await renewal();
    const before = (await crm.record('deals', deal)).properties;
    const done = [];
    for (const step of planned) done.push({ step, result: await adapter.execute(ctx(), step) });
    for (const { step, result } of done.toReversed())
      for (const state of ['applied', 'already_applied'])
        expect((await adapter.compensate?.(ctx(), step, result))?.state).toBe(state);
    const { gw_action_id: _mark, ...after } = (await crm.record('deals', deal)).properties;
    expect(after).toEqual(before);
    expect((await crm.record('quotes', done[2]?.result.ref.value ?? '')).archived).toBe(true);
  });
});

describe('without conditions on writes', () => {
  it('what a person wrote in the last moment, and the step wrote over, is found in the history', async () => {
    const { step } = await renewal();
    await crm.fault({ op: 'write', kind: 'foreign' });
    const done = await adapter.execute(ctx(), step);
    const seen = await adapter.verify(ctx(), step);
    expect(seen.state).toBe('diverged');
    expect(seen.diff).toMatchObject([{ field: 'seats', from: '9', to: 4_321 }]);
    expect(seen.diff).toHaveLength(1);
    const late = adapter.compensate?.(ctx(), step, done) ?? Promise.resolve();
    expect((await failure(late)).code).toBe('conflict');
  });

  it('two of our own never meet between reading and writing', async () => {
    const { deal, step } = await renewal();
    const other = await first(steps('contract.renew', { contract: deal }, { ...TERMS, seats: 7 }));
    const outcomes = await Promise.allSettled([step, other].map((each) => adapter.execute(ctx(), each)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await crm.record('deals', deal)).properties['seats']).toBe('4321');
  });

  it('a step whose mark a later one covered is still known to have happened', async () => {
    const { deal, step } = await renewal();
    await adapter.execute(ctx(), step);
    const later = await first(steps('contract.renew', { contract: deal }, { ...TERMS, seats: 8 }));
    await adapter.execute(ctx(), later);
    expect((await adapter.execute(ctx(), step)).state).toBe('already_applied');
    expect(await adapter.verify(ctx(), step)).toMatchObject({ state: 'diverged', diff: [{ field: 'seats', from: 8 }] });
    expect(await adapter.verify(ctx(), later)).toMatchObject({ state: 'applied' });
  });
});

describe('a ticket', () => {
  const ticket = () =>
    steps('refund.request', {
      account: COMPANY,
      contact: CONTACT,
      invoice: 'INV-7',
      amount: { amount: 1_999, currency: 'EUR' },
      reason: 'Paid twice.',
    });

  it('is made with its company and contact in one request', async () => {
    const step = await first(ticket());
    const { ref } = await adapter.execute(ctx(), step);
    const { properties, links } = await crm.record('tickets', ref.value);
    expect(properties).toMatchObject({ subject: 'Refund of 19.99 EUR for invoice INV-7', hs_pipeline_stage: '1' });
    expect(links).toMatchObject([
      { toType: 'companies', toId: COMPANY },
      { toType: 'contacts', toId: CONTACT },
    ]);
    expect(await adapter.verify(ctx(), step)).toMatchObject({ state: 'applied' });
  });

  it('made by another process under the same key is not made again, nor written over', async () => {
    const step = await first(ticket());
    const done = await Promise.all([made(), made(), made()].map((each) => each.execute(ctx(), step)));
    expect(done.map(({ state }) => state).toSorted()).toEqual(['already_applied', 'already_applied', 'applied']);
    await crm.edit('tickets', done[0]?.ref.value ?? '', { hs_pipeline_stage: '4' });
    expect((await adapter.execute(ctx(), step)).state).toBe('already_applied');
    expect((await crm.record('tickets', done[0]?.ref.value ?? '')).properties['hs_pipeline_stage']).toBe('4');
  });

  it('is opened without a record that is not there, with a warning', async () => {
    const plan = await adapter.plan(ctx(), {
      operation: 'op_hubspot-absent',
      action: 'case.open',
      input: { topic: 'Login', account: '99999999999', contact: 'C-1' },
    });
    expect([plan.steps.length, plan.warnings.length]).toEqual([1, 1]);
  });

  it('of a handoff keeps the account as a claim, and links nobody', async () => {
    const step = await first(steps('human.handoff', { topic: 'Help', account: COMPANY }));
    const { ref } = await adapter.execute(ctx(), step);
    const { properties, links } = await crm.record('tickets', ref.value);
    expect([properties['gw_account'], links]).toEqual([COMPANY, []]);
  });
});

describe('HubSpot refuses', () => {
  it.each([
    ['403-scopes', 'forbidden'],
    ['409', 'invalid'],
    ['423', 'retryable'],
    ['477', 'retryable'],
    ['503', 'unknown_outcome'],
    ['429-daily', 'rate_limited'],
  ] as const)('%s at a write: %s, and nothing is written', async (kind, code) => {
    const { step } = await renewal();
    const before = (await crm.ledger()).length;
    await crm.fault({ op: 'write', kind });
    const error = await failure(made().execute(ctx(), step));
    expect(error.code).toBe(code);
    if (kind !== '477') expect(error.providerRequestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(error.retryAfterMs).toBe(kind === '429-daily' ? 300_000 : undefined);
    expect((await crm.ledger()).length).toBe(before);
  });

  it('for the rolling limit: its own header says how long', async () => {
    const { step } = await renewal();
    await crm.fault({ op: 'write', kind: '429' });
    expect(await failure(made().execute(ctx(), step))).toMatchObject({ code: 'rate_limited', retryAfterMs: 100 });
    await crm.fault({ op: 'write', kind: '429-bare' });
    expect(await failure(made().execute(ctx(), step))).toMatchObject({ code: 'rate_limited', retryAfterMs: 10_000 });
  });

  it('a value: which property, not what it said', async () => {
    const { step } = await renewal();
    const payload = {
      ...step.payload,
      update: { ...(step.payload['update'] as JsonObject), values: { plan: 'x'.repeat(200) } },
    };
    const error = await failure(adapter.execute(ctx(), { ...step, payload }));
    expect(error).toMatchObject({ code: 'invalid', fields: [{ path: 'plan', message: 'PROPERTY_LENGTH_TOO_LONG' }] });
    expect(error.message).not.toContain('xxx');
  });
});

describe('the portal', () => {
  it('that lacks something is told of, action by action', async () => {
    const call = (name: string, method: string, body?: object) =>
      fetch(`${crm.origin}/crm/properties/2026-09/${name}`, {
        method,
        headers: { authorization: `Bearer ${crm.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const before = await (await call('tickets/gw_contact_back', 'GET')).json();
    await call('tickets/gw_contact_back', 'DELETE');
    const mapping = {
      types: {
        contract: {
          fields: {
            notice_days: { field: 'plan', label: 'Notice', kind: 'whole' },
            status: { field: 'contract_status', label: 'Status', kind: 'choice', values: { active: 'live' } },
          },
        },
      },
    };
    const found = await made({ mapping }).discover(ctx());
    await call('tickets', 'POST', before as object);
    expect(found.map(({ action }) => action)).toEqual(['contact.update', 'data.validate']);
    const told = new Map(
      logs.filter(({ event }) => event === 'hubspot.lacks').map(({ fields }) => [fields['action'], fields['missing']]),
    );
    expect(told.get('human.handoff')).toEqual(['tickets.gw_contact_back']);
    expect(told.get('contract.renew')).toEqual([
      'deals.plan (is string, must be number)',
      'deals.contract_status (has no option live)',
    ]);
  });

  it('may be signed in to with a refresh token, renewed when it is refused', async () => {
    const auth = {
      method: 'refresh_token',
      clientId: 'simulated-client',
      clientSecret: 'simulated-secret',
      refreshToken: 'refresh-simulated-client',
    } as const;
    const of = made({ auth });
    await crm.fault({ op: 'read', kind: '401' });
    expect(await of.health(ctx())).toMatchObject({ ok: true, detail: expect.stringMatching(/^\d+ of 625000 calls/) });
    const wrong = made({ auth: { ...auth, refreshToken: 'other' } });
    expect((await failure(wrong.read(ctx(), { type: 'account', by: 'id', value: COMPANY }))).code).toBe('unauthorised');
  });

  it('keeps e-mail addresses in lower case, which people see in the plan', async () => {
    const fields = [{ path: 'contact.email', value: 'Katrin.NEW@Nordwind.example' }];
    const step = await first(steps('data.validate', { contact: CONTACT, fields }));
    expect(step.changes).toMatchObject([{ to: 'katrin.new@nordwind.example' }]);
    const done = await adapter.execute(ctx(), step);
    expect(await adapter.verify(ctx(), step)).toMatchObject({ state: 'applied', diff: [] });
    expect((await adapter.compensate?.(ctx(), step, done))?.state).toBe('applied');
  });

  it('gives a record to nobody when it has not exactly one company', async () => {
    const { deal } = await renewal();
    const link = (method: string, company: string) =>
      fetch(
        `${crm.origin}/crm/objects/2026-09/deals/${deal}/associations/${method === 'PUT' ? 'default/' : ''}companies/${company}`,
        {
          method,
          headers: { authorization: `Bearer ${crm.token}` },
        },
      );
    const account = async () =>
      (await adapter.read(ctx(), { type: 'contract', by: 'id', value: deal })).data['account'];
    const own = await account();
    expect(own).toMatch(/^31/);
    const other = own === COMPANY ? '31000001002' : COMPANY;
    await link('PUT', other);
    expect(await account()).toBe('');
    await link('DELETE', String(own));
    expect(await account()).toBe(other);
    await link('DELETE', other);
    expect(await account()).toBe('');
  });
});

describe('documents', () => {
  it('that ask for what HubSpot cannot do are refused, with every reason', () => {
    const recipe = {
      action: 'x.y',
      records: { quote: { type: 'quote', id: 'input.q' } },
      steps: [
        {
          id: 'a',
          summary: "'s'",
          update: { record: 'quote', set: { contract: "'1'" } },
          create: { type: 'ticket', set: {} },
          note: "'n'",
        },
      ],
    };
    const told = (() => {
      try {
        made({ recipes: [recipe] });
        return '';
      } catch (error) {
        return String(error);
      }
    })();
    for (const part of ['two steps', 'second request', 'cannot change']) expect(told).toContain(part);
    expect(() => made({ mapping: { marker: 'A/b' } })).toThrow('marker');
    expect(() => made({ mapping: { types: { ticket: { links: { '../x': 1 }, type_id: 'x' } } } })).toThrow(
      /links[\s\S]*type_id/,
    );
  });
});

/** Fifteen digits. */
const EXACT_MAX = 999_999_999_999_999;

describe('values', () => {
  const portal = readPortal({}, false);
  if (!portal.ok) throw new Error(portal.error.join('\n'));
  const types = ['contract', 'line_item'].map((name) => typeNamed(portal.value, name));
  const through = (type: (typeof types)[number], values: JsonObject): Json => {
    const back = toValues(type, toProperties(type, values), new Map());
    return Object.fromEntries(Object.keys(values).map((name) => [name, back[name] ?? null]));
  };

  it('of money come back as they went, to the last minor unit', () => {
    const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'CLP', 'USD');
    const money = fc.record({ amount: fc.integer({ min: -EXACT_MAX, max: EXACT_MAX }), currency });
    fc.assert(
      fc.property(fc.constantFrom(...types), money, (type, unit_price) => {
        expect(through(type, { unit_price })).toEqual({ unit_price });
      }),
    );
  });

  it('T6: that are not what the mapping says are unreadable, and never nothing', () => {
    const names = fc.constantFrom('price', 'unit_price_minor', 'currency', 'seats', 'start_date', 'auto_renew');
    const odd = fc.constantFrom('1.999', '1e3', '0x10', ' 1', '9007199254740993', '-0', 'EUR', '2027-02-30', '');
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(names, fc.oneof(fc.string(), odd)), (type, held) => {
        const {
          unit_price: price = null,
          seats = null,
          start_date: day = null,
          auto_renew: flag = null,
        } = toValues(type, held, new Map());
        const lost = (value: Json, field: string) => value === null && (held[field] ?? '') !== '';
        for (const [name, field] of type.fields) {
          const value = toValues(type, held, new Map())[name] ?? null;
          if (lost(value, field.field)) expect(field.kind).toMatch(/^(?:id|json)$/);
        }
        const kept = (value: Json) => !isUnreadable(value);
        if (kept(price))
          expect(JSON.stringify(price)).toMatch(
            /^(?:null|\{"amount":-?\d+,"currency":"[A-Z]{3}"(?:,"scale":[0-6])?\})$/,
          );
        if (kept(seats)) expect(seats === null || Number.isSafeInteger(seats)).toBe(true);
        if (kept(day)) expect(day === null || /^\d{4}-\d\d-\d\d$/.test(String(day))).toBe(true);
        if (kept(flag)) expect([null, true, false]).toContain(flag);
      }),
    );
    const line = typeNamed(portal.value, 'line_item');
    const priced = (price: string) =>
      toValues(line, { price, hs_line_item_currency_code: 'EUR' }, new Map())['unit_price'];
    expect(priced('49')).toEqual({ amount: 4_900, currency: 'EUR' });
    expect(priced('49.5000')).toEqual({ amount: 4_950, currency: 'EUR' });
    expect(priced('')).toBeNull();
    expect(priced('49.995')).toEqual({ amount: 49_995, currency: 'EUR', scale: 3 });
    for (const price of ['49.9955555', '1e3', 'x', '0x10']) expect(isUnreadable(priced(price) ?? null)).toBe(true);
  });

  it('T13: of a deal with several line items say so to who needs the one, and to nobody else', () => {
    const deal = typeNamed(portal.value, 'contract');
    const several = toValues(deal, { seats: '5' }, new Map([['line_items', ['1', '2']]]));
    expect(several).toMatchObject({ seats: 5, line_item: { held: '1,2' } });
    expect(isUnreadable(several['line_item'] ?? null)).toBe(true);
    expect(toValues(deal, {}, new Map([['line_items', ['1']]]))['line_item']).toBe('1');
    expect(toValues(deal, {}, new Map())['line_item']).toBeNull();
  });
});
