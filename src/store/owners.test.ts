import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { ownerOf } from '../engine/owner.ts';
import { migrate } from './schema.ts';

/** The last version that kept operations and idempotency keys under the key alone. */
const BEFORE = 14;

it('D19: operations and idempotency keys of an earlier version are their customers’ afterwards', () => {
  const db = new DatabaseSync(':memory:');
  migrate(db, BEFORE);
  const token = { jti: 't', issuer: 'https://as.example/a "b"', client: 'c', subject: 'contact:C\\1' };
  const bound = { keyid: 'K', via: 'token', token: { ...token, boundTo: 'K' } };
  const bearer = { keyid: 'B', via: 'token', token };
  const signer = { keyid: 'S', via: 'registered' };
  const agents = [bound, bearer, signer] as const;
  for (const [at, agent] of agents.entries()) {
    const id = `op_${at}`;
    db.prepare("INSERT INTO operations VALUES (?, 1, 'received', ?, NULL, '', ?, '')").run(
      id,
      agent.keyid,
      JSON.stringify({ agent }),
    );
    const claim = db.prepare("INSERT INTO claims VALUES (?, ?, '', 200, ?, 1)");
    claim.run('k', `${agent.keyid} submit `, JSON.stringify({ id }));
    claim.run('k', `${agent.keyid} withdraw ${id}`, JSON.stringify({ id }));
  }
  db.prepare("INSERT INTO claims VALUES ('other', 'x', '', 200, 'no json', 1)").run();
  migrate(db);
  const owners = db.prepare('SELECT agent FROM operations ORDER BY id').all();
  expect(owners.map(({ agent }) => agent)).toEqual(agents.map(ownerOf));
  const scopes = db.prepare("SELECT scope FROM claims WHERE key = 'k' ORDER BY rowid").all();
  expect(scopes.map(({ scope }) => scope)).toEqual(
    agents.flatMap((agent, at) => [`${ownerOf(agent)} submit `, `${ownerOf(agent)} withdraw op_${at}`]),
  );
});
