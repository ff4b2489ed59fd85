/** draft-ietf-httpapi-idempotency-key-header over real HTTP: what a repeated request may and may not do. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { newKeyField, problemCode, send, signedPost, type WireRequest } from '../support/signed.ts';

const SUBMIT = '/actions/human.handoff';
const BODY = { input: { topic: 'A question about the renewal' } };

let gateway: TestGateway;
let agent: TestAgent;
beforeAll(async () => {
  gateway = await startTestGateway();
  agent = await gateway.newAgent();
});
afterAll(() => gateway.stop());

/** Signed anew every time, as a retry must be. */
const post = (idempotencyKey: string | undefined, body: object | string = BODY, by = agent): WireRequest =>
  signedPost(gateway.origin, by.key, SUBMIT, body, { idempotencyKey });
const ask = (request: WireRequest) => send(gateway.origin, request);

const operations = () => gateway.operations();

describe('keys that cannot be used', () => {
  it('refuses a POST without a key', async () => {
    const before = operations();
    const answer = await ask(post(undefined));
    expect([answer.status, problemCode(answer)]).toEqual([400, 'idempotency-key-missing']);
    expect(operations()).toBe(before);
  });

  it.each([
    ['no quotes (a token)', 'k-0123456789012345678901234567'],
    ['an open quote', '"k-0123456789012345678901234567'],
    ['two items', '"k-012345678901234567", "k-012345678901234568"'],
    ['a parameter', '"k-0123456789012345678901234567";a=1'],
    ['bytes instead of a string', ':azAxMjM0NTY3ODkwMTIzNDU2Nzg5:'],
    ['an empty string', '""'],
    ['19 characters', `"${'k'.repeat(19)}"`],
    ['256 characters', `"${'k'.repeat(256)}"`],
  ])('refuses %s', async (_, field) => {
    const before = operations();
    const answer = await ask(post(field));
    expect([answer.status, problemCode(answer)]).toEqual([400, 'idempotency-key-invalid']);
    expect(operations()).toBe(before);
  });

  it.each([20, 255])('takes %i characters', async (length) => {
    expect((await ask(post(`"${'k'.repeat(length)}"`))).status).toBe(202);
  });
});

describe('a key and its request', () => {
  it.each([
    ['a schema violation', { input: { topic: '' } }, 422],
    ['a body that is not JSON', '{"input":', 400],
  ])('leaves the key free after %s', async (_, bad, status) => {
    const key = newKeyField();
    expect((await ask(post(key, bad))).status).toBe(status);
    const good = await ask(post(key));
    expect([good.status, good.headers['idempotency-replayed']]).toEqual([202, undefined]);
  });

  it('answers the same request again with the stored bytes, and says so', async () => {
    const key = newKeyField();
    const first = await ask(post(key));
    const before = operations();
    const again = await ask(post(key));
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([first.status, 'true']);
    expect(again.headers.location).toBe(first.headers.location);
    expect(again.body.equals(first.body)).toBe(true);
    expect(operations()).toBe(before);
  });

  it('sees the same request in another spelling of the same JSON', async () => {
    const key = newKeyField();
    const first = await ask(post(key));
    const again = await ask(post(key, ` { "input" : { "topic": "\\u0041 question about the renewal" } } `));
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body.equals(first.body)).toBe(true);
  });

  it('refuses the key for another body', async () => {
    const key = newKeyField();
    await ask(post(key));
    const before = operations();
    const other = await ask(post(key, { input: { topic: 'Another question' } }));
    expect([other.status, problemCode(other)]).toEqual([422, 'idempotency-key-reused']);
    expect(operations()).toBe(before);
  });

  it('keeps the keys of two agents apart: neither learns of the other', async () => {
    const key = newKeyField();
    const other = await gateway.newAgent();
    const mine = await ask(post(key));
    const theirs = await ask(post(key, BODY, other));
    const different = await ask(post(key, { input: { topic: 'Theirs' } }, await gateway.newAgent()));
    expect([theirs.status, theirs.headers['idempotency-replayed']]).toEqual([202, undefined]);
    expect(theirs.json['id']).not.toBe(mine.json['id']);
    expect(different.status).toBe(202);
  });

  it('makes one operation of 20 identical requests at once', async () => {
    const key = newKeyField();
    const before = operations();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(post(key))));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(new Set(answers.map(({ body }) => body.toString())).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    expect(operations()).toBe(before + 1);
  });

  it('answers the same bytes after a restart, though the operation has moved on', async () => {
    const key = newKeyField();
    const first = await ask(post(key));
    await agent.client.waitForTurn(String(first.json['id']));
    await gateway.restart();
    const before = operations();
    const again = await ask(post(key));
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([202, 'true']);
    expect(again.body.equals(first.body)).toBe(true);
    const other = await ask(post(key, { input: { topic: 'Another question' } }));
    expect(problemCode(other)).toBe('idempotency-key-reused');
    expect(operations()).toBe(before);
  });
});

describe('retention', () => {
  it('refuses a key whose retention has ended instead of acting again', async () => {
    const key = newKeyField();
    await ask(post(key));
    const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'));
    db.prepare('UPDATE claims SET expires_at = 1 WHERE key = ?').run(key.slice(1, -1));
    db.close();
    const before = operations();
    const answer = await ask(post(key));
    expect([answer.status, problemCode(answer)]).toEqual([410, 'idempotency-key-expired']);
    expect(operations()).toBe(before);
  });
});

describe('a signature is used once', () => {
  it('refuses the very same signed request, whatever its key', async () => {
    const request = post(newKeyField());
    expect((await ask(request)).status).toBe(202);
    const again = await ask(request);
    expect([again.status, problemCode(again)]).toEqual([401, 'signature-replayed']);
  });

  it('refuses it after a restart', async () => {
    const request = post(newKeyField());
    expect((await ask(request)).status).toBe(202);
    await gateway.restart();
    expect(problemCode(await ask(request))).toBe('signature-replayed');
  });

  it('lets one of two racing copies through', async () => {
    const request = post(newKeyField());
    const before = operations();
    const statuses = await Promise.all([ask(request), ask(request), ask(request)]);
    expect(statuses.map(({ status }) => status).toSorted()).toEqual([202, 401, 401]);
    expect(operations()).toBe(before + 1);
  });
});
