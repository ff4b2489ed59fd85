/** What a person at the company types, and what the customer's agent makes of it. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeThrough } from '../../demo/agent.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView, SignoffView } from '../../protocol/operation.ts';
import type { BuyerGoals } from '../../src/client/index.ts';
import { hashPassword } from '../../src/serve/console/session.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { answerAs, decideAs, pageAs, readAs, sendAs } from '../support/person.ts';

const MARIA = { id: 'maria', password: 'correct horse battery' };
const CONTRACT = 'K-1001';
const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const eur = (amount: number) => ({ amount, currency: 'EUR' });

let gateway: TestGateway;
let agent: TestAgent;
let seats = 25;

beforeAll(async () => {
  const maria = {
    id: MARIA.id,
    name: 'Maria',
    roles: ['approver'],
    password_scrypt: await hashPassword(MARIA.password),
  };
  const rule = { name: 'long', when: 'terms.term_months > 24', role: 'approver', reason: 'Longer than two years.' };
  gateway = await startTestGateway({
    faults: true,
    config: {
      approvers: [maria],
      signoff: { rules: [rule], answers_by: ['desk'] },
      webhooks: [{ name: 'desk', url: 'http://127.0.0.1:9/hook' }],
    },
    environment: { PARLEY_WEBHOOK_SECRET_DESK: SECRET },
  });
  agent = await gateway.newAgent();
});
afterAll(() => gateway?.stop());

/** A renewal that waits for a person, over other seats each time. */
async function waiting() {
  seats += 1;
  await gateway.crm.edit('contracts', CONTRACT, { next_start_date: null });
  const input = { contract: CONTRACT, proposal: { term_months: 36, seats } };
  const asked = await agent.client.submit('contract.renew', input, await gateway.mandateFor(agent));
  const view = await agent.client.waitForTurn(asked.id);
  const offer = view.offers?.findLast(({ by }) => by !== 'agent');
  if (offer === undefined) throw new Error('no offer');
  await agent.client.accept(view, offer);
  const { signoff } = await agent.client.waitForTurn(asked.id, ({ state }) => state === 'awaiting_signoff');
  if (signoff === undefined) throw new Error('nobody is asked');
  return { id: asked.id, signoff, price: Number((offer.terms['unit_price'] as { amount: number }).amount) };
}

const counter = (signoff: string, fields: Readonly<Record<string, string>>) =>
  sendAs(gateway.origin, MARIA, `/console/signoffs/${signoff}`, { fields: { decision: 'countered', ...fields } });

const answerSigned = ({ id, plan_digest }: SignoffView, answer: JsonObject) =>
  answerAs(gateway.origin, SECRET, { signoff: id, body: { plan_digest, approver: MARIA.id, ...answer } });

const offersOf = async (id: string) => ((await agent.client.read(id)).offers ?? []).filter(({ by }) => by === 'person');

