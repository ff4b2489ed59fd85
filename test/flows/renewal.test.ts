import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { ProblemError } from '../../src/client/index.ts';
import { hashPassword } from '../../src/serve/console/session.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { decideAs } from '../support/person.ts';
import { newKeyField, problemCode, send, signedPost } from '../support/signed.ts';

const MARIA = { id: 'maria', password: 'correct horse battery' };
const OMAR = { id: 'omar', password: 'staple correct horse' };
const CONTRACT = 'K-1001';
const RULES = [
  { name: 'long', when: 'terms.term_months > 24', role: 'approver', reason: 'The term is longer than two years.' },
];

let gateway: TestGateway;
let agent: TestAgent;
let asked = 0;

beforeAll(async () => {
  const approver = async ({ id, password }: typeof MARIA) => ({
    id,
    name: id,
    roles: ['approver'],
    password_scrypt: await hashPassword(password),
  });
  gateway = await startTestGateway({
    faults: true,
    config: {
      approvers: [await approver(MARIA), await approver(OMAR)],
      signoff: { rules: RULES },
      watch: { poll_seconds: 3_600 },
    },
  });
  agent = await gateway.newAgent();
});

afterAll(() => gateway?.stop());
afterEach(() => void vi.useRealTimers());

/** An opened talk: over three years, so that a person is asked, and with other seats each time, so that there is something to write. */
async function talk(mandate?: string): Promise<{ view: OperationView; offer: Offer }> {
  asked += 1;
  await gateway.crm.edit('contracts', CONTRACT, { next_start_date: null });
  const input = { contract: CONTRACT, proposal: { term_months: 36, seats: 25 + asked } };
  const opened = await agent.client.submit('contract.renew', input, mandate ?? (await gateway.mandateFor(agent)));
  return latest(await agent.client.waitForTurn(opened.id));
}

