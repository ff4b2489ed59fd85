/** Offers stand on facts, and one commitment a record is open at a time: over HTTP, with a real CRM whose people edit it. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays } from '../../adapters/sdk/calendar.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { ProblemError } from '../../src/client/index.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { decideAs } from '../support/person.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const MARIA = { id: 'maria', password: 'correct horse battery' };
const CONTRACT = {
  status: 'active',
  unit_price: eur(4_900),
  seats: 25,
  term_months: 12,
  start_date: TERM.start,
  end_date: TERM.end,
  notice_days: 60,
  auto_renew: false,
  payment_terms_days: 30,
};
const ACCOUNTS = Array.from({ length: 30 }, (_, index) => `A-${1_001 + index}`);

let gateway: TestGateway;
let agent: TestAgent;
let made = 0;
const mandateFor = (who: TestAgent) => gateway.mandateFor(who, { actions: ['contract.renew'], accounts: ACCOUNTS });

beforeAll(async () => {
  gateway = await startTestGateway({
    faults: true,
    others: ACCOUNTS.slice(1),
    config: {
      negotiation: {
        'contract.renew': {
          main: { issue: '/unit_price', percent_of: '/unit_price', open: 100, concede_to: 96, limit: 95 },
          issues: {
            '/term_months': { range: [12, 36], worth: { 12: 0, 24: 4, 36: 8 } },
            '/seats': { range: [5, 500] },
          },
          memory: 'none',
          segments: [{ name: 'lapsed', when: 'record.status == "expired"', alternatives: 1 }],
        },
      },
      signoff: { rules: [{ name: 'big', when: 'terms.seats > 100', role: 'approver', reason: 'Many seats.' }] },
      watch: { poll_seconds: 3_600 },
    },
  });
  agent = await gateway.newAgent();
});
afterAll(() => gateway.stop());

async function fresh(): Promise<string> {
  made += 1;
  const id = `K-${1_000 + made}`;
  await gateway.crm.edit('contracts', id, CONTRACT);
  return id;
}

async function talk(contract: string, proposal?: object, who = agent): Promise<OperationView> {
  const input = { contract, ...(proposal === undefined ? {} : { proposal }) };
  const { id } = await who.client.submit('contract.renew', input as never, await mandateFor(who));
  return who.client.waitForTurn(id);
}

const open = ({ offers = [], open_offers: ids = [] }: OperationView): readonly Offer[] =>
  offers.filter(({ id }) => ids.includes(id));

function last(view: OperationView): Offer {
  const offer = open(view).at(-1);
  if (offer === undefined) throw new Error(`no open offer: ${JSON.stringify(view)}`);
  return offer;
}

async function refusedWith(call: Promise<unknown>): Promise<ProblemError> {
  const error = await call.then(
    (value) => new Error(`not refused: ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ProblemError) return error;
  throw error;
}
const codeOf = ({ type }: ProblemError) => type.split(':').at(-1);

function stored(id: string): { readonly advice?: string; readonly agreement?: { signatures: unknown[] } } {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
  try {
    return JSON.parse(String(db.prepare('SELECT doc FROM operations WHERE id = ?').get(id)?.['doc']));
  } finally {
    db.close();
  }
}

describe('an offer', () => {
  it('T1: names the revision and a digest of the facts it rests on, in what both sides sign', async () => {
    const contract = await fresh();
    const view = await talk(contract);
    const { facts } = last(view);
    expect(facts).toMatchObject({ revision: expect.any(String), digest: expect.any(String) });
    const done = await agent.client.accept(view, last(view));
    const payload = JSON.parse(Buffer.from(String(done.agreement?.['payload']), 'base64url').toString());
    expect(payload.facts).toEqual(facts);
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
  });

  it('T1: is kept where something changed that it does not rest on', async () => {
    const contract = await fresh();
    const view = await talk(contract);
    await gateway.crm.edit('contracts', contract, { auto_renew: true });
    await agent.client.accept(view, last(view));
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
  });

  it('T1: that bound nobody is refused with what changed, and the talk goes on from the facts of today', async () => {
    const contract = await fresh();
    const view = await talk(contract, { seats: 150 });
    expect(last(view).firmness).toBe('indicative');
    await gateway.crm.edit('contracts', contract, { unit_price: eur(6_000) });
    const refused = await refusedWith(agent.client.accept(view, last(view)));
    expect(codeOf(refused)).toBe('offer-facts-changed');
    expect(refused.problem['changed']).toEqual([{ fact: 'contract.unit_price', from: eur(4_900), to: eur(6_000) }]);
    const again = await refusedWith(agent.client.accept(view, last(view)));
    expect(codeOf(again)).toBe('offer-facts-changed');
    const now = await agent.client.waitForTurn(view.id);
    expect(now).toMatchObject({ state: 'negotiating', turn: 'agent', rounds_left: view.rounds_left });
    for (const { id } of open(view)) expect(now.open_offers).not.toContain(id);
    expect(last(now).terms).toMatchObject({ unit_price: eur(6_000), seats: 150 });
    await agent.client.accept(now, last(now));
    const waiting = await agent.client.waitForTurn(view.id, ({ state }) => state === 'awaiting_signoff');
    await decideAs(gateway.origin, MARIA, waiting.signoff?.id ?? '', { decision: 'approved' });
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
  });

  it('T1: that was binding stands where the company changed the record: a person settles it, and knows both', async () => {
    const contract = await fresh();
    const view = await talk(contract);
    expect(last(view).firmness).toBe('binding');
    await gateway.crm.edit('contracts', contract, { unit_price: eur(6_000), seats: 40 });
    await agent.client.accept(view, last(view));
    const waiting = await agent.client.waitForTurn(view.id, ({ state }) => state === 'awaiting_signoff');
    expect(waiting.signoff?.reasons.join(' ')).toContain('contract.unit_price was 49.00 EUR and is 60.00 EUR');
    expect(await gateway.crm.record('contracts', contract)).toMatchObject({ unit_price: eur(6_000), seats: 40 });
    await decideAs(gateway.origin, MARIA, waiting.signoff?.id ?? '', { decision: 'approved' });
    expect(await agent.client.waitForTurn(view.id)).toMatchObject({
      state: 'completed',
      output: { terms: { unit_price: eur(4_900), seats: 25 } },
    });
  });

  it('T1: that was binding and can no longer be carried out is a person’s, with the agent’s signature', async () => {
    const contract = await fresh();
    const view = await talk(contract);
    await gateway.crm.edit('contracts', contract, { status: 'cancelled' });
    await agent.client.accept(view, last(view));
    const ended = await agent.client.waitForTurn(view.id);
    expect(ended.state).toBe('handed_off');
    expect(ended.agreement).toBeDefined();
    expect(stored(view.id).advice).toContain('binding offer');
  });

  it('T1: is counted as stale where the customer’s own other request changed the record', async () => {
    const contract = await fresh();
    const [first, second] = [await talk(contract, { term_months: 36 }), await talk(contract)];
    await agent.client.accept(first, last(first));
    expect((await agent.client.waitForTurn(first.id)).state).toBe('completed');
    const ends = (await gateway.crm.record('contracts', contract))['next_end_date'];
    expect(last(second).firmness).toBe('binding');
    const refused = await refusedWith(agent.client.accept(second, last(second)));
    expect([codeOf(refused), refused.message]).toEqual([
      'record-unusable',
      expect.stringContaining('The next term is agreed on already'),
    ]);
    expect((await gateway.crm.record('contracts', contract))['next_end_date']).toBe(ends);
  });

  it('T1: is made anew from the record as it is when the customer counters', async () => {
    const contract = await fresh();
    const view = await talk(contract);
    await gateway.crm.edit('contracts', contract, { unit_price: eur(8_000) });
    const next = await agent.client.counter(view.id, { unit_price: eur(4_000) });
    for (const { terms } of open(next))
      expect((terms['unit_price'] as { amount: number }).amount).toBeGreaterThan(6_900);
    expect(last(next).facts?.revision).not.toBe(last(view).facts?.revision);
    await agent.client.withdraw(view.id);
  });

  it('T1: is neither kept nor lost while the record cannot be read', async () => {
    const contract = await fresh();
    const view = await talk(contract);
    await gateway.crm.fault({ op: 'read', kind: '500-before', count: 200 });
    const away = await refusedWith(agent.client.accept(view, last(view)));
    const countered = await refusedWith(agent.client.counter(view.id, { term_months: 24 }));
    await gateway.crm.clearFaults();
    for (const refused of [away, countered]) expect([refused.status, codeOf(refused)]).toEqual([503, 'unavailable']);
    expect((await agent.client.read(view.id)).open_offers).toEqual(view.open_offers);
    await agent.client.accept(view, last(view));
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
  });
});

describe('a record', () => {
  it('T1: has one open commitment: the second is refused, told of the first, and free again at its end', async () => {
    const contract = await fresh();
    const other = await gateway.newAgent();
    const first = await talk(contract, { seats: 150 });
    const [second, third] = [await talk(contract), await talk(contract, undefined, other)];
    await agent.client.accept(first, last(first));
    const waiting = await agent.client.waitForTurn(first.id, ({ state }) => state === 'awaiting_signoff');
    const mine = await refusedWith(agent.client.accept(second, last(second)));
    expect(codeOf(mine)).toBe('record-busy');
    const until = waiting.signoff?.expires_at;
    const told = { action: 'contract.renew', state: 'awaiting_signoff', until };
    expect(mine.problem['open']).toEqual({ ...told, operation: first.id });
    const theirs = await refusedWith(other.client.accept(third, last(third)));
    expect(theirs.problem['open']).toEqual(told);
    await agent.client.withdraw(first.id);
    await agent.client.accept(second, last(second));
    expect((await agent.client.waitForTurn(second.id)).state).toBe('completed');
    await other.client.withdraw(third.id);
  });

  it('T1: that people changed while a sign-off waited is not overwritten in silence', async () => {
    const changed = addDays(TERM.end, 731);
    const contract = await fresh();
    const view = await talk(contract, { seats: 150 });
    await agent.client.accept(view, last(view));
    const waiting = await agent.client.waitForTurn(view.id, ({ state }) => state === 'awaiting_signoff');
    await gateway.crm.edit('contracts', contract, {
      start_date: addDays(TERM.end, 1),
      end_date: changed,
      term_months: 24,
    });
    await decideAs(gateway.origin, MARIA, waiting.signoff?.id ?? '', { decision: 'approved' });
    const again = await agent.client.waitForTurn(
      view.id,
      ({ state, signoff }) => state !== 'authorized' && state !== 'agreed' && signoff?.id !== waiting.signoff?.id,
    );
    expect(['awaiting_signoff', 'rejected', 'handed_off']).toContain(again.state);
    if (again.state === 'awaiting_signoff') expect(again.signoff?.reasons.join(' ')).toContain('contract.end_date was');
    expect((await gateway.crm.record('contracts', contract))['end_date']).toBe(changed);
  });
});
