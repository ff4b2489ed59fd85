/** Writing: conflicts, refusals, outcomes in doubt, several records at once, taking back; and reading what others changed. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import type { Adapter, Changed, PlanStep } from '../sdk/index.ts';
import {
  accountId,
  adapterOn,
  codeOf,
  contactId,
  ctx,
  planned,
  renewal,
  request,
  type Sent,
  watched,
} from './rig.fixture.ts';
import { parseSoql } from './server/soql.ts';
import { type Salesforce, spawnSalesforce } from './server/spawn.ts';
import { bound } from './soql.ts';

let org: Salesforce;
let adapter: Adapter;
const sent: Sent[] = [];

beforeAll(async () => {
  org = await spawnSalesforce({ seedNow: SEED_DAY, faults: true, batch: 100 });
  adapter = adapterOn(org, { dispatcher: watched(sent) });
}, 30_000);

afterEach(() => org.clearFaults());
afterAll(() => org.stop());

const keyed = async ({ idempotencyKey }: PlanStep) =>
  (await org.ledger()).filter(({ action }) => action === idempotencyKey).map(({ type, kind }) => `${kind} ${type}`);
const opportunities = async () => (await org.ledger()).filter(({ type }) => type === 'Opportunity').length;
const stateOf = async (step: PlanStep) => (await adapter.verify(ctx(), step)).state;

describe('a renewal', () => {
  it('is the contract and a won opportunity, in one request', async () => {
    const asked = renewal();
    const step = await planned(adapter, asked);
    const from = sent.length;
    const done = await adapter.execute(ctx(), step);
    expect(done).toMatchObject({ state: 'applied', ref: { type: 'contract', value: asked.contract } });
    const writes = sent.slice(from).filter(({ method }) => method !== 'GET');
    expect(writes).toEqual([{ method: 'POST', path: '/services/data/v68.0/composite' }]);
    expect(await keyed(step)).toEqual(['create Opportunity', 'update Contract']);
    expect(await org.record('Contract', asked.contract)).toMatchObject({
      Unit_Price__c: 1234.56,
      ContractTerm: 18,
      Seats__c: 4_321,
      StartDate: '2027-01-01',
      EndDate: '2028-06-30',
      Status: 'Activated',
    });
    const made = (await org.ledger()).findLast(({ type }) => type === 'Opportunity');
    expect(await org.record('Opportunity', made?.id ?? '')).toMatchObject({
      StageName: 'Closed Won',
      Type: 'Existing Customer - Renewal',
      Amount: (123_456 * 4_321 * 18) / 100,
      ContractId: asked.contract,
    });
  });

  it('leaves the opportunity without an amount where no amount would be exact', async () => {
    const values = async (terms: JsonObject) =>
      (await planned(adapter, renewal(terms))).changes.map(({ field }) => field);
    expect(await values({})).toContain('amount');
    expect(await values({ unit_price: { amount: 35, currency: 'KWD' } })).not.toContain('amount');
    const huge = { unit_price: { amount: 1_000_000_000_000, currency: 'EUR' } };
    expect(await values({ ...huge, seats: 100_000, term_months: 60 })).not.toContain('amount');
  });
});

describe('a conflict', () => {
  it('with a change since the plan is found before anything is sent', async () => {
    const asked = renewal();
    const step = await planned(adapter, asked);
    await org.edit('Contract', asked.contract, { Plan__c: 'Other' });
    expect(await codeOf(adapter.execute(ctx(), step))).toBe('conflict');
    expect([await keyed(step), await stateOf(step)]).toEqual([[], 'not_applied']);
  });

  it('with a change in the moment of writing is found by the org, and nothing of the request is done', async () => {
    for (const asked of [
      renewal(),
      request('data.validate', { contact: contactId(9), fields: [{ path: 'contact.phone', value: '+49 40 1' }] }),
    ]) {
      const step = await planned(adapter, asked);
      const [about] = step.preconditions;
      const before = await opportunities();
      const racing = adapterOn(org, {
        dispatcher: watched([], async ({ method }) => {
          if (method === 'GET' || about === undefined) return;
          const [object, fields] =
            about.ref.type === 'contract' ? ['Contract', { Plan__c: 'Race' }] : ['Contact', { Title: 'Race' }];
          await org.edit(String(object), about.ref.value, Object(fields));
        }),
        auth: { method: 'token', token: await token() },
      });
      expect(await codeOf(racing.execute(ctx(), step))).toBe('conflict');
      expect([await keyed(step), await opportunities()]).toEqual([[], before]);
      expect(await stateOf(step)).toBe('not_applied');
    }
  });

  it('with a record locked by an approval is one; a row that is busy is tried again later', async () => {
    for (const [kind, code] of [
      ['entity-locked', 'conflict'],
      ['lock-row', 'retryable'],
    ] as const) {
      const step = await planned(adapter, renewal());
      await org.fault({ op: 'write', kind });
      expect(await codeOf(adapter.execute(ctx(), step))).toBe(code);
      expect(await keyed(step)).toEqual([]);
      expect(await adapter.execute(ctx(), step)).toMatchObject({ state: 'applied' });
    }
  });
});

/** A session of the tests' own, so that a sign-in is not taken for a write. */
async function token(): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: org.clientId, client_secret: org.clientSecret };
  const answer = await fetch(`${org.origin}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  return access_token;
}

describe('a refusal', () => {
  it('of one record takes all of the request back, and names the fields', async () => {
    const step = await planned(adapter, renewal());
    const before = await opportunities();
    await org.fault({ op: 'write', kind: 'validation' });
    await expect(adapter.execute(ctx(), step)).rejects.toMatchObject({
      code: 'invalid',
      message: 'Salesforce refused: 400 (FIELD_CUSTOM_VALIDATION_EXCEPTION).',
      fields: [{ path: 'Description', message: 'FIELD_CUSTOM_VALIDATION_EXCEPTION' }],
    });
    expect([await keyed(step), await opportunities()]).toEqual([[], before]);
  });

  it('is told apart by its kind', async () => {
    for (const [kind, code] of [
      ['403', 'forbidden'],
      ['limit', 'rate_limited'],
    ] as const) {
      await org.fault({ op: 'read', kind });
      expect(await codeOf(adapter.read(ctx(), { type: 'account', by: 'id', value: accountId(1) }))).toBe(code);
    }
    expect(await codeOf(adapter.read(ctx(), { type: 'account', by: 'id', value: accountId(999_999) }))).toBe(
      'not_found',
    );
  });
});

describe('a write whose answer is lost', () => {
  const asked = {
    'contract.renew': () => renewal(),
    'refund.request': () =>
      request('refund.request', { invoice: 'INV-1', amount: { amount: 1_999, currency: 'EUR' }, reason: 'Twice' }),
  };

  for (const kind of ['500-after', 'reset-after', 'hang-after', 'bad-schema'])
    for (const action of ['contract.renew', 'refund.request'] as const)
      it(`by ${kind} leaves ${action} in doubt, and reading settles it: done, once`, async () => {
        const step = await planned(adapter, asked[action]());
        const impatient = adapterOn(org, { timeoutMs: 500 });
        await org.fault({ op: 'write', kind });
        expect(await codeOf(impatient.execute(ctx(), step))).toBe('unknown_outcome');
        expect(await stateOf(step)).toBe('applied');
        expect(await adapter.execute(ctx(), step)).toMatchObject({ state: 'already_applied' });
        expect((await keyed(step)).length).toBe(action === 'contract.renew' ? 2 : 1);
      }, 20_000);

  it('before it was done is in doubt as well, and reading settles it: not done', async () => {
    const step = await planned(adapter, renewal());
    await org.fault({ op: 'write', kind: '500-before' });
    expect(await codeOf(adapter.execute(ctx(), step))).toBe('unknown_outcome');
    expect([await stateOf(step), await keyed(step)]).toEqual(['not_applied', []]);
    expect(await adapter.execute(ctx(), step)).toMatchObject({ state: 'applied' });
    expect(await keyed(step)).toHaveLength(2);
  });

  it('can be told from the opportunity even after others have written over it', async () => {
    const asked = renewal();
    const step = await planned(adapter, asked);
    await org.fault({ op: 'write', kind: '500-after' });
    expect(await codeOf(adapter.execute(ctx(), step))).toBe('unknown_outcome');
    await sleep(1_000);
    const later = await planned(adapter, {
      ...asked,
      operation: `${asked.operation}-later`,
      terms: { ...asked.terms, seats: 7 },
    });
    await adapter.execute(ctx(), later);
    expect(await stateOf(step)).toBe('diverged');
    expect(await adapter.execute(ctx(), step)).toMatchObject({ state: 'already_applied' });
  });
});

describe('taking back', () => {
  it('writes the old values, closes the opportunity as lost, and does it once', async () => {
    const asked = renewal();
    const before = await org.record('Contract', asked.contract);
    const step = await planned(adapter, asked);
    const done = await adapter.execute(ctx(), step);
    expect(await adapter.compensate?.(ctx(), step, done)).toMatchObject({ state: 'applied' });
    expect(await adapter.compensate?.(ctx(), step, done)).toMatchObject({ state: 'already_applied' });
    const { Seats__c, Unit_Price__c, EndDate, Status } = before;
    expect(await org.record('Contract', asked.contract)).toMatchObject({ Seats__c, Unit_Price__c, EndDate, Status });
    const made = (await org.ledger()).find(
      ({ action, type }) => action === step.idempotencyKey && type === 'Opportunity',
    );
    expect(await org.record('Opportunity', made?.id ?? '')).toMatchObject({ StageName: 'Closed Lost' });
  });

  it('goes over nobody', async () => {
    const asked = renewal();
    const step = await planned(adapter, asked);
    const done = await adapter.execute(ctx(), step);
    await org.edit('Contract', asked.contract, { Notice_Days__c: 99 });
    expect(await codeOf(adapter.compensate?.(ctx(), step, done) ?? Promise.resolve())).toBe('conflict');
    expect(await org.record('Contract', asked.contract)).toMatchObject({ Notice_Days__c: 99, Seats__c: 4_321 });
  });

  it('of what was only made is done where the mapping says how', async () => {
    const draft = {
      action: 'quote.draft',
      records: { opportunity: { type: 'opportunity', id: 'input.opportunity' } },
      steps: [
        {
          id: 'quote',
          summary: "'Draft a quote'",
          create: { type: 'quote', set: { quote: 'input.name', opportunity: 'records.opportunity.id' } },
          reversal: 'compensate',
        },
      ],
    };
    const made = (await org.ledger()).find(({ type }) => type === 'Opportunity');
    const own = adapterOn(org, { recipes: [draft] });
    const step = await planned(own, request('quote.draft', { name: 'Q', opportunity: made?.id ?? '' }));
    const done = await own.execute(ctx(), step);
    expect(await own.compensate?.(ctx(), step, done)).toMatchObject({ state: 'applied' });
    expect(await own.compensate?.(ctx(), step, done)).toMatchObject({ state: 'already_applied' });
    expect(await org.record('Quote', done.ref.value)).toMatchObject({ Status: 'Denied' });
    const open = await planned(adapter, request('case.open', { topic: 'x' }));
    const opened = await adapter.execute(ctx(), open);
    expect(await codeOf(adapter.compensate?.(ctx(), open, opened) ?? Promise.resolve())).toBe('unsupported');
  });
});

describe('a case', () => {
  const caseOf = async (action: string, input: JsonObject) => {
    const plan = await adapter.plan(ctx(), request(action, input));
    const [step] = plan.steps;
    if (step === undefined) throw new Error('nothing planned');
    const { ref } = await adapter.execute(ctx(), step);
    return { record: await org.record('Case', ref.value), warnings: plan.warnings };
  };

  it('for a person is opened whatever records the customer names', async () => {
    for (const account of ['A-1001', accountId(999_999), '../../Task', contactId(1)]) {
      const { record, warnings } = await caseOf('human.handoff', { topic: 'Help', account, urgency: 'high' });
      expect(record).toMatchObject({ AccountId: null, IsEscalated: true, Priority: 'High', Origin: 'Web' });
      expect(warnings).toHaveLength(1);
    }
    const { record, warnings } = await caseOf('human.handoff', {
      topic: 'Help',
      account: accountId(1),
      contact: contactId(1),
    });
    expect(record).toMatchObject({ AccountId: accountId(1), ContactId: contactId(1) });
    expect(warnings).toEqual([]);
  });

  it('keeps its lines, and nothing that cannot be stored', async () => {
    const { record } = await caseOf('case.open', { topic: 'A\u0000B\u2028C', description: ' one\r\ntwo\u0007 \ud800' });
    expect(record).toMatchObject({ Subject: 'A B C', Description: '> one\n> two  \ufffd' });
    // Salesforce itself breaks lines as Windows does.
    const id = String(record['Id']);
    await org.edit('Case', id, { Description: 'one\r\ntwo' });
    const { data } = await adapter.read(ctx(), { type: 'ticket', by: 'id', value: id });
    expect(data['body']).toBe('one\ntwo');
  });

  it('for a refund says how much, and notes that nothing was paid', async () => {
    const before = (await org.ledger()).filter(({ type }) => type === 'CaseComment').length;
    const { record } = await caseOf('refund.request', {
      order: 'O-7',
      amount: { amount: 1_999, currency: 'EUR' },
      reason: 'Broken',
    });
    expect(record).toMatchObject({
      Subject: 'Refund of 19.99 EUR for order O-7',
      Type: 'Refund',
      Description: '> Broken',
    });
    const comments = (await org.ledger()).filter(({ type }) => type === 'CaseComment');
    expect(comments).toHaveLength(before + 1);
    const comment = await org.record('CaseComment', comments.at(-1)?.id ?? '');
    expect(comment['CommentBody']).toContain('Nothing has been paid back yet.');
    const free = request('refund.request', { order: 'O-7', amount: { amount: 0, currency: 'EUR' } });
    expect(await codeOf(adapter.plan(ctx(), free))).toBe('invalid');
  });
});

describe('what others change', () => {
  async function all(cursor?: string, type = 'contact'): Promise<Changed[]> {
    const found: Changed[] = [];
    for await (const each of adapter.changes?.(ctx(), type, cursor) ?? []) found.push(each);
    return found;
  }

  it('is told page after page, and from where it was left', async () => {
    const first = await all();
    expect(new Set(first.map(({ ref }) => ref.value)).size).toBe(first.length);
    expect(first.length).toBeGreaterThan(200);
    const left = first[150];
    expect((await all(left?.cursor)).map(({ ref }) => ref.value)).toEqual(first.slice(151).map(({ ref }) => ref.value));
    const last = first.at(-1)?.cursor;
    await org.edit('Contact', contactId(3), { Title: 'New' });
    await org.edit('Contact', contactId(2), { Title: 'New' });
    await sleep(1_100);
    const news = await all(last);
    expect(news.map(({ ref }) => ref.value).sort()).toEqual([contactId(2), contactId(3)]);
    expect(await all(news.at(-1)?.cursor)).toEqual([]);
  });

  it('is not told before its second is over: another change could still come before it', async () => {
    for (let tries = 0; tries < 20; tries += 1) {
      const last = (await all()).at(-1)?.cursor;
      const second = Math.floor(Date.now() / 1_000);
      await org.edit('Contact', contactId(4), { Title: `Try ${tries}` });
      const early = await all(last);
      // Unless it took longer than that second.
      if (Math.floor(Date.now() / 1_000) !== second) continue;
      expect(early).toEqual([]);
      return;
    }
    throw new Error('no try fitted into a second');
  });

  it('is not told for a cursor of somebody else’s making', async () => {
    for (const cursor of ['', 'x', '2027-01-01T00:00:00Z', "2027-01-01T00:00:00Z x' OR Id != null"])
      expect(await codeOf(all(cursor))).toBe('invalid');
    expect(await codeOf(all(undefined, 'nothing'))).toBe('unsupported');
  });
});

describe('what a customer’s agent can write into an id or a value', () => {
  it('never becomes another path', async () => {
    await adapter.health(ctx());
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webPath()), async (value) => {
        fc.pre(!/^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$/.test(value));
        const from = sent.length;
        for (const by of ['id', 'external'] as const) {
          const code = await codeOf(adapter.read(ctx(), { type: 'contract', by, value }));
          expect(['not_found', 'invalid']).toContain(code);
        }
        for (const { path } of sent.slice(from))
          expect(path).toMatch(
            /^\/services\/data\/v68\.0\/sobjects\/Contract\/Gw_ActionId__c\/[^/?#]+\?fields=[^?#&]+$/,
          );
      }),
      { numRuns: 60 },
    );
  });

  it('never ends a text in a query', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '\\', '"', '%', '_', ' OR ', 'x', 'ä', '😀', ')') }),
        (value) => {
          const { where } = parseSoql(`SELECT Id FROM Contact WHERE LastName = ${bound(value)} AND Email = 'a'`);
          expect(where).toMatchObject({ kind: 'and', tests: [{ values: [value] }, { values: ['a'] }] });
        },
      ),
    );
    for (const value of ['\u0000', '\n', '\u2028', '\ud800']) expect(() => bound(value)).toThrow();
  });
});