function latest(view: OperationView): { view: OperationView; offer: Offer } {
  const offer = view.offers?.findLast(({ by }) => by !== 'agent');
  if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(view)}`);
  return { view, offer };
}

async function accepted(mandate?: string): Promise<OperationView & { signoff: NonNullable<OperationView['signoff']> }> {
  const { view, offer } = await talk(mandate);
  await agent.client.accept(view, offer);
  return waiting(view.id);
}

async function waiting(id: string, after = '') {
  const view = await agent.client.waitForTurn(
    id,
    ({ state, signoff }) => state === 'awaiting_signoff' && signoff?.id !== after,
  );
  if (view.signoff === undefined) throw new Error(`nobody is asked: ${JSON.stringify(view)}`);
  return { ...view, signoff: view.signoff };
}

const decide = (signoff: string, form: Parameters<typeof decideAs>[3], person = MARIA) =>
  decideAs(gateway.origin, person, signoff, form);

const writesOf = async (id: string) =>
  (await gateway.crm.ledger()).filter(({ external_id }) => external_id.startsWith(id)).length;

const code = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) =>
      error instanceof ProblemError ? (error.type.split(':').at(-1) ?? '') : Promise.reject(error as Error),
  );

describe('a person', () => {
  it('rejects: it ends, with a receipt and without a write', async () => {
    const { id, signoff } = await accepted();
    expect(await decide(signoff.id, { decision: 'rejected', reason: 'Too cheap' })).toBe(303);
    const ended = await agent.client.waitForTurn(id);
    expect(ended).toMatchObject({ state: 'rejected', signoff: { decision: 'rejected' } });
    expect((await agent.client.receipt(id)).receipt).toBeDefined();
    expect(JSON.stringify(ended)).not.toContain('Too cheap');
    expect(await writesOf(id)).toBe(0);
  });

  it('counters: the agent gets a signed offer of theirs, accepts it, and that is what is written', async () => {
    const { id, signoff, offers } = await accepted();
    const last = offers?.at(-1)?.terms ?? {};
    const seats = Number(last['seats']);
    const terms = {
      unit_price: '48.80',
      term_months: '24',
      seats: String(seats),
      start_date: String(last['start_date']),
      notice_days: '60',
    };
    expect(await decide(signoff.id, { decision: 'countered', terms })).toBe(303);
    const { view, offer } = latest(await agent.client.waitForTurn(id));
    expect(view.state).toBe('negotiating');
    expect(offer).toMatchObject({ by: 'person', terms: { unit_price: { amount: 4_880 }, term_months: 24, seats } });
    await agent.client.accept(view, offer);
    expect((await agent.client.waitForTurn(id)).state).toBe('completed');
    expect(await writesOf(id)).toBe(1);
    expect(await gateway.crm.record('contracts', CONTRACT)).toMatchObject({
      next_unit_price: { amount: 4_880 },
      next_seats: seats,
    });
  });

  it('approves a plan that is no longer true: the approval is void and another is asked for', async () => {
    const { id, signoff } = await accepted();
    await gateway.crm.edit('contracts', CONTRACT, { payment_terms_days: 7 });
    expect(await decide(signoff.id, { decision: 'approved' })).toBe(303);
    const again = await waiting(id, signoff.id);
    expect(again.signoff.plan_digest).not.toBe(signoff.plan_digest);
    expect(await writesOf(id)).toBe(0);
    expect(await decide(again.signoff.id, { decision: 'approved' })).toBe(303);
    expect((await agent.client.waitForTurn(id)).state).toBe('completed');
    expect(await writesOf(id)).toBe(1);
  });

  it('approves twice: once; another person afterwards: a conflict', async () => {
    const { id, signoff } = await accepted();
    expect(await decide(signoff.id, { decision: 'approved' })).toBe(303);
    expect((await agent.client.waitForTurn(id)).state).toBe('completed');
    const { plan_digest: planDigest } = signoff;
    expect(await decide(signoff.id, { decision: 'approved', planDigest })).toBe(303);
    expect(await decide(signoff.id, { decision: 'approved', planDigest }, OMAR)).toBe(409);
    expect(await decide(signoff.id, { decision: 'rejected', planDigest })).toBe(409);
    expect(await writesOf(id)).toBe(1);
  });

  it('decides about a plan they were not shown: a conflict, and nothing is decided', async () => {
    const { id, signoff } = await accepted();
    const planDigest = signoff.plan_digest.replace(/.{4}$/, 'AAAA');
    expect(await decide(signoff.id, { decision: 'approved', planDigest })).toBe(409);
    expect((await agent.client.read(id)).state).toBe('awaiting_signoff');
    await agent.client.withdraw(id);
    expect(await decide(signoff.id, { decision: 'approved', planDigest: signoff.plan_digest })).toBe(409);
    expect((await agent.client.read(id)).state).toBe('withdrawn');
    expect(await writesOf(id)).toBe(0);
  });
});

describe('the mandate', () => {
  it('revoked between acceptance and the decision: nobody can approve it any more, no write', async () => {
    const mandate = await gateway.mandateFor(agent);
    const { id, signoff } = await accepted(mandate);
    const { jti } = JSON.parse(Buffer.from(mandate.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const line = JSON.stringify({ kind: 'mandate', id: jti, reason: 'test' });
    appendFileSync(join(gateway.config.data_dir, 'revoked.jsonl'), `${line}\n`);
    await sleep(2_500);
    expect(await decide(signoff.id, { decision: 'approved' })).toBe(409);
    expect((await agent.client.read(id)).state).toBe('awaiting_signoff');
    expect(await decide(signoff.id, { decision: 'rejected', reason: 'It was taken back.' })).toBe(303);
    expect((await agent.client.waitForTurn(id)).state).toBe('rejected');
    expect(await writesOf(id)).toBe(0);
  });

  it('of one account does not tell whether another account’s contract exists', async () => {
    const mandate = await gateway.mandateFor(agent);
    const [foreign, absent] = await Promise.all(
      ['K-1002', 'K-9999'].map(async (contract) => {
        const { id } = await agent.client.submit('contract.renew', { contract }, mandate);
        const { state, problem, version, next } = await agent.client.waitForTurn(id);
        return { state, problem, version, next: JSON.stringify(next).replaceAll(id, 'op') };
      }),
    );
    expect(foreign?.problem?.['type']).toMatch(/:not-found$/);
    expect(foreign).toEqual(absent);
  });
});

describe('another agent’s operation', () => {
  it('looks like one that does not exist, whatever is asked of it', async () => {
    const { view } = await talk();
    const other = await gateway.newAgent();
    const unknown = `${view.id.slice(0, -4)}0000`;
    const answers = async (call: (id: string) => Promise<unknown>) =>
      Promise.all(
        [view.id, unknown].map((id) =>
          call(id).then(
            () => 'ok',
            (error: ProblemError) => ({ status: error.status, problem: { ...error.problem, instance: '' } }),
          ),
        ),
      );
    for (const call of [
      (id: string) => other.client.read(id),
      (id: string) => other.client.counter(id, { seats: 30 }),
      (id: string) => other.client.withdraw(id),
      (id: string) => other.client.handoff(id, 'help'),
      (id: string) => other.client.receipt(id),
    ]) {
      const [theirs, none] = await answers(call);
      expect(theirs).toMatchObject({ status: 404 });
      expect(theirs).toEqual(none);
    }
    expect((await agent.client.read(view.id)).version).toBe(view.version);
  });
});

describe('an acceptance', () => {
  it('of an offer that was answered since is stale; of other terms under its id, a mismatch', async () => {
    const { view, offer } = await talk();
    const moved = latest(await agent.client.counter(view.id, { unit_price: { amount: 4_000, currency: 'EUR' } }));
    expect(await code(agent.client.accept(moved.view, offer))).toBe('offer-stale');
    const body = {
      offer: moved.offer.id,
      terms_digest: offer.terms_digest.replace(/.{4}$/, 'AAAA'),
      agreement: { protected: 'e30', signature: 'A'.repeat(86) },
    };
    const path = `/operations/${view.id}/accept`;
    const options = { idempotencyKey: newKeyField() };
    const post = (each: object) => send(gateway.origin, signedPost(gateway.origin, agent.key, path, each, options));
    expect(problemCode(await post(body))).toBe('offer-digest-mismatch');
    expect(problemCode(await post({ ...body, terms_digest: moved.offer.terms_digest }))).toBe('agreement-invalid');
    expect((await agent.client.read(view.id)).state).toBe('negotiating');
    expect((await agent.client.withdraw(view.id)).state).toBe('withdrawn');
    expect(await code(agent.client.accept(moved.view, moved.offer))).toBe('wrong-state');
  });

  it('after the offer’s time is refused', async () => {
    const { view, offer } = await talk();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (LIMITS.offerLifetimeSeconds + 1) * 1_000 });
    expect(await code(agent.client.accept(view, offer))).toBe('offer-expired');
  });
});
