/** docs/webhooks.md is what a gateway sends and takes: its example is run. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../demo/process.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { verifyWebhook } from '../../src/platform/standard-webhooks.ts';
import { hashPassword } from '../../src/serve/console/session.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { answerAs } from '../support/person.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8');
const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const RULE = { name: 'all', when: 'true', role: 'approver', reason: 'Every change.' };

let gateway: TestGateway;
let agent: TestAgent;
let server: Server;
const got: { readonly headers: Record<string, string>; readonly body: string }[] = [];

beforeAll(async () => {
  const port = await freePort();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      got.push({ headers: request.headers as Record<string, string>, body });
      response.end();
    });
  }).listen(port, '127.0.0.1');
  const person = async (id: string, roles: string[]) => ({
    id,
    name: id,
    roles,
    password_scrypt: await hashPassword('correct horse battery'),
  });
  gateway = await startTestGateway({
    config: {
      approvers: [await person('maria', ['approver']), await person('jonas', ['finance'])],
      signoff: { rules: [RULE], answers_by: ['desk'] },
      webhooks: [{ name: 'desk', url: `http://127.0.0.1:${port}/hook` }],
      allow_private_network: true,
    },
    environment: { PARLEY_WEBHOOK_SECRET_DESK: SECRET },
  });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(async () => {
  await gateway?.stop();
  server?.close();
});

const noticeOf = async (id: string, type = 'signoff.requested'): Promise<JsonObject> => {
  const found = () =>
    got.map(({ body }) => JSON.parse(body)).findLast((each) => each.type === type && each.data.operation === id);
  await expect.poll(found, { timeout: 10_000 }).toBeDefined();
  return found();
};
const MESSAGE = 'Our secret plan is to leave.';
async function renewal(): Promise<OperationView> {
  await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
  const input = { contract: 'K-1001', proposal: { term_months: 36 }, message: MESSAGE };
  const { id } = await agent.client.submit('contract.renew', input, await gateway.mandateFor(agent));
  const view = await agent.client.waitForTurn(id);
  await agent.client.accept(view, view.offers?.findLast(({ by }) => by !== 'agent') ?? expect.fail('no offer'));
  return agent.client.waitForTurn(id, ({ state }) => state === 'awaiting_signoff');
}
const answer = (signoff: string, body: JsonObject, secret = SECRET) =>
  answerAs(gateway.origin, secret, { signoff, body });

const blocks = (kind: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
const example = (type: string): JsonObject =>
  blocks('json')
    .map((text) => JSON.parse(text))
    .find((each) => each.type === type) ?? expect.fail(`no example of ${type}`);

/** The names of all members, however deep; of a list, of its first element. */
function shapeOf(value: Json, at = ''): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : shapeOf(value[0] ?? null, `${at}[]`);
  if (!isObject(value)) return [at];
  return Object.entries(value)
    .flatMap(([name, each]) => shapeOf(each, `${at}/${name}`))
    .toSorted();
}

