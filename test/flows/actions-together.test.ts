/** protocol/actions-together.json, walked on a CRM of each kind. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanStep } from '../../adapters/sdk/index.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { readDefinitions } from '../../src/contract/files.ts';
import { type Dealing, laterFields } from '../../src/engine/dealings.ts';
import type { Operation } from '../../src/engine/operation.ts';
import { meetsRequirements } from '../../src/engine/requirements.ts';
import { standardTerms } from '../../src/execution/terms.ts';
import { day } from '../support/days.ts';
import { GROUNDS, type Ground } from '../support/together.ts';
import { pageOf, type Together } from '../support/together-page.ts';

const ROOT = join(import.meta.dirname, '../..');
const together: Together = JSON.parse(readFileSync(join(ROOT, 'protocol/actions-together.json'), 'utf8'));
const contract = readDefinitions();

it('T5: the page says what the table says, for each of the sixteen actions and each other', async () => {
  await expect(pageOf(together, contract.definitions)).toMatchFileSnapshot(join(ROOT, 'docs/actions-together.md'));
});

const ASKS: Readonly<Record<string, (record: JsonObject) => { input: JsonObject; terms?: JsonObject }>> = {
  'contract.renew': ({ end_date: end }) => ({
    input: {},
    terms: {
      ...{ unit_price: { amount: 4_700, currency: 'EUR' }, term_months: 12, seats: 25, notice_days: 30 },
      start_date: new Date(Date.parse(String(end)) + 86_400_000).toISOString().slice(0, 10),
    },
  }),
  'contract.amend': () => ({ input: { seats: 30, effective_on: day(90) } }),
  'contract.cancel': () => ({ input: { when: 'now' } }),
  'provider.switch': () => ({ input: { target: 'Other Cloud', export_scope: ['all'] } }),
  'sla.credit': () => ({
    input: {
      incident: { from: `${day(-3)}T08:00:00Z`, to: `${day(-3)}T11:00:00Z`, minutes_down: 180 },
    },
  }),
};

const CTX = { clock: () => new Date(), log: () => undefined };
const ctx = () => ({ ...CTX, signal: AbortSignal.timeout(20_000) });
let asked = 0;

/** What came of one request: carried out, or a part of it waiting for its day, or refused and why. */
type Outcome = { readonly refused: string } | { readonly waits: boolean };

interface History {
  readonly dealings: Dealing[];
  /** What waits for its day: the engine shows it to those that know of such. */
  later: JsonObject;
}

async function ask({ adapter }: Ground, history: History, action: string, id: string, more = {}): Promise<Outcome> {
  asked += 1;
  const snapshot = await adapter.read(ctx(), { type: 'contract', by: 'id', value: id });
  const lacking = Object.entries(history.later).filter(([name]) => (snapshot.data[name] ?? null) === null);
  const seen = { ...snapshot.data, ...Object.fromEntries(lacking) };
  const { input, terms } = ASKS[action]?.(snapshot.data) ?? { input: {} };
  const createdAt = new Date().toISOString();
  const operation = {
    ...{ id: `op_together-${asked}`, action, createdAt, askedOn: day(0) },
    input: { contract: id, ...input, ...more },
    records: { contract: contract.action(action)?.rules.sharesWhileScheduled ? seen : snapshot.data },
  } as unknown as Operation;
  const world = { actions: contract, store: { dealings: () => history.dealings } } as never;
  const possible = meetsRequirements(world, operation, null);
  if (!possible.ok) return { refused: String(possible.error.detail) };
  const whole = terms === undefined ? standardTerms(world, operation) : { ok: true as const, value: terms };
  if (!whole.ok) return { refused: String(whole.error.detail) };
  const sensible = meetsRequirements(world, operation, whole.value);
  if (!sensible.ok) return { refused: String(sensible.error.detail) };
  const { steps } = await adapter.plan(ctx(), {
    ...{ operation: operation.id, action, input: operation.input, asked_on: day(0) },
    ...(whole.value === null ? {} : { terms: whole.value }),
  });
  const now = steps.filter(({ not_before: on }) => on === undefined || on <= day(0));
  for (const step of now) await adapter.execute(ctx(), step);
  const waits = now.length < steps.length;
  if (waits) history.later = { ...history.later, ...laterFields(steps, `contract/${id}`) };
  history.dealings.push(dealing(operation, id, steps));
  return { waits };
}

const dealing = ({ id, action }: Operation, record: string, steps: readonly PlanStep[]): Dealing => ({
  ...{ operation: id, action, record: `contract/${record}`, account: null, agent: '', issuer: null, at: Date.now() },
  changes: steps
    .flatMap(({ changes }) => changes)
    .filter(({ ref }) => ref.type === 'contract')
    .map(({ field, from, to }) => ({ field, from, to })),
});

const PAIRS = Object.entries(together['contract'] ?? {}).flatMap(([first, row]) =>
  Object.entries(row).map(([second, cell]) => [first, second, cell] as const),
);

describe.each(Object.keys(GROUNDS))('on %s', (name) => {
  let ground: Ground;
  beforeAll(async () => {
    ground = (await GROUNDS[name]?.()) ?? expect.fail('no such CRM');
  }, 30_000);
  afterAll(() => ground?.stop());

  it.each(PAIRS)('T5: %s, then %s', async (first, second, cell) => {
    const id = await ground.fresh(PAIRS.findIndex(([a, b]) => a === first && b === second));
    const history: History = { dealings: [], later: {} };
    const before = await ask(ground, history, first, id);
    if ('refused' in before) expect.fail(before.refused);
    const after = await ask(ground, history, second, id);
    if (cell.allowed) return expect(after).not.toHaveProperty('refused');
    expect(after).toHaveProperty('refused');
  });

  it('T5: a notice that is taken back with a renewal leaves no mark, and a later one is possible', async () => {
    const id = await ground.fresh(30);
    const history: History = { dealings: [], later: {} };
    expect(await ask(ground, history, 'contract.cancel', id)).not.toHaveProperty('refused');
    const renewal = await ask(ground, history, 'contract.renew', id, { withdraw_notice: true });
    expect(renewal).not.toHaveProperty('refused');
    const { data } = await ground.adapter.read(ctx(), { type: 'contract', by: 'id', value: id });
    expect(data['cancels_on'] ?? null).toBeNull();
    if ('cancels_on' in data) expect(data['auto_renew']).toBe(true);
    // In CRMs without a place for the next term, the end is the notice's until the day the renewal begins.
    const again = await ask(ground, history, 'contract.cancel', id, { when: 'date', on: day(20) });
    if (name === 'sandbox') expect(again).not.toHaveProperty('refused');
  });

  it('T4: a renewal agreed early and a change for a later day leave today as it is, and say their day', async () => {
    for (const [n, action] of ['contract.renew', 'contract.amend'].entries()) {
      const id = await ground.fresh(40 + n);
      const ref = { type: 'contract', by: 'id', value: id } as const;
      const before = (await ground.adapter.read(ctx(), ref)).data;
      await ask(ground, { dealings: [], later: {} }, action, id);
      const after = (await ground.adapter.read(ctx(), ref)).data;
      for (const field of ['seats', 'unit_price', 'start_date', 'end_date', 'term_months'])
        expect(after[field]).toEqual(before[field]);
    }
  });
});
