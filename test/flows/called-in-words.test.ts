/** A person who is asked for in words is called beside the machine: words end no agreement and no offer, and open one case. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const CONTRACT = {
  status: 'active',
  notice_days: 60,
  auto_renew: false,
  payment_terms_days: 30,
  unit_price: eur(4_900),
  seats: 25,
  term_months: 12,
  start_date: TERM.start,
  end_date: TERM.end,
  next_start_date: null,
};
const POLICY = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 97, concede_to: 92, limit: 90 },
  issues: { '/term_months': { range: [12, 36] } },
  alternatives: 1,
  hold: 'always',
  budget: { per: 'year', amount: 10_000_000, currency: 'EUR', times: ['/seats', '/term_months'] },
};
const EVERYTHING = { name: 'all', when: 'true', role: 'approver', reason: 'Everything.' };
const WISH = 'I want to speak to a person.';

let gateway: TestGateway;
let agent: TestAgent;

function gatewayWith(rules: readonly JsonObject[]) {
  beforeAll(async () => {
    const config = { negotiation: { 'contract.renew': POLICY }, signoff: { rules } };
    gateway = await startTestGateway({ faults: true, config });
    agent = await gateway.newAgent();
  }, 60_000);
  afterAll(() => gateway.stop());
  beforeEach(() => gateway.crm.edit('contracts', 'K-1001', CONTRACT));
}

async function begun(input: JsonObject = {}): Promise<OperationView> {
  const mandate = await gateway.mandateFor(agent);
  const { id } = await agent.client.submit('contract.renew', { contract: 'K-1001', ...input }, mandate);
  return agent.client.waitForTurn(id);
}

const say = (id: string, text: string) => agent.client.counter(id, {}, text);

async function accepted(view: OperationView, state: string): Promise<OperationView> {
  const offer = view.offers?.at(-1);
  if (offer === undefined) throw new Error('no offer');
  await agent.client.accept(view, offer);
  return agent.client.waitForTurn(view.id, (each) => each.state === state);
}

function cases(): number {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
  const row = db.prepare("select count(*) n from operations where doc ->> '$.action' = 'human.handoff'").get();
  db.close();
  return Number(row?.['n']);
}

describe('beside a talk with held offers', () => {
  gatewayWith([]);

  it('N9: words that want no person call none, and a wish leaves the held offer to be accepted', async () => {
    const view = await begun();
    expect(view.offers?.at(-1)?.firmness).toBe('held');
    const without = await say(view.id, 'No human is needed; we would like 24 months.');
    expect(without).toMatchObject({ state: 'negotiating', reading: { understood: { terms: { term_months: 24 } } } });
    expect(without.handoff).toBe(undefined);
    const wished = await say(view.id, WISH);
    expect(wished).toMatchObject({ state: 'negotiating', turn: 'agent', reading: { understood: { kind: 'person' } } });
    expect(wished.handoff?.case_ref).toBeDefined();
    expect(wished.open_offers).toEqual(view.open_offers);
    await accepted(wished, 'completed');
  }, 30_000);

  it('N9: an opening that counts by the person is answered with offers, and one that wants terms and a person with both', async () => {
    const priced = await begun({ message: 'We would like 30 seats at 40 EUR a person.' });
    expect(priced).toMatchObject({ state: 'negotiating', reading: { understood: { kind: 'proposal' } } });
    expect(priced.handoff).toBe(undefined);
    const both = await begun({ message: 'We want 24 months. I would like to talk to a person, too.' });
    expect(both).toMatchObject({ state: 'negotiating', reading: { understood: { terms: { term_months: 24 } } } });
    expect(both.handoff?.case_ref).toBeDefined();
    expect(both.offers?.length).toBeGreaterThan(0);
    // What they hold is free again.
    for (const { id } of [priced, both]) await agent.client.withdraw(id);
  }, 30_000);

  it('N9: one case is open for an operation, however often it is asked for, and it takes no words without end', async () => {
    const { id } = await begun();
    const before = cases();
    const first = await say(id, WISH);
    for (let count = 1; count < LIMITS.wordsMax; count += 1)
      expect((await say(id, `${WISH} ${count}`)).handoff).toEqual(first.handoff);
    await expect(say(id, WISH)).rejects.toMatchObject({
      problem: { detail: expect.stringContaining(first.handoff?.case_ref ?? '-') },
    });
    // In typed form a person always takes over: in the same case, with nothing promised anew.
    const over = await agent.client.handoff(id, 'A person, please');
    expect(over).toMatchObject({ state: 'handed_off', handoff: first.handoff });
    await expect(agent.client.handoff(id, 'Again')).rejects.toThrow('A person has been asked for');
    expect(cases() - before).toBe(1);
  }, 60_000);

  it('N9: so too where it has ended, and side by side', async () => {
    const done = await accepted(await begun(), 'completed');
    const before = cases();
    const asked = await Promise.allSettled([
      say(done.id, WISH),
      say(done.id, `${WISH} Now.`),
      agent.client.handoff(done.id, 'Help'),
    ]);
    expect(asked.some(({ status }) => status === 'fulfilled')).toBe(true);
    const again = await say(done.id, WISH);
    expect(again).toMatchObject({ state: 'completed', handoff: { case_ref: expect.any(String) } });
    expect((await agent.client.handoff(done.id, 'Help')).handoff).toEqual(again.handoff);
    expect(cases() - before).toBe(1);
  }, 30_000);

  it('N9: a case that nobody has answered in time is followed by another', async () => {
    const done = await accepted(await begun(), 'completed');
    const first = await say(done.id, WISH);
    const before = cases();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(first.handoff?.respond_by ?? '') + 1_000 });
    const later = await say(done.id, WISH).finally(() => vi.useRealTimers());
    expect(later.handoff?.case_ref).not.toBe(first.handoff?.case_ref);
    expect(cases() - before).toBe(1);
  }, 30_000);
});

describe('beside an agreement that waits for a sign-off', () => {
  gatewayWith([EVERYTHING]);

  it('N9: so too where every offer is indicative, in the talk and with the request itself', async () => {
    const view = await begun();
    expect(view.offers?.at(-1)?.firmness).toBe('indicative');
    const wished = await say(view.id, WISH);
    expect(wished).toMatchObject({ state: 'negotiating', turn: 'agent', reading: { understood: { kind: 'person' } } });
    expect(wished.handoff?.case_ref).toBeDefined();
    expect(wished.open_offers).toEqual(view.open_offers);
    await agent.client.withdraw(view.id);
    const asked = await begun({ message: WISH });
    expect(asked).toMatchObject({ state: 'negotiating', handoff: { case_ref: expect.any(String) } });
    expect(asked.offers?.length).toBeGreaterThan(0);
    await agent.client.withdraw(asked.id);
  }, 30_000);

  it('N9: words leave it where it is, with a person called or none, and it is approved', async () => {
    const signed = await accepted(await begun(), 'awaiting_signoff');
    const text = 'Thank you. No human is needed on our side; we would like the invoice by mail.';
    await say(signed.id, text).catch(() => undefined);
    expect(await agent.client.read(signed.id)).toMatchObject({ state: 'awaiting_signoff' });
    const called = await say(signed.id, WISH);
    expect(called).toMatchObject({ state: 'awaiting_signoff', handoff: { case_ref: expect.any(String) } });
    await gateway.approve(`${gateway.origin}/console/signoffs/${signed.signoff?.id}`);
    await agent.client.waitForTurn(signed.id, ({ state }) => state === 'completed');
  }, 30_000);
});
