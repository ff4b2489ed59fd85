/** The company makes the first move: a renewal that comes due is put to the customer's agent, and the same talk follows. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamResponse } from '@a2a-js/sdk';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presentMandate } from '../../protocol/mandate/mandate.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { buyerMove } from '../../src/client/index.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { newKeyField, send, signedPost } from '../support/signed.ts';

const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const RENEWAL = { action: 'contract.renew', account: 'A-1001', input: { contract: 'K-1001' } };

/** A contract that can be renewed. */
const CONTRACT = {
  status: 'active',
  unit_price: { amount: 4_900, currency: 'EUR' },
  seats: 25,
  term_months: 12,
  start_date: TERM.start,
  end_date: TERM.end,
  notice_days: 60,
  auto_renew: false,
  payment_terms_days: 30,
  next_start_date: null,
};
const renewable = (contract = 'K-1001') => gateway.crm.edit('contracts', contract, CONTRACT);

let gateway: TestGateway;
let agent: TestAgent;
let receiver: Server;
let url: string;
const news: { readonly headers: IncomingMessage['headers']; readonly task: string }[] = [];

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { payload } = StreamResponse.fromJSON(JSON.parse(Buffer.concat(chunks).toString()));
    const task =
      payload?.$case === 'task' ? payload.value.id : payload?.$case === 'statusUpdate' ? payload.value.taskId : '';
    news.push({ headers: request.headers, task });
    response.writeHead(204).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/offers`;
  gateway = await startTestGateway({
    faults: true,
    others: ['A-1002'],
    config: { signoff: { rules: [] } },
    environment: { PARLEY_OFFERS_SECRET: SECRET },
  });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  receiver.close();
});

/** As a CRM's flow asks for it. */
async function offer(data: object, id = `msg_${randomBytes(12).toString('hex')}`, secret = SECRET) {
  const now = new Date();
  const body = JSON.stringify({ type: 'offer.requested', timestamp: now.toISOString(), data });
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
  const response = await fetch(`${gateway.origin}/company/offers`, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('an offer of the company', () => {
  it('finds nobody before an agent asks for it', async () => {
    expect(await offer(RENEWAL)).toMatchObject({ status: 404 });
  });

  it('is announced to the agent, negotiated, accepted and carried out like any other', async () => {
    const invited = await agent.client.invite(await gateway.mandateFor(agent), { url, token: 'mine' });
    expect(invited).toMatchObject({ accounts: ['A-1001'], actions: ['contract.renew', 'data.validate'] });
    const id = 'msg_renewal_k_1001_2026';
    const asked = await offer(RENEWAL, id);
    expect(asked).toMatchObject({ status: 202, body: { replayed: false } });
    const operation = String(asked.body['operation']);
    expect(await offer(RENEWAL, id)).toMatchObject({ status: 202, body: { operation, replayed: true } });
    expect(await offer({ ...RENEWAL, account: 'A-1002' }, id)).toMatchObject({ status: 422 });
    await expect.poll(() => news.map(({ task }) => task), { timeout: 20_000 }).toContain(operation);
    expect(news[0]?.headers).toMatchObject({ 'x-a2a-notification-token': 'mine' });
    expect(news[0]?.headers['signature-input']).toContain('"content-digest"');

    let view = await agent.client.waitForTurn(operation);
    expect(view).toMatchObject({ state: 'negotiating', turn: 'agent' });
    expect(view.offers?.every(({ by }) => by === 'company')).toBe(true);
    const eur = (amount: number) => ({ amount, currency: 'EUR' });
    const goals = { terms: { unit_price: { wish: eur(4_300), most: eur(4_720) }, seats: { wish: 32 } } };
    while (view.state === 'negotiating') {
      const move = buyerMove(goals, view);
      if (move.kind === 'withdraw') throw new Error('no agreement');
      view =
        move.kind === 'accept'
          ? await agent.client.accept(view, move.offer)
          : await agent.client.counter(view.id, move.terms);
    }
    view = await agent.client.waitForTurn(operation);
    expect(view.state).toBe('completed');
    const keys = await (await fetch(`${gateway.origin}/.well-known/jwks.json`)).json();
    const { verdict } = await verifyReceipt(await agent.client.receipt(operation), { keys });
    expect(verdict).toBe('valid');
    expect((await gateway.crm.ledger()).filter(({ external_id }) => external_id.startsWith(operation))).toHaveLength(1);
  }, 60_000);

  it.each(['null', '[]', '"x"', '3'])(
    'E11: %s instead of what is asked for is told, wherever it is sent',
    async (body) => {
      const now = new Date();
      const id = `msg_${randomBytes(12).toString('hex')}`;
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(SECRET).sign(id, now, body),
      };
      const offered = await fetch(`${gateway.origin}/company/offers`, { method: 'POST', headers, body });
      expect(offered.status).toBe(422);
      for (const path of ['/invitations', '/agents', '/actions/contract.renew']) {
        const answer = await send(
          gateway.origin,
          signedPost(gateway.origin, agent.key, path, body, { idempotencyKey: newKeyField() }),
        );
        expect([path, answer.status]).toEqual([path, 422]);
      }
    },
  );

  it('E11: an invitation’s key that comes again with another mandate is refused', async () => {
    const other = await gateway.newAgent();
    const key = newKeyField();
    const bound = async (mandate: string) => ({
      mandate: await presentMandate(mandate, {
        key: other.key,
        audience: gateway.origin,
        nonce: key.slice(1, -1),
        now: new Date(),
      }),
      push: { url },
    });
    const [first, second] = [await gateway.mandateFor(other), await gateway.mandateFor(other)];
    const invite = async (mandate: string) =>
      send(
        gateway.origin,
        signedPost(gateway.origin, other.key, '/invitations', await bound(mandate), { idempotencyKey: key }),
      );
    const made = await invite(first);
    expect(made.status).toBe(201);
    const again = await invite(first);
    expect([again.status, again.body]).toEqual([201, made.body]);
    expect((await invite(second)).status).toBe(422);
    await other.client.uninvite();
  });

  it('is its agent’s alone', async () => {
    await renewable();
    const asked = await offer(RENEWAL);
    const stranger = await gateway.newAgent();
    const operation = String(asked.body['operation']);
    await expect(stranger.client.read(operation)).rejects.toMatchObject({ status: 404 });
    await agent.client.waitForTurn(operation);
    await agent.client.withdraw(operation);
    await expect
      .poll(() => news.filter(({ task }) => task === operation).length, { timeout: 10_000 })
      .toBeGreaterThan(1);
  });

  it.each<[string, object, number]>([
    ['of an account nobody speaks for', { ...RENEWAL, account: 'A-1002' }, 404],
    ['of an action there is not', { ...RENEWAL, action: 'contract.give' }, 404],
    ['of an action that is not negotiated', { ...RENEWAL, action: 'data.validate', input: {} }, 422],
    [
      'with a proposal in the customer’s name',
      { ...RENEWAL, input: { contract: 'K-1001', proposal: { seats: 9 } } },
      422,
    ],
    ['that is malformed', { ...RENEWAL, input: { contract: '../K' } }, 422],
    ['with more than it may have', { ...RENEWAL, discount: 90 }, 422],
  ])('is refused: %s', async (_name, data, status) => {
    expect(await offer(data)).toMatchObject({ status });
  });

  it('T24: about a record that is not there, is another account’s or cannot be renewed is told to who asked, and to nobody else', async () => {
    const told = () => new Set(news.map(({ task }) => task)).size;
    const before = told();
    const unknown = await offer({ ...RENEWAL, input: { contract: 'K-9999' } });
    expect(unknown).toMatchObject({ status: 404, body: { detail: expect.stringContaining('no such record') } });
    expect(await offer({ ...RENEWAL, input: { contract: 'K-1002' } })).toMatchObject({ status: 404 });
    // Both are the customer's, and yet it is not this account's.
    const both = await gateway.newAgent();
    await both.client.invite(
      await gateway.mandateFor(both, { actions: ['contract.renew'], accounts: ['A-1001', 'A-1002'] }),
      { url },
    );
    expect(await offer({ ...RENEWAL, account: 'A-1002' })).toMatchObject({ status: 404 });
    await both.client.uninvite();
    await gateway.crm.edit('contracts', 'K-1002', { ...CONTRACT, status: 'cancelled' });
    const other = await gateway.newAgent();
    await other.client.invite(await gateway.mandateFor(other, { actions: ['contract.renew'], accounts: ['A-1002'] }), {
      url,
    });
    const cancelled = await offer({ ...RENEWAL, account: 'A-1002', input: { contract: 'K-1002' } });
    expect([cancelled.status, cancelled.body['detail']]).toEqual([422, expect.stringContaining('has been cancelled')]);
    await other.client.uninvite();
    expect(told()).toBe(before);
  });

  it('T24: is one talk about one record: a second request hears of the first', async () => {
    await renewable();
    const id = `msg_${randomBytes(12).toString('hex')}`;
    const asked = [await offer(RENEWAL, id), ...(await Promise.all([offer(RENEWAL), offer(RENEWAL)]))];
    const open = asked.find(({ status }) => status === 202);
    expect(asked.map(({ status }) => status)).toEqual([202, 409, 409]);
    const operation = String(open?.body['operation']);
    expect(asked[1]?.body).toMatchObject({ open: { operation, action: 'contract.renew' } });
    await agent.client.waitForTurn(operation);
    await agent.client.withdraw(operation);
    // Asked again by the same id, it tells what became of it.
    expect(await offer(RENEWAL, id)).toMatchObject({
      status: 202,
      body: { operation, replayed: true, state: 'withdrawn' },
    });
    const next = await offer(RENEWAL);
    expect(next.status).toBe(202);
    await agent.client.waitForTurn(String(next.body['operation']));
    await agent.client.withdraw(String(next.body['operation']));
  });

  it('T24: to an agent that is down says so to who asked, is tried again and leaves a line', async () => {
    await renewable('K-1002');
    const deaf = await gateway.newAgent();
    const mandate = await gateway.mandateFor(deaf, { actions: ['contract.renew'], accounts: ['A-1002'] });
    await deaf.client.invite(mandate, { url: 'http://127.0.0.1:1/offers' });
    const id = `msg_${randomBytes(12).toString('hex')}`;
    const renewal = { ...RENEWAL, account: 'A-1002', input: { contract: 'K-1002' } };
    expect(await offer(renewal, id)).toMatchObject({ status: 202 });
    await expect
      .poll(async () => (await offer(renewal, id)).body, { timeout: 20_000 })
      .toMatchObject({ state: 'negotiating', announced: { state: 'waiting', attempts: 1, note: '0' } });
    await deaf.client.uninvite();
  });

  it('is refused without the company’s signature', async () => {
    const wrong = `whsec_${randomBytes(24).toString('base64')}`;
    expect((await offer(RENEWAL, undefined, wrong)).status).toBe(401);
  });

  it('is no longer made once the agent takes its invitation back, or its permission does not cover it', async () => {
    await agent.client.uninvite();
    expect(await offer(RENEWAL)).toMatchObject({ status: 404 });
    const narrow = await gateway.mandateFor(agent, { actions: ['data.validate'], accounts: ['A-1001'] });
    await agent.client.invite(narrow, { url });
    expect(await offer(RENEWAL)).toMatchObject({ status: 404 });
  });

  it('is not announced to an address that is none', async () => {
    const mandate = await gateway.mandateFor(agent);
    await expect(agent.client.invite(mandate, { url: 'file:///etc/passwd' })).rejects.toMatchObject({ status: 422 });
  });
});
