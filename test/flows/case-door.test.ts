/** No case is a dead end: each waits in the inbox until a person says what became of it, and the customer's agent is told. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusal, toProblem } from '../../protocol/base/errors.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { parseReceiptPayload } from '../../protocol/receipt/receipt.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { hashPassword } from '../../src/serve/console/session.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { readAs, sendAs } from '../support/person.ts';

const MARIA = { id: 'maria', password: 'correct horse battery' };
const HELD = { name: 'all', when: "action == 'contract.renew'", role: 'approver', reason: 'Every renewal.' };

let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  const maria = {
    id: MARIA.id,
    name: 'Maria',
    roles: ['approver'],
    password_scrypt: await hashPassword(MARIA.password),
  };
  gateway = await startTestGateway({ faults: true, config: { approvers: [maria], signoff: { rules: [HELD] } } });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(() => gateway?.stop());

const inbox = (path = '/console/') => readAs(gateway.origin, MARIA, path);
const settle = (id: string, fields: Readonly<Record<string, string>>) =>
  sendAs(gateway.origin, MARIA, `/console/operations/${id}`, { to: `/console/operations/${id}/settle`, fields });
const alone = async (topic: string): Promise<OperationView> => {
  const { id } = await agent.client.submit('human.handoff', { topic });
  return agent.client.waitForTurn(id, ({ state }) => state === 'completed');
};
const talk = async (): Promise<OperationView> => {
  await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
  const { id } = await agent.client.submit('contract.renew', { contract: 'K-1001' }, await gateway.mandateFor(agent));
  return agent.client.waitForTurn(id);
};
const stored = (sql: string, ...of: string[]): string => {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
  try {
    return JSON.stringify(db.prepare(sql).all(...of));
  } finally {
    db.close();
  }
};
const verified = async (id: string) => {
  const file = await agent.client.receipt(id);
  const { verdict, payload } = await verifyReceipt(file, { keys: file.keys });
  return { verdict, payload };
};

describe('a case', () => {
  it('N3: that stands alone is in the inbox though its ticket is written, until a person says what became of it', async () => {
    const { id, handoff } = await alone('My bill is wrong');
    expect(await inbox()).toContain('My bill is wrong');
    const before = await agent.client.receipt(id);

    const words = { outcome: 'done', message: 'Credited on your next bill.', note: 'Loyal for ten years' };
    expect((await settle(id, { ...words, outcome: 'maybe' })).status).toBe(422);
    const long = await settle(id, { ...words, message: 'x'.repeat(501) });
    expect(long.status).toBe(409);
    expect(long.page).toContain('Loyal for ten years');
    expect((await settle(id, words)).status).toBe(303);
    expect(await inbox()).not.toContain('My bill is wrong');

    const view = await agent.client.read(id);
    expect(view).toMatchObject({
      state: 'completed',
      handoff: {
        case_ref: handoff?.case_ref,
        settled: { outcome: 'done', at: expect.any(String), message: 'Credited on your next bill.' },
      },
    });
    expect(JSON.stringify(view)).not.toMatch(/Loyal|maria/);
    const page = await readAs(gateway.origin, MARIA, `/console/operations/${id}`);
    for (const shown of ['Credited on your next bill.', 'Loyal for ten years', 'maria']) expect(page).toContain(shown);
    // Whoever settles it twice changes nothing.
    expect((await settle(id, { ...words, outcome: 'not_done' })).status).toBe(409);

    const { verdict, payload } = await verified(id);
    expect(verdict).not.toBe('invalid');
    expect(payload).toMatchObject({
      settled: { case_ref: handoff?.case_ref, outcome: 'done', told: expect.stringMatching(/^sha-256:/) },
    });
    expect(payload?.history.at(-1)).toMatchObject({ event: 'settled', by: 'person' });
    // The earlier one stays true.
    expect((await verifyReceipt(before, { keys: before.keys })).verdict).not.toBe('invalid');
    const log = stored('SELECT CAST(leaf AS TEXT) AS leaf FROM records WHERE operation = ?', id);
    expect(log).toContain('settled');
    expect(log).not.toMatch(/Loyal|Credited|maria/);
  });

  it('N3: out of a talk is one row, and its end reaches the agent', async () => {
    const { id } = await talk();
    const { state, handoff } = await agent.client.handoff(id, 'Too dear for us');
    expect(state).toBe('handed_off');
    const ref = handoff?.case_ref ?? '-';
    await expect
      .poll(() => stored("SELECT state FROM operations WHERE doc ->> '$.handoff.beside'"))
      .toContain('completed');
    const page = await inbox();
    expect(page.split('Too dear for us')).toHaveLength(2);
    expect(page).toContain(ref);
    expect((await settle(id, { outcome: 'otherwise', message: 'Anna called you.' })).status).toBe(303);
    expect(await inbox()).not.toContain('Too dear for us');
    expect(await agent.client.read(id)).toMatchObject({
      state: 'handed_off',
      handoff: { settled: { outcome: 'otherwise', message: 'Anna called you.' } },
    });
    expect((await verified(id)).payload).toMatchObject({ state: 'handed_off', settled: { outcome: 'otherwise' } });
    // Asking again is another case.
    const again = await agent.client.handoff(id, 'Still too dear');
    expect(again.handoff?.case_ref).not.toBe(ref);
    expect(again.handoff).not.toHaveProperty('settled');
    expect(await inbox()).toContain('Still too dear');
  });

  it.each([
    ['done', 'completed'],
    ['not_done', 'failed'],
  ] as const)(
    'N3: that the machine could not settle (needs_human) ends as a person says: %s',
    async (outcome, state) => {
      const { id, offers } = await talk();
      const offer = offers?.at(-1) ?? expect.fail('no offer');
      await agent.client.accept(await agent.client.read(id), offer);
      const waiting = await agent.client.waitForTurn(id, (each) => each.state === 'awaiting_signoff');
      stuck(id);
      await gateway.restart();
      expect(waiting.id).toBe(id);
      expect(await inbox()).toContain('Nobody knows');
      // There is no third way: it was carried out or it was not.
      expect((await settle(id, { outcome: 'otherwise' })).status).toBe(422);
      expect((await settle(id, { outcome, message: 'See your contract.' })).status).toBe(303);
      const view = await agent.client.read(id);
      expect(view).toMatchObject({ state, handoff: { settled: { outcome, message: 'See your contract.' } } });
      if (state === 'failed')
        expect(view.problem).toMatchObject({ detail: expect.stringContaining('See your contract.') });
      // What was found out is no longer told as unknown.
      else expect(view).not.toHaveProperty('problem');
      expect(await inbox()).not.toContain('Nobody knows');
      expect((await verified(id)).payload).toMatchObject({ state, settled: { outcome } });
      const parsed = parseReceiptPayload((await verified(id)).payload);
      expect(parsed.ok).toBe(true);
    },
  );

  it.each([
    ['was settled while its ticket was under way', (at: string) => ({ settled: { at, by: 'maria', outcome: 'done' } })],
    ['never had a case', () => undefined],
  ] as const)('N3: that the machine could not settle has a door though it %s', async (_, more) => {
    const { id, offers } = await talk();
    await agent.client.accept(await agent.client.read(id), offers?.at(-1) ?? expect.fail('no offer'));
    await agent.client.waitForTurn(id, (each) => each.state === 'awaiting_signoff');
    stuck(id, more);
    await gateway.restart();
    expect(await inbox()).toContain(`/console/operations/${id}`);
    expect(await readAs(gateway.origin, MARIA, `/console/operations/${id}`)).toContain('Settle the case');
    expect((await settle(id, { outcome: 'not_done', message: 'It is not there.' })).status).toBe(303);
    expect(await agent.client.read(id)).toMatchObject({
      state: 'failed',
      handoff: { settled: { outcome: 'not_done', message: 'It is not there.' } },
    });
    expect(await inbox()).not.toContain(`/console/operations/${id}`);
  });

  it('N3: is listed however many wait, the one that is due first at the top, a page at a time', async () => {
    const { id } = await alone('One of many');
    many(id, 130);
    await gateway.restart();
    const first = await inbox();
    expect(first).toMatch(/1[3-9]\d wait/);
    const seen = new Set<string>();
    let path: string | undefined = '/console/';
    const order: string[] = [];
    for (let pages = 0; path !== undefined && pages < 10; pages += 1) {
      const page: string = await inbox(path);
      for (const [, topic = ''] of page.matchAll(/Many no\. (\d+)/g)) {
        seen.add(topic);
        order.push(topic);
      }
      path = /href="([^"]*after=[^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&');
    }
    expect(seen.size).toBe(130);
    expect(order).toHaveLength(130);
    expect(order).toEqual(order.toSorted());
  });
});

/** What a CRM leaves behind that never answered: as the worker would have it after its last try. */
function stuck(id: string, more: (at: string) => object | undefined = () => ({})): void {
  const operation = gateway.operation(id);
  const at = new Date().toISOString();
  const known = more(at);
  const handoff = known && {
    ...{ caseRef: 'H-STUCK', askedAt: at, respondBy: at, channel: 'x', topic: 'Nobody knows', from: 'reconciling' },
    ...known,
  };
  const history = [
    ...operation.history,
    { at, from: operation.state, to: 'needs_human', event: 'stuck', by: 'engine' },
  ];
  const { handoff: _none, ...rest } = operation;
  const problem = toProblem(refusal('outcome-unknown'));
  put({ ...rest, state: 'needs_human', dueAt: null, problem, history, ...(handoff && { handoff }) }, operation.id);
}

