/** The CRM changes while a person thinks, and after the end: what it tells voids a sign-off and is kept as an outcome. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationView } from '../../protocol/operation.ts';
import { day } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { decideAs } from '../support/person.ts';

const MARIA = { id: 'maria', password: 'correct horse battery' };
const CONTRACT = 'K-1001';
const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const DESK_SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const RULES = [
  { name: 'long', when: 'terms.term_months > 24', role: 'approver', reason: 'The term is longer than two years.' },
];
const PATIENCE_MS = 60_000;

interface Event {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

let inbox: Server;
const told: Event[] = [];
/** One gateway hears notices and hardly ever asks; the other only asks. */
let hearing: TestGateway;
let asking: TestGateway;
let asked = 0;

beforeAll(async () => {
  inbox = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    told.push(JSON.parse(body));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(inbox, 'listening');
  const url = `http://127.0.0.1:${(inbox.address() as AddressInfo).port}/`;
  const start = (poll: number) =>
    startTestGateway({
      faults: true,
      config: {
        signoff: { rules: RULES },
        watch: { poll_seconds: poll },
        webhooks: [{ name: 'approvals', url }],
      },
      environment: { PARLEY_CRM_EVENTS_SECRET: SECRET, PARLEY_WEBHOOK_SECRET_APPROVALS: DESK_SECRET },
    });
  [hearing, asking] = await Promise.all([start(3_600), start(1)]);
}, PATIENCE_MS);

afterAll(async () => {
  await Promise.all([hearing?.stop(), asking?.stop()]);
  inbox?.close();
});

/** Its term ended yesterday: the next is written at once, over the one before. */
const LAPSED = { start_date: day(-366), end_date: day(-1) };

