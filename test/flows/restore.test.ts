import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { newKeyField, send, signedPost } from '../support/signed.ts';

const HELP = { input: { topic: 'Help', message: 'Please call', urgency: 'normal' } };
const LIMIT = { timeout: 90_000 };

let gateway: TestGateway;
let agent: TestAgent;
beforeEach(async () => {
  gateway = await startTestGateway({ faults: true });
  agent = await gateway.newAgent();
}, 60_000);
afterEach(() => gateway?.stop());

/** A case for a person, asked for with this key; its operation when the CRM has it. */
async function helped(key: string): Promise<string> {
  const request = signedPost(gateway.origin, agent.key, '/actions/human.handoff', HELP, { idempotencyKey: key });
  const answer = await send(gateway.origin, request);
  expect([answer.status, answer.json['type']]).toEqual([202, undefined]);
  const { id, state } = await agent.client.waitForTurn(String(answer.json['id']));
  expect(state).toBe('completed');
  return id;
}

const tickets = async () => (await gateway.crm.ledger()).map(({ external_id }) => external_id);
const files = (folder: string, ...names: string[]) => names.map((each) => join(folder, each));
const DATABASE = ['parley.db', 'parley.db-wal', 'parley.db-shm'];
const remove = (folder: string, ...names: string[]) => {
  for (const each of files(folder, ...names)) rmSync(each, { force: true });
};
/** Starts again on the same data with something done to it; the reason when it does not. */
const refusal = (between: (folder: string) => void) =>
  gateway.restart(between).then(
    () => undefined,
    (error: unknown) => String(error),
  );

async function checkpointOf(url: string): Promise<{ origin: string; size: number }> {
  const [origin = '', size = ''] = (await (await fetch(`${gateway.origin}${url}`)).text()).split('\n');
  return { origin, size: Number(size) };
}

const profile = async () =>
  (await (await fetch(`${gateway.origin}/.well-known/parley`)).json()) as {
    log: { verifier_key: string; checkpoint: string; ended?: string[] };
    keys: object[];
  };

describe('a data directory', () => {
  it(
    'E8: whose database, keys or checkpoint is lost, older or another’s does not start, and says which',
    LIMIT,
    async () => {
      const other = await startTestGateway();
      const otherKeys = readFileSync(join(other.config.data_dir, 'keys.json'));
      await other.stop();
      await gateway.restart((at) => cpSync(at, `${at}.copy`, { recursive: true }));
      await agent.client.receipt(await helped(newKeyField()));
      await gateway.restart((at) => cpSync(at, `${at}.whole`, { recursive: true }));

      /** Puts the whole back, does this to it, and starts. */
      const started = (change: (at: string) => void) =>
        refusal((at) => {
          rmSync(at, { recursive: true });
          cpSync(`${at}.whole`, at, { recursive: true });
          change(at);
        });
      const put = (name: string, bytes: Buffer) => (at: string) =>
        writeFileSync(join(at, name), bytes, { mode: 0o600 });
      const older = (name: string) => (at: string) => cpSync(join(`${at}.copy`, name), join(at, name));
      const wrong: readonly (readonly [(at: string) => void, string])[] = [
        [(at) => remove(at, ...DATABASE), 'parley.db is missing'],
        [older('parley.db'), 'parley.db is older than log.checkpoint'],
        [(at) => remove(at, 'keys.json'), 'keys.json is missing'],
        [put('keys.json', otherKeys), 'keys.json is of instance'],
        [(at) => remove(at, 'log.checkpoint'), 'log.checkpoint is missing'],
        [put('log.checkpoint', Buffer.from('cumulus.example/log\n3\n')), 'log.checkpoint is no signed checkpoint'],
      ];
      for (const [change, told] of wrong) {
        const reason = await started(change);
        expect([told, reason]).toEqual([told, expect.stringContaining(told)]);
        expect(reason).toContain('--accept-restore');
      }
      expect(await started(older('log.checkpoint'))).toBeUndefined();
      expect(await started(() => undefined)).toBeUndefined();
      await helped(newKeyField());
    },
  );
});

describe('an older copy of the database', () => {
  it(
    'E8: is accepted by an operator, logged, and doubles nothing: neither what it has open nor what it has lost',
    LIMIT,
    async () => {
      const [before, open, lost] = [newKeyField(), newKeyField(), newKeyField()];
      const first = await helped(before);
      const receipt = await agent.client.receipt(first);
      const { log } = await profile();

      // In the copy this one waits for the CRM, which is down.
      await gateway.crm.fault({ op: 'any', kind: '500-before', count: 10_000 });
      const waiting = await send(
        gateway.origin,
        signedPost(gateway.origin, agent.key, '/actions/human.handoff', HELP, { idempotencyKey: open }),
      );
      await gateway.restart((at) => cpSync(at, `${at}.copy`, { recursive: true }));
      await gateway.crm.clearFaults();
      const openId = String(waiting.json['id']);
      await expect.poll(async () => (await agent.client.read(openId)).state, { timeout: 30_000 }).toBe('completed');
      const lostId = await helped(lost);
      await agent.client.receipt(lostId);
      const done = await tickets();
      expect(done).toHaveLength(3);
      const signed = await checkpointOf(log.checkpoint);

      const putBack = (at: string) => {
        remove(at, ...DATABASE);
        cpSync(join(`${at}.copy`, 'parley.db'), join(at, 'parley.db'));
      };
      expect(await refusal(putBack)).toContain('parley.db is older than log.checkpoint');
      await gateway.restart(undefined, { acceptRestore: true });

      // What the copy has open ends without a second write, and what it has lost is the same operation again.
      await expect.poll(async () => (await agent.client.read(openId)).state, { timeout: 30_000 }).toBe('completed');
      expect(await helped(lost)).toBe(lostId);
      expect(await helped(before)).toBe(first);
      expect(await tickets()).toEqual(done);

      // The old log has signed nothing new; the new one begins with the restore; each receipt is proven by its own.
      const now = await profile();
      expect(now.log.verifier_key).not.toBe(log.verifier_key);
      expect(now.log.ended).toEqual([log.verifier_key]);
      const ended = await checkpointOf(log.checkpoint);
      expect(ended.origin).toBe(signed.origin);
      expect(ended.size).toBeLessThan(signed.size);
      expect((await checkpointOf(now.log.checkpoint)).origin).not.toBe(signed.origin);
      for (const each of [receipt, await agent.client.receipt(first), await agent.client.receipt(lostId)])
        expect((await verifyReceipt(each, { keys: { keys: now.keys } })).verdict).toBe('valid');
      const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
      const leaves = db.prepare('SELECT CAST(leaf AS TEXT) AS leaf FROM records').all();
      db.close();
      const records = leaves.map(({ leaf }) => JSON.parse(String(leaf))).filter(({ type }) => type === 'restored');
      expect(records).toMatchObject([{ signed: { log: signed.origin, size: signed.size } }]);

      // Once accepted, it is one state again.
      await gateway.restart();
      expect(await tickets()).toEqual(done);
    },
  );
});