describe('a person’s own offer', () => {
  it('N4: is typed in units of the currency, as the form shows what was agreed', async () => {
    const { id, signoff, price } = await waiting();
    const page = await pageAs(gateway.origin, MARIA, signoff.id);
    expect(page).toContain(`name="terms.unit_price" value="${(price / 100).toFixed(2)}"`);
    expect(page).not.toContain('minor units');
    expect((await counter(signoff.id, { 'terms.unit_price': '49.00' })).status).toBe(303);
    expect(await offersOf(id)).toMatchObject([{ terms: { unit_price: eur(4_900) } }]);
    await agent.client.withdraw(id);
  });

  it('N4: that is far from what was asked or from today is sent after a second look only, and only that very one', async () => {
    const { id, signoff } = await waiting();
    for (const slip of ['1', '0.01', '490', '4900.00']) {
      const { status, page } = await counter(signoff.id, { 'terms.unit_price': slip, 'terms.notice_days': '61' });
      expect(status).toBe(422);
      expect(page).toContain('is far from what is asked for: ');
      expect(page).toContain('today: 49.00 EUR');
      expect(page).toContain(`name="terms.unit_price" value="${slip}"`);
      expect(page).toContain('name="terms.notice_days" value="61"');
    }
    expect(await offersOf(id)).toEqual([]);
    const { page } = await counter(signoff.id, { 'terms.unit_price': '80.00' });
    const sure = /name="sure" value="([^"]*)"/.exec(page)?.[1]?.replaceAll('&quot;', '"') ?? '';
    expect((await counter(signoff.id, { 'terms.unit_price': '800.00', sure })).status).toBe(422);
    expect((await counter(signoff.id, { 'terms.unit_price': '80.00', sure })).status).toBe(303);
    expect(await offersOf(id)).toMatchObject([{ terms: { unit_price: eur(8_000) } }]);
    await agent.client.withdraw(id);
  });

  it('N4: with a mistake comes back with everything that was typed, and the field named', async () => {
    const { id, signoff } = await waiting();
    const typed = { 'terms.unit_price': '48,50', 'terms.term_months': 'two years', 'terms.notice_days': '45' };
    const { status, page } = await counter(signoff.id, typed);
    expect(status).toBe(422);
    expect(page).toContain('Unit price: “48,50” is not an amount in EUR: write it like ');
    expect(page).toContain('Term months: “two years” is not a number');
    for (const [name, value] of Object.entries(typed)) expect(page).toContain(`name="${name}" value="${value}"`);
    // What only the action's own rules can tell comes back too.
    const refused = await counter(signoff.id, { 'terms.term_months': '-3', 'terms.notice_days': '45' });
    expect(refused.status).toBe(409);
    expect(refused.page).toMatch(/role="alert">[^<]*term_months/);
    expect(refused.page).toContain('name="terms.term_months" value="-3"');
    expect(refused.page).toContain('name="terms.notice_days" value="45"');
    expect(await offersOf(id)).toEqual([]);
    await agent.client.withdraw(id);
  });

  it('N4: carries the person’s own words for the agent, quoted, from the page and from a webhook', async () => {
    const { id, signoff } = await waiting();
    const words = '  For a longer term\nwe can meet you. “Really.”  ';
    const fields = { 'terms.unit_price': '47.00', message: words, reason: 'They will leave otherwise' };
    expect((await counter(signoff.id, { ...fields, message: 'x'.repeat(501) })).status).toBe(409);
    const far = await counter(signoff.id, { 'terms.unit_price': '470', message: words });
    expect(far.page).toContain('we can meet you.');
    expect((await counter(signoff.id, fields)).status).toBe(303);
    const [offer] = await offersOf(id);
    expect(offer?.note).toBe(
      'A person at the company made this offer and says: “For a longer term\nwe can meet you. “Really.””',
    );
    expect(JSON.stringify(await agent.client.read(id))).not.toContain('They will leave');
    expect(await pageAs(gateway.origin, MARIA, signoff.id)).toContain('we can meet you.');
    await agent.client.withdraw(id);

    const again = await waiting();
    const answer = { decision: 'counter', terms: { unit_price: eur(4_710) }, message: 'Our best.' };
    expect(await answerSigned(again.signoff, answer)).toBe(200);
    expect((await offersOf(again.id))[0]?.note).toBe('A person at the company made this offer and says: “Our best.”');
    await agent.client.withdraw(again.id);
  });

  it('N4: ends no agent of ours: it talks on, accepts, and waits for the person again', async () => {
    const { id, signoff } = await waiting();
    expect((await counter(signoff.id, { 'terms.unit_price': '47.00', 'terms.term_months': '36' })).status).toBe(303);
    const goals: BuyerGoals = {
      terms: {
        unit_price: { wish: eur(4_300), most: eur(4_720), weight: 5 },
        term_months: { wish: 24, most: 36 },
        seats: { wish: seats },
        notice_days: { wish: 60, most: 90 },
      },
    };
    const asked: string[] = [];
    const ended: OperationView = await seeThrough(agent.client, await agent.client.read(id), {
      goals,
      async signoff(view) {
        const { id: next = '' } = view.signoff ?? {};
        asked.push(next);
        expect(await decideAs(gateway.origin, MARIA, next, { decision: 'approved' })).toBe(303);
      },
    });
    expect(ended.state).toBe('completed');
    expect(asked).toHaveLength(1);
    expect(asked).not.toContain(signoff.id);
  });
});

describe('the pages', () => {
  it('N5: name the customer, the value and the change, in percent and in money, wherever it is listed or decided', async () => {
    const { id, signoff, price } = await waiting();
    const percent = `▼ −${(((4_900 - price) / 4_900) * 100).toFixed(1)} %`;
    const grouped = (cents: number) =>
      (cents / 100).toLocaleString('en-GB', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const value = `${grouped(price * seats * 36)} EUR`;
    const difference = `−${grouped((4_900 - price) * seats * 36)} EUR`;
    for (const path of ['', 'operations', `operations/${id}`, `signoffs/${signoff.id}`]) {
      const page = await readAs(gateway.origin, MARIA, `/console/${path}`);
      for (const shown of ['Nordwind Logistik GmbH', 'A-1001', value, percent])
        expect([path, page]).toEqual([path, expect.stringContaining(shown)]);
      if (path.includes('/')) expect(page).toContain(difference);
    }
    // With the CRM away the page is there as soon, with what is known.
    await gateway.crm.fault({ op: 'read', kind: '500-before', count: 1_000 });
    const began = performance.now();
    expect(await readAs(gateway.origin, MARIA, '/console/')).toContain('A-1001');
    expect(performance.now() - began).toBeLessThan(5_000);
    await gateway.crm.clearFaults();
    await agent.client.withdraw(id);
  });
});

describe('a person’s no', () => {
  it('N4: reaches the agent in the words that were made for it, and the reason stays inside', async () => {
    const { id, signoff } = await waiting();
    const fields = { decision: 'rejected', reason: 'They owe us 4,000', message: 'Please settle invoice 17 first.' };
    const path = `/console/signoffs/${signoff.id}`;
    expect((await sendAs(gateway.origin, MARIA, path, { fields })).status).toBe(303);
    const ended = await agent.client.waitForTurn(id);
    expect(ended).toMatchObject({
      state: 'rejected',
      problem: { detail: 'A person at the company decided against it: Please settle invoice 17 first.' },
    });
    expect(JSON.stringify(ended)).not.toContain('owe us');
    const page = await pageAs(gateway.origin, MARIA, signoff.id);
    expect(page).toContain('They owe us 4,000');
    expect(page).toContain('Please settle invoice 17 first.');
  });
});
