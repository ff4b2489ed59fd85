import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { standardSamples } from '../conformance/samples.ts';
import { STANDARD_RECIPES } from '../sdk/actions/standard.ts';
import type { Adapter, AdapterError, Ctx, PlanStep } from '../sdk/index.ts';
import { extendMapping } from '../sdk/mapping.ts';
import { makeSqlAdapter } from './index.ts';
import { openPostgres, openSqlite, type RigDatabase } from './rig/databases.ts';
import { MAPPING } from './rig/mapping.ts';
import { seeded } from './rig/schema.ts';

const ctx = (ms = 5_000): Ctx => ({
  clock: () => new Date('2026-11-02T09:00:00Z'),
  signal: AbortSignal.timeout(ms),
  log: () => undefined,
});

function made(database: RigDatabase, mapping = MAPPING, recipes: readonly JsonObject[] = STANDARD_RECIPES): Adapter {
  const adapter = makeSqlAdapter({ engine: database.engine({ tenant: 'a', timeoutMs: 5_000 }), mapping, recipes });
  if (!adapter.ok) throw new Error(adapter.error.join('\n'));
  return adapter.value;
}

const failure = async (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );

const [renewal] = standardSamples(seeded);
let used = 0;
async function planned(adapter: Adapter, recipe = 'contract.renew'): Promise<PlanStep> {
  used += 1;
  const { input, terms = {} } = (await renewal?.prepare(used)) ?? { input: {} };
  const plan = await adapter.plan(ctx(), { operation: `op_${used}`, action: recipe, input, terms });
  const [step] = plan.steps;
  if (step === undefined) throw new Error('nothing planned');
  return step;
}