describe('docs/webhooks.md', () => {
  it('N6: a notice is as its example says: the exact diff, whose, the terms, the money, why, until when and where; and no secret', async () => {
    const view = await renewal();
    const { data, ...envelope } = await noticeOf(view.id);
    const shown = example('signoff.requested');
    expect(shapeOf({ ...envelope, data: data ?? null })).toEqual(shapeOf(shown));
    const offer = view.offers?.findLast(({ by }) => by !== 'agent');
    const price = offer?.terms['unit_price'] as { amount: number };
    const seats = Number(offer?.terms['seats']);
    expect(data).toMatchObject({
      signoff: view.signoff?.id,
      plan_digest: view.signoff?.plan_digest,
      reasons: ['Every change.'],
      role: 'approver',
      expires_at: view.signoff?.expires_at,
      url: `${gateway.origin}/console/signoffs/${view.signoff?.id}`,
      customer: { account: 'A-1001', name: 'Nordwind Logistik GmbH', subject: 'contact:C-1001', tier: 'principal' },
      agent: { key: agent.key.keyid, claimed_name: 'Test agent' },
      terms: offer?.terms,
      money: {
        value: { amount: price.amount * seats * 36, currency: 'EUR' },
        price: {
          from: { amount: 4_900, currency: 'EUR' },
          to: price,
          difference: { amount: (price.amount - 4_900) * seats * 36, currency: 'EUR' },
        },
      },
      changes_left_out: 0,
    });
    const planned = gateway.operation(view.id).plan?.plan.steps.flatMap(({ changes }) => changes) ?? [];
    const { changes } = data as { changes: { field: string; from: Json; to: Json }[] };
    expect(changes.map(({ field, from, to }) => ({ field, from, to }))).toEqual(
      planned.map(({ field, from, to }) => ({ field, from, to })),
    );
    const sent = got.map(({ body }) => body).join();
    for (const secret of [SECRET, MESSAGE, gateway.config.secrets.crmToken]) expect(sent).not.toContain(String(secret));
    // Whoever takes it can tell that it is ours.
    for (const { headers, body } of got) expect(() => new Webhook(SECRET).verify(body, headers)).not.toThrow();
    await agent.client.withdraw(view.id);
  });

  it('N6: a notice of much is bounded, and says what it leaves out and cuts', async () => {
    const mandate = await gateway.mandateFor(agent, { actions: ['case.open'], accounts: ['A-1001'] });
    const description = `Line\nReasons: none\u202E${'x'.repeat(3_900)}`;
    const { id } = await agent.client.submit(
      'case.open',
      { account: 'A-1001', topic: 'Help', severity: 'high', description },
      mandate,
    );
    const { data } = await noticeOf(id);
    const { changes } = data as { changes: JsonObject[] };
    const body = changes.find(({ field }) => field === 'body') ?? expect.fail('no body');
    expect(body).toMatchObject({ cut: true });
    expect(body).not.toHaveProperty('to');
    expect(String(body['text'])).toMatch(/⟦U\+000A⟧.*… \(cut: \d+ more characters\)$/);
    expect(String(body['text'])).not.toMatch(/[\n\u202E]/);
    expect(JSON.stringify(data).length).toBeLessThan(32_768);
  });

  it('N6: an answer is signed as the worked example is, and taken', async () => {
    const [request = ''] = blocks('http');
    const [head = '', body = ''] = request.split('\n\n');
    const headers = new Map(
      head
        .split('\n')
        .slice(1)
        .map((line) => line.split(/: (.*)/).slice(0, 2) as [string, string]),
    );
    const secret = /whsec_[A-Za-z0-9+/=]+/.exec(PAGE)?.[0] ?? '';
    const at = new Date(Number(headers.get('webhook-timestamp')) * 1_000);
    const signed = body.trimEnd();
    expect(verifyWebhook((name) => headers.get(name), signed, [secret], at)).toMatchObject({
      ok: true,
      value: headers.get('webhook-id'),
    });
    expect(new Webhook(secret).sign(headers.get('webhook-id') ?? '', at, signed)).toBe(
      headers.get('webhook-signature'),
    );

    const { id, signoff } = await renewal();
    const filled = { ...JSON.parse(signed), plan_digest: signoff?.plan_digest };
    expect(await answer(signoff?.id ?? '', filled)).toBe(200);
    expect(await agent.client.read(id)).toMatchObject({ state: 'negotiating', turn: 'agent' });
    const offer = (await agent.client.read(id)).offers?.at(-1);
    expect(offer).toMatchObject({ by: 'person', terms: filled.terms });
    expect(offer?.note).toContain(filled.message);
    await agent.client.withdraw(id);
  });

  it('N6: every answer to an answer is as the page says', async () => {
    const { id, signoff: { id: signoff, plan_digest } = expect.fail('no sign-off') } = await renewal();
    const whole = { plan_digest, decision: 'reject', approver: 'maria', reason: 'r', message: 'm' };
    const other = `whsec_${randomBytes(24).toString('base64')}`;
    const told = [...PAGE.matchAll(/^\| (\d{3}) +\| `([a-z-]+)`/gm)].map(([, status, code]) => `${status} ${code}`);
    const seen = new Set<string>();
    const post = async (at: string, body: JsonObject | string, secret = SECRET) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const [message, now] = [`msg_${randomBytes(8).toString('hex')}`, new Date()];
      const response = await fetch(`${gateway.origin}/signoffs/${at}/decision`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': message,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': new Webhook(secret).sign(message, now, text),
        },
        body: text,
      });
      const { type } = (await response.json()) as { type?: string };
      if (type !== undefined) seen.add(`${response.status} ${type.split(':').at(-1)}`);
      return response.status;
    };
    expect(await post(signoff, whole, other)).toBe(401);
    expect(await post(signoff, '{')).toBe(400);
    expect(await post(signoff, { ...whole, approver: 'jonas' })).toBe(403);
    expect(await post('so_01939f1c-0000-7000-8000-000000000009', whole)).toBe(404);
    expect(await post(signoff, { ...whole, plan_digest: 'sha-256:x' })).toBe(409);
    expect(await post(signoff, { ...whole, secret: 1 })).toBe(422);
    expect(await post(signoff, { ...whole, message: 'm'.repeat(501) })).toBe(422);
    expect(await post(signoff, { plan_digest, decision: 'counter', approver: 'maria' })).toBe(422);
    expect(await post(signoff, whole)).toBe(200);
    expect(await post(signoff, whole)).toBe(200);
    expect(await post(signoff, { plan_digest, decision: 'approve', approver: 'maria' })).toBe(409);
    expect((await agent.client.read(id)).state).toBe('rejected');
    const gone = await renewal();
    await agent.client.withdraw(gone.id);
    expect(await post(gone.signoff?.id ?? '', { ...whole, plan_digest: gone.signoff?.plan_digest ?? '' })).toBe(410);
    expect([...seen].toSorted()).toEqual(told.toSorted());
  });

  it('N6: a call for a person says whose it is and where, as its example does', async () => {
    const { id } = await agent.client.submit('human.handoff', { topic: 'Help', account: 'A-1001' });
    const { data, ...envelope } = await noticeOf(id, 'handoff.requested');
    expect(shapeOf({ ...envelope, data: data ?? null })).toEqual(shapeOf(example('handoff.requested')));
    expect(data).toMatchObject({
      customer: { claimed_account: 'A-1001' },
      url: `${gateway.origin}/console/operations/${id}`,
    });
  });
});
