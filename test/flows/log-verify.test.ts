import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/cli/log.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let agent: TestAgent;
let ended: string;
let whole: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  agent = await gateway.newAgent();
  // Each receipt waits for a checkpoint: there are an earlier and a later one to put in each other's place.
  await agent.client.receipt(await helped());
  for (let n = 0; n < 3; n += 1) ended = await helped();
  await agent.client.receipt(ended);
  whole = `${gateway.config.data_dir}.whole`;
  await gateway.restart((at) => cpSync(at, whole, { recursive: true }));
}, 60_000);
afterAll(() => gateway?.stop());

async function helped(): Promise<string> {
  const { id } = await agent.client.submit('human.handoff', {
    topic: 'Help',
    message: 'Please call',
    urgency: 'normal',
  });
  await agent.client.waitForTurn(id);
  return id;
}

async function verified(folder: string): Promise<readonly [code: number, told: string]> {
  const told: string[] = [];
  const io = { out: (line: string) => void told.push(line), err: (line: string) => void told.push(line) };
  return [await verifyLog({ folder, origin: gateway.origin }, io), told.join('\n')];
}

function tamperWith(folder: string, sql: string, ...values: string[]): void {
  const db = new DatabaseSync(join(folder, 'parley.db'));
  try {
    for (const each of sql.split(';')) expect(db.prepare(each).run(...values).changes).toBeGreaterThan(0);
  } finally {
    db.close();
  }
}

const SIZE = '(SELECT max(size) FROM log_checkpoints)';
/** What somebody with the database does to it → what is found, and where. */
const TAMPERINGS: Readonly<Record<string, readonly [sql: string, found: RegExp]>> = {
  'the bytes of an entry': [
    `UPDATE records SET leaf = CAST(replace(CAST(leaf AS TEXT), 'received', 'declined') AS BLOB)
      WHERE idx = (SELECT min(idx) FROM records WHERE operation IS NOT NULL AND CAST(leaf AS TEXT) LIKE '%received%')`,
    /WRONG {2}entry \d+ is not what was hashed when it was logged \(operation op_/,
  ],
  'an entry deleted': ['DELETE FROM records WHERE idx = 2', /WRONG {2}entry 2 is not there/],
  'two entries swapped': [
    'UPDATE records SET idx = -1 WHERE idx = 1; UPDATE records SET idx = 1 WHERE idx = 3; UPDATE records SET idx = 3 WHERE idx = -1',
    /WRONG {2}entry 1 is not what was hashed[^\n]*\n(.*\n)?WRONG {2}entry 3 is not what was hashed/,
  ],
  'an entry filed under another operation': [
    "UPDATE records SET operation = 'op_x' WHERE idx = 1",
    /WRONG {2}entry 1 is filed under op_x/,
  ],
  'an entry and its hash': [
    'UPDATE log_hashes SET hash = zeroblob(32) WHERE id = 0',
    /WRONG {2}entry 0 is not what was hashed/,
  ],
  'a hash of the tree': ['UPDATE log_hashes SET hash = zeroblob(32) WHERE id = 2', /WRONG {2}entry 1 ends a subtree/],
  'a checkpoint’s text': [
    `UPDATE log_checkpoints SET note = replace(note, char(10) || size || char(10), char(10) || (size + 1) || char(10)) WHERE size = ${SIZE}`,
    /WRONG {2}checkpoint \d+ is filed under/,
  ],
  'a checkpoint’s signature': [
    `UPDATE log_checkpoints SET note = substr(note, 1, length(note) - 12) || 'AAAAAAAAAA=' || char(10) WHERE size = ${SIZE}`,
    /WRONG {2}checkpoint \d+ is (not signed by a key of this log|no signed note)/,
  ],
  'a checkpoint of before in the place of a later one': [
    `UPDATE log_checkpoints SET note = (SELECT note FROM log_checkpoints ORDER BY size LIMIT 1) WHERE size = ${SIZE}`,
    /WRONG {2}checkpoint \d+ is filed under/,
  ],
  'a receipt': [
    `UPDATE operations SET doc = json_set(doc, '$.receipt', substr(doc ->> '$.receipt', 1, length(doc ->> '$.receipt') - 6) || 'AAAAAA') WHERE id = ?`,
    /WRONG {2}operation op_\S+ has a receipt whose signature does not verify/,
  ],
  'another operation’s receipt': [
    `UPDATE operations SET doc = json_set(doc, '$.receipt', (SELECT doc ->> '$.receipt' FROM operations o WHERE o.id <> operations.id LIMIT 1)) WHERE id = ?`,
    /WRONG {2}operation op_\S+ (has a receipt whose entry is not in the log|is not what its receipt says)/,
  ],
  'an operation’s effects': [
    `UPDATE operations SET doc = json_set(doc, '$.attempts[0].result.ref.value', 'T-9999') WHERE id = ?`,
    /WRONG {2}operation op_\S+ is not what its receipt says: effects/,
  ],
  'an operation’s end': [
    `UPDATE operations SET doc = json_set(doc, '$.state', 'failed') WHERE id = ?`,
    /WRONG {2}operation op_\S+ is not what its receipt says: state/,
  ],
};

describe('the log in the database', () => {
  it('E13: is what was signed, also beside a running gateway', async () => {
    expect(await verified(whole)).toEqual([
      0,
      expect.stringMatching(/^\d\d+ entries and 4 receipts: nothing is wrong$/),
    ]);
    expect((await verified(gateway.config.data_dir))[0]).toBe(0);
    await expect.poll(() => gateway.log.some(({ event }) => event === 'log.audited')).toBe(true);
    expect(gateway.log.filter(({ event }) => event === 'log.wrong')).toEqual([]);
    expect((await verified(join(whole, 'nowhere')))[0]).toBe(2);
  });

  it.each(Object.entries(TAMPERINGS))('E13: shows that somebody changed %s', async (_name, [sql, found]) => {
    const folder = `${whole}.changed`;
    cpSync(whole, folder, { recursive: true });
    tamperWith(folder, sql, ...(sql.includes('?') ? [ended] : []));
    const [code, told] = await verified(folder);
    expect([code, told]).toEqual([1, expect.stringMatching(found)]);
    rmSync(folder, { recursive: true });
  });

  it('E13: is looked at while the gateway runs, and signs nothing more once something is wrong', async () => {
    const head = async () => (await (await fetch(`${gateway.origin}/log/checkpoint`)).text()).split('\n')[1];
    await gateway.restart((folder) => tamperWith(folder, "UPDATE records SET leaf = CAST('{}' AS BLOB) WHERE idx = 3"));
    await expect
      .poll(() => gateway.log.filter(({ event }) => event === 'log.wrong').map(({ fields }) => fields['part']))
      .toContain('entry 3');
    const before = await head();
    await helped();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await head()).toBe(before);
    expect(
      gateway.log.some(({ event, fields }) => event === 'task.failed' && /entry 3/.test(String(fields['error']))),
    ).toBe(true);
  });
});