describe.each([
  ['SQLite', openSqlite],
  ['PostgreSQL', openPostgres],
] as const)('%s', (_name, open) => {
  let database: RigDatabase;
  let adapter: Adapter;
  const count = async (sql: string) => Number((await database.run([[sql]]))[0]?.['n']);
  beforeAll(async () => {
    database = await open();
    adapter = made(database);
  }, 60_000);
  afterAll(() => database.stop());

  it('changes a record and makes another in one step, or neither', async () => {
    const base = STANDARD_RECIPES[0] ?? {};
    const renew: JsonObject = JSON.parse(JSON.stringify(base));
    const both = {
      ...renew,
      steps: [
        {
          id: 'contract',
          summary: "'Renew'",
          update: { record: 'contract', set: { seats: 'terms.seats' } },
          create: { type: 'ticket', account: 'records.contract.account', set: { subject: 'input.subject' } },
        },
      ],
    };
    const own = made(database, MAPPING, [both]);
    const plan = (operation: string, subject: string) =>
      own.plan(ctx(), {
        operation,
        action: 'contract.renew',
        input: { contract: 'K-301', subject },
        terms: { seats: 77, term_months: 1, notice_days: 1 },
      });
    const [fails] = (await plan('op_both-1', '')).steps;
    const [step] = (await plan('op_both-2', 'Won')).steps;
    if (fails === undefined || step === undefined) throw new Error('nothing planned');
    // The ticket has no subject, which the table refuses.
    expect((await failure(own.execute(ctx(), fails))).code).toBe('invalid');
    expect(await own.verify(ctx(), fails)).toMatchObject({ state: 'not_applied' });
    expect((await own.read(ctx(), { type: 'contract', by: 'id', value: 'K-301' })).data['seats']).toBe(25);
    await own.execute(ctx(), step);
    expect(await own.verify(ctx(), step)).toMatchObject({ state: 'applied', diff: [] });
    const ticket = await own.read(ctx(), { type: 'ticket', by: 'external', value: 'op_both-2:contract' });
    expect(ticket.data).toMatchObject({ subject: 'Won', account: 'A-1' });
  });

  it('takes a used key with another body for a conflict', async () => {
    const step = await planned(adapter);
    await adapter.execute(ctx(), step);
    const other = { ...step, payload: { ...step.payload, note: 'other' } };
    expect((await failure(adapter.execute(ctx(), other))).code).toBe('conflict');
    expect((await adapter.execute(ctx(), step)).state).toBe('already_applied');
  });

  it('writes nothing once the caller has gone', async () => {
    const step = await planned(adapter);
    const before = await count('SELECT count(*) AS n FROM audit');
    await database.lock();
    const late = await failure(adapter.execute(ctx(200), step));
    await database.unlock();
    expect(late.code).toBe('retryable');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await count('SELECT count(*) AS n FROM audit')).toBe(before);
    expect((await adapter.execute(ctx(), step)).state).toBe('applied');
  });

  it('knows one spelling of an id', async () => {
    await database.run([["INSERT INTO tickets (id, subject) VALUES (7, 'Seven')"]]);
    const read = (value: string) => adapter.read(ctx(), { type: 'ticket', by: 'id', value });
    expect((await read('7')).data['subject']).toBe('Seven');
    for (const value of ['07', ' 7', '7.0', '+7', '7 OR 1=1', "7'"])
      expect(['not_found', 'invalid']).toContain((await failure(read(value))).code);
  });

  it('opens a ticket for an account that nobody knows', async () => {
    for (const account of ['A-404', 'x'.repeat(300)]) {
      const asked = {
        operation: `op_${account.slice(0, 9)}`,
        action: 'human.handoff',
        input: { account, topic: 'Help' },
      };
      const [step] = (await adapter.plan(ctx(), asked)).steps;
      expect(step?.payload['create']).toMatchObject({ account: null, values: { subject: 'Help' } });
    }
  });

  it('reads on after an id that its column cannot hold', async () => {
    const recipe: JsonObject = {
      action: 'case.open',
      records: {
        ticket: { type: 'ticket', id: 'input.ticket', optional: true },
        account: { type: 'account', id: 'input.account' },
      },
      steps: [
        {
          id: 'new',
          summary: "'Open'",
          create: {
            type: 'ticket',
            account: 'records.account.id',
            set: { subject: "has(records.ticket) ? 'a' : 'b'" },
          },
        },
      ],
    };
    const own = made(database, MAPPING, [recipe]);
    const input = { ticket: 'not a number', account: 'A-1' };
    const { steps } = await own.plan(ctx(), { operation: 'op_on', action: 'case.open', input });
    expect(steps[0]?.payload['create']).toMatchObject({ account: 'A-1', values: { subject: 'b' } });
  });

  it('tells what the database does not have, and works once it has it', async () => {
    const mapping = extendMapping(MAPPING, {
      effects: 'other_effects',
      types: { contract: { fields: { plan: { field: 'plan_name', label: 'Plan', kind: 'text', chars_max: 20 } } } },
    });
    const late = made(database, mapping);
    expect(await late.health(ctx())).toMatchObject({
      ok: false,
      detail: 'The database does not fit the mapping. table other_effects is missing. contracts.plan_name is missing.',
    });
    const refused = await failure(late.read(ctx(), { type: 'contract', by: 'id', value: 'K-1' }));
    expect(refused).toMatchObject({ code: 'unsupported', message: 'The database does not fit the mapping.' });
    await database.run([
      ['CREATE TABLE other_effects (key varchar(200) PRIMARY KEY, digest text, records text, made_at text)'],
      ['ALTER TABLE contracts ADD COLUMN plan_name varchar(20)'],
    ]);
    expect(await late.health(ctx())).toMatchObject({ ok: true });
  });
});

describe('documents', () => {
  it('with mistakes are refused, all mistakes at once', async () => {
    const mapping = {
      effects: 'x; drop table',
      money: 'float',
      surprise: 1,
      types: {
        contract: {
          object: 'contracts',
          id: 'a b',
          version: 'v"',
          versions: 'nobody',
          fields: { unit_price: { field: 'price', label: 'Price', kind: 'money' } },
        },
      },
    };
    const database = await openSqlite();
    const engine = database.engine({ tenant: 'a', timeoutMs: 1_000 });
    const adapter = makeSqlAdapter({ engine, mapping, recipes: [] });
    expect(adapter.ok ? [] : adapter.error).toEqual([
      '/effects is not the name of a table',
      '/money must be one of minor, decimal',
      '/surprise is not known',
      '/types/contract/id is not the name of a column',
      '/types/contract/version is not the name of a column',
      '/types/contract/versions must be adapter or database',
      '/types/contract/fields/unit_price has no currency column',
    ]);
    const recipes = [{ action: 'x.y', steps: [{ id: 'a', summary: "'s'", create: { type: 'nothing', set: {} } }] }];
    const other = makeSqlAdapter({ engine, mapping: MAPPING, recipes });
    expect(other.ok ? [] : other.error.join('\n')).toContain('/recipes/x.y/steps/0/create names nothing');
    await database.stop();
  });
});