/** A renewal that waits for a person; every one differs, so that each has something to write. */
async function awaiting(gateway: TestGateway, agent: TestAgent) {
  asked += 1;
  await gateway.crm.edit('contracts', CONTRACT, LAPSED);
  const input = { contract: CONTRACT, proposal: { term_months: 36, seats: 25 + asked } };
  const { id } = await agent.client.submit('contract.renew', input, await gateway.mandateFor(agent));
  const talk = await agent.client.waitForTurn(id);
  const offer = talk.offers?.at(-1);
  if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(talk)}`);
  await agent.client.accept(talk, offer);
  return waiting(agent, id);
}

async function waiting(agent: TestAgent, id: string, after = '') {
  const view = await agent.client.waitForTurn(
    id,
    ({ state, signoff }) => state === 'awaiting_signoff' && signoff?.id !== after,
  );
  if (view.signoff === undefined) throw new Error(`nobody is asked: ${JSON.stringify(view)}`);
  return { ...view, signoff: view.signoff };
}

function notice(gateway: TestGateway, body: unknown, secret = SECRET): Promise<Response> {
  const text = JSON.stringify(body);
  const [id, now] = [`msg_${randomBytes(8).toString('hex')}`, new Date()];
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign(id, now, text),
  };
  return fetch(`${gateway.origin}/crm/events`, { method: 'POST', headers, body: text });
}

const changed = (...records: readonly object[]) => ({ type: 'record.changed', data: { records } });
const contract = { type: 'contract', id: CONTRACT };

const decide = (gateway: TestGateway, signoff: string, planDigest?: string) =>
  decideAs(gateway.origin, MARIA, signoff, {
    decision: 'approved',
    ...(planDigest === undefined ? {} : { planDigest }),
  });

const voidedEvents = (id: string) =>
  told.filter(({ type, data }) => type === 'signoff.voided' && data['operation'] === id);

async function until<T>(find: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = find();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error('it did not happen');
}

function outcomes(gateway: TestGateway, id: string): Record<string, unknown>[] {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
  try {
    const rows = db.prepare('SELECT leaf FROM records WHERE operation = ?').all(id);
    return rows
      .map(({ leaf }) => JSON.parse(Buffer.from(leaf as Uint8Array).toString('utf8')))
      .filter(({ type }) => type === 'outcome.observed');
  } finally {
    db.close();
  }
}

const writesOf = async (gateway: TestGateway, id: string) =>
  (await gateway.crm.ledger()).filter(({ external_id }) => external_id.startsWith(id)).length;

async function expectAskedAnew(gateway: TestGateway, agent: TestAgent, view: Awaited<ReturnType<typeof waiting>>) {
  const again = await waiting(agent, view.id, view.signoff.id);
  expect(again.signoff.plan_digest).not.toBe(view.signoff.plan_digest);
  expect(await decide(gateway, view.signoff.id, view.signoff.plan_digest)).toBe(409);
  const { data } = await until(() => voidedEvents(view.id)[0]);
  expect(data).toMatchObject({ signoff: view.signoff.id, plan_digest: view.signoff.plan_digest });
  expect(await writesOf(gateway, view.id)).toBe(0);
  return again;
}

async function finish(gateway: TestGateway, agent: TestAgent, view: Awaited<ReturnType<typeof waiting>>) {
  expect(await decide(gateway, view.signoff.id)).toBe(303);
  const ended: OperationView = await agent.client.waitForTurn(view.id);
  expect(ended.state).toBe('completed');
  expect(await writesOf(gateway, view.id)).toBe(1);
}

describe('a record changes while a person thinks', () => {
  it(
    'the CRM says so: the sign-off is void, the person is told why, the new plan shows the new value',
    async () => {
      const agent = await hearing.newAgent();
      const first = await awaiting(hearing, agent);
      await hearing.crm.edit('contracts', CONTRACT, { notice_days: 77 });
      expect((await notice(hearing, changed(contract))).status).toBe(202);
      const again = await expectAskedAnew(hearing, agent, first);
      const page = await pageOf(hearing, first.signoff.id);
      expect(page).toContain(`contract ${CONTRACT} was changed in the CRM after this plan was made.`);
      expect(page).toContain(`/console/signoffs/${again.signoff.id}`);
      const now = await pageOf(hearing, again.signoff.id);
      expect(now).toContain('An earlier plan is void');
      expect(now).toContain('>77<');
      await finish(hearing, agent, again);
    },
    PATIENCE_MS,
  );

  it(
    'nobody says so: the CRM’s feed is asked, and after a restart from where it was',
    async () => {
      const agent = await asking.newAgent();
      const first = await awaiting(asking, agent);
      await asking.crm.edit('contracts', CONTRACT, { notice_days: 78 });
      const again = await expectAskedAnew(asking, agent, first);
      await asking.restart();
      await asking.crm.edit('contracts', CONTRACT, { notice_days: 79 });
      await finish(asking, agent, await expectAskedAnewAfter(asking, agent, again));
    },
    PATIENCE_MS,
  );

  it(
    'a notice about an unchanged or an unknown record, twice: nothing happens',
    async () => {
      const agent = await hearing.newAgent();
      const { id, version } = await awaiting(hearing, agent);
      const about = changed(contract, { type: 'contract', id: 'K-9999' }, { type: 'no_such_type', id: '../x' });
      for (const _ of [1, 2]) expect((await notice(hearing, about)).status).toBe(202);
      await sleep(1_000);
      expect(await agent.client.read(id)).toMatchObject({ version, state: 'awaiting_signoff' });
      expect(voidedEvents(id)).toEqual([]);
      await agent.client.withdraw(id);
    },
    PATIENCE_MS,
  );

  async function expectAskedAnewAfter(...[gateway, agent, view]: Parameters<typeof expectAskedAnew>) {
    const again = await waiting(agent, view.id, view.signoff.id);
    expect(await writesOf(gateway, view.id)).toBe(0);
    return again;
  }
});

describe('a notice', () => {
  const post = (body: string, headers: Record<string, string>) =>
    fetch(`${hearing.origin}/crm/events`, { method: 'POST', headers, body });

  it('is refused unsigned, signed by another, or late', async () => {
    expect((await post('{}', { 'content-type': 'application/json' })).status).toBe(401);
    expect((await notice(hearing, changed(contract), `whsec_${randomBytes(24).toString('base64')}`)).status).toBe(401);
    const late = new Date(Date.now() - 301_000);
    const headers = {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(late.getTime() / 1_000)),
      'webhook-signature': new Webhook(SECRET).sign('msg_1', late, '{}'),
    };
    expect((await post('{}', headers)).status).toBe(401);
  });

  it.each([
    ['no object', []],
    ['no data', {}],
    ['no records', { data: {} }],
    ['a record that is none', { data: { records: [1] } }],
    ['a type that is none', changed({ type: '../x', id: '1' })],
    ['an empty id', changed({ type: 'contract', id: '' })],
    ['a long id', changed({ type: 'contract', id: 'x'.repeat(256) })],
    ['an id that is no text', changed({ type: 'contract', id: { $ne: null } })],
    ['too many records', changed(...Array.from({ length: 501 }, (_, n) => ({ type: 'contract', id: String(n) })))],
  ])('is refused with %s', async (_what, body) => {
    expect((await notice(hearing, body)).status).toBe(422);
  });

  it('is refused where nobody has agreed on a secret', async () => {
    const without = await startTestGateway();
    try {
      expect((await notice(without, changed(contract))).status).toBe(404);
    } finally {
      await without.stop();
    }
  });
});

describe('after the end', () => {
  it(
    'a person undoes what was agreed: recorded as overturned, once, and the agent sees nothing of it',
    async () => {
      const agent = await asking.newAgent();
      const view = await awaiting(asking, agent);
      await finish(asking, agent, view);
      const before = await agent.client.read(view.id);
      await asking.crm.edit('contracts', CONTRACT, { payment_terms_days: 21 });
      await sleep(2_500);
      expect(outcomes(asking, view.id)).toEqual([]);
      await asking.crm.edit('contracts', CONTRACT, { seats: 1 });
      const [outcome] = await until(() => nonEmpty(outcomes(asking, view.id)));
      expect(outcome).toMatchObject({ action: 'contract.renew', outcome: 'overturned' });
      expect(Object.keys(outcome ?? {}).sort()).toEqual(['action', 'at', 'operation', 'outcome', 'type']);
      await asking.crm.edit('contracts', CONTRACT, { seats: 2 });
      await sleep(2_500);
      expect(outcomes(asking, view.id)).toHaveLength(1);
      const { version: _v, ...shown } = await agent.client.read(view.id);
      const { version: _w, ...earlier } = before;
      expect(shown).toEqual(earlier);
    },
    PATIENCE_MS,
  );

  it(
    'a later operation of ours writes the same record: superseded',
    async () => {
      const agent = await asking.newAgent();
      const first = await awaiting(asking, agent);
      await finish(asking, agent, first);
      const mandate = await asking.mandateFor(agent, { actions: ['contract.amend'], accounts: ['A-1001'] });
      const { id } = await agent.client.submit('contract.amend', { contract: CONTRACT, seats: 9 }, mandate);
      await finish(asking, agent, await waiting(agent, id));
      const [outcome] = await until(() => nonEmpty(outcomes(asking, first.id)));
      expect(outcome).toMatchObject({ outcome: 'superseded' });
    },
    PATIENCE_MS,
  );
});

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

async function pageOf(gateway: TestGateway, signoff: string): Promise<string> {
  const signedIn = await fetch(`${gateway.origin}/console/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: gateway.origin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...MARIA, next: '/console/' }).toString(),
  });
  const cookie = signedIn.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  return (await fetch(`${gateway.origin}/console/signoffs/${signoff}`, { headers: { cookie } })).text();
}
