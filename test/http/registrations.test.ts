/** Keys that strangers register: a bounded room, for a while, and none of an agent that has asked for something. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Thumbprint } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { newAgentKey } from '../../src/client/index.ts';
import { makeRegistrations } from '../../src/identity/signature/registrations.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { problemCode, send, signedPost } from '../support/signed.ts';

describe('registrations that nothing came of', () => {
  const start = () => {
    let now = Date.UTC(2026, 10, 28);
    const store = openSqliteStore(':memory:', () => undefined);
    const clock = { now: () => new Date(now) };
    let registrations = makeRegistrations({ store, clock });
    const forgotten: string[] = [];
    registrations.onForgotten((keyid) => forgotten.push(keyid));
    const save = (name: string, site: string, label = 'x'.repeat(100)) =>
      registrations.save(
        {
          keyid: name.padEnd(43, '0') as Thumbprint,
          jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
          name: label,
          registeredAt: clock.now().toISOString(),
        },
        site,
      );
    return {
      save,
      store,
      forgotten,
      isKnown: (name: string) => store.agent(name.padEnd(43, '0')) !== undefined,
      /** Something of its own is kept: an operation, as far as the registration is concerned. */
      use: (name: string) =>
        store.db
          .prepare("UPDATE agents SET doc = json_remove(doc, '$.unused') WHERE keyid = ?")
          .run(name.padEnd(43, '0')),
      pass(seconds: number) {
        now += seconds * 1_000;
      },
      expire: () => registrations.expire(),
      restart() {
        registrations = makeRegistrations({ store, clock });
      },
      count: () => Number(store.db.prepare('SELECT count(*) AS n FROM agents').get()?.['n']),
      logged: () => Number(store.db.prepare('SELECT count(*) AS n FROM records').get()?.['n']),
    };
  };

  it('D25: of one site stay within its bytes, and push out its own earliest only', async () => {
    const { save, isKnown, use, count, logged } = start();
    await save('innocent', 'a');
    await save('used', 'b');
    use('used');
    for (let n = 0; n < 3_000; n += 1) await save(`n${n}`, 'b');
    expect([isKnown('innocent'), isKnown('used'), isKnown('n0'), isKnown('n2999')]).toEqual([true, true, false, true]);
    expect(count()).toBeLessThan(LIMITS.unusedKeysBytesOfSiteMax / 400);
    // The log is never forgotten: nothing of strangers is written there.
    expect(logged()).toBe(0);
  });

  it('D25: at once from two sites is one key, of the last of them, and none of the other’s goes for it', async () => {
    const { save, isKnown } = start();
    await Promise.all([save('twice', 'a'), save('twice', 'b')]);
    for (let n = 0; n < 3_000; n += 1) await save(`n${n}`, 'a');
    expect(isKnown('twice')).toBe(true);
  });

  it('D25: of many sites stay within the bytes of all, the earliest of whoever has most first', async () => {
    const { save, isKnown, count, restart, forgotten } = start();
    await save('innocent', 'a');
    const fill = Math.ceil(LIMITS.unusedKeysBytesMax / 400);
    for (let n = 0; n < fill; n += 1) await save(`n${n}`, `site ${n % 40}`);
    restart();
    for (let n = 0; n < 2_000; n += 1) await save(`m${n}`, `site ${n % 40}`);
    expect(isKnown('innocent')).toBe(true);
    expect(count()).toBeLessThan(fill);
    expect(forgotten).not.toContain('innocent'.padEnd(43, '0'));
  }, 60_000);

  it('D25: of a provider with more sites than there is room push out none of others, who are kept as they come', async () => {
    const { save, isKnown } = start();
    await save('early', '192.0.2.0/24');
    const many = (from: number, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, n) => save(`n${from + n}`, `2001:db8:${(from + n).toString(16)}::/48`)),
      );
    await many(0, Math.ceil(LIMITS.unusedKeysBytesMax / 400));
    // Longer than each of theirs, and the most that any one site has.
    await save('late', '198.51.100.0/24', 'x'.repeat(120));
    expect([isKnown('early'), isKnown('late')]).toEqual([true, true]);
    await many(30_000, 500);
    expect([isKnown('early'), isKnown('late')]).toEqual([true, true]);
  }, 60_000);

  it('D25: end after a month, also over a restart; what was used does not', async () => {
    const { save, isKnown, use, pass, expire, restart } = start();
    await save('early', 'a');
    await save('used', 'a');
    use('used');
    pass(LIMITS.unusedKeySeconds - 10);
    await save('late', 'a');
    expect(await expire()).toBe(0);
    restart();
    pass(20);
    expect(await expire()).toBe(1);
    expect([isKnown('early'), isKnown('used'), isKnown('late')]).toEqual([false, true, true]);
    // One that registers again is there from now on.
    await save('early', 'a');
    expect(isKnown('early')).toBe(true);
  });
});

describe('a key that registers', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway();
  }, 60_000);
  afterAll(() => gateway.stop());

  const rows = (sql: string) => {
    const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
    const all = db.prepare(sql).all();
    db.close();
    return all;
  };
  const docOf = (keyid: string) =>
    JSON.parse(String(rows(`SELECT doc FROM agents WHERE keyid = '${keyid}'`)[0]?.['doc'])) as JsonObject;
  const logged = (keyid: string) =>
    rows('SELECT CAST(leaf AS TEXT) AS leaf FROM records').filter(
      ({ leaf }) => String(leaf).includes('"registration"') && String(leaf).includes(keyid),
    ).length;

  it('D25: is kept with nothing that a stranger put beside it, and for good once it has asked for something', async () => {
    const key = await newAgentKey();
    const body = { name: 'New', jwk: { ...key.publicJwk, junk: 'x'.repeat(20_000), key_ops: ['verify'] } };
    const answer = await send(gateway.origin, signedPost(gateway.origin, key, '/agents', body));
    expect(answer.status).toBe(201);
    const { kty, crv, x } = key.publicJwk;
    expect(docOf(key.keyid)).toMatchObject({ jwk: { kty, crv, x }, unused: '127.0.0.0/24' });
    expect(Object.keys(docOf(key.keyid)['jwk'] as JsonObject)).toHaveLength(3);
    expect(logged(key.keyid)).toBe(0);
    const agent = await gateway.newAgent({ registered: false, key });
    await agent.client.submit('human.handoff', { topic: 'Help', message: 'Call', urgency: 'normal' });
    expect(docOf(key.keyid)['unused']).toBeUndefined();
    expect(logged(key.keyid)).toBe(1);
    // Again, under another name: it stays.
    await agent.client.register({ name: 'Renamed' });
    expect(docOf(key.keyid)).toMatchObject({ name: 'Renamed' });
    expect(docOf(key.keyid)['unused']).toBeUndefined();
  });

  it('D25: and is no key that can be used is told so', async () => {
    const key = await newAgentKey();
    const secret = { ...key.publicJwk, d: 'A'.repeat(43) };
    const body = { name: 'New', jwk: secret };
    const answer = await send(gateway.origin, signedPost(gateway.origin, key, '/agents', body));
    expect([answer.status, problemCode(answer)]).toEqual([422, 'schema-violation']);
  });
});