function put(operation: object, id: string): void {
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'));
  db.prepare('PRAGMA busy_timeout = 5000').get();
  db.prepare("UPDATE operations SET state = 'needs_human', due_at = NULL, person_by = ?, doc = ? WHERE id = ?").run(
    new Date().toISOString(),
    JSON.stringify(operation),
    id,
  );
  db.close();
}

function many(like: string, count: number): void {
  const { handoff, ...operation } = gateway.operation(like);
  const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'));
  db.exec('PRAGMA busy_timeout = 5000; BEGIN');
  const add = db.prepare(
    'INSERT INTO operations (id, version, state, agent, conversation, due_at, created_at, updated_at, push_secrets, person_by, doc) SELECT ?, version, state, agent, ?, NULL, created_at, updated_at, 0, ?, ? FROM operations WHERE id = ?',
  );
  for (let n = 0; n < count; n += 1) {
    const id = `op_${randomUUID()}`;
    // Asked last, due first.
    const respondBy = new Date(Date.now() + n * 60_000).toISOString();
    const doc = {
      ...operation,
      id,
      handoff: { ...handoff, respondBy, topic: `Many no. ${String(n).padStart(3, '0')}` },
    };
    add.run(id, id, respondBy, JSON.stringify(doc), like);
  }
  db.exec('COMMIT');
  db.close();
}
