import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../protocol/base/limits.ts';
import { ok } from '../../protocol/base/result.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { idempotent, type Keyed, notHeld, withoutKeyBinding } from './idempotent.ts';

function bench() {
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  let now = Date.UTC(2026, 10, 28, 9);
  let acted = 0;
  const world = { store, clock: { now: () => new Date(now) } };
  const nonce = (name: string) => ({ keyid: 'k', nonce: name, expiresAt: 9_999_999_999 });
  return {
    acted: () => acted,
    nonce,
    pass(seconds: number): void {
      now += seconds * 1_000;
    },
    ask: (more: Partial<Keyed> = {}) =>
      idempotent(world, { scope: 'agent submit', key: 'k', content: ['a'], ...more }, async (keep) => {
        acted += 1;
        const answer = { status: 201, body: JSON.stringify({ made: acted }) };
        return notHeld(await store.commit(keep(answer)), answer);
      }),
  };
}

describe('a key', () => {
  it('E11: with the same content is answered as it first was, and acts once', async () => {
    const { ask, acted } = bench();
    const first = await ask();
    expect(first).toEqual(ok({ status: 201, body: '{"made":1}', replayed: false }));
    expect(await ask()).toEqual(ok({ status: 201, body: '{"made":1}', replayed: true }));
    expect(acted()).toBe(1);
  });

  it('E11: with other content is refused, and one whose time is over is told so', async () => {
    const { ask, pass, acted } = bench();
    await ask();
    expect(await ask({ content: ['b'] })).toMatchObject({ ok: false, error: { code: 'idempotency-key-reused' } });
    pass(LIMITS.idempotencyRetentionSeconds);
    expect(await ask()).toMatchObject({ ok: false, error: { code: 'idempotency-key-expired' } });
    expect(acted()).toBe(1);
  });

  it('E11: of another, or for something else, is another', async () => {
    const { ask, acted } = bench();
    await ask();
    await ask({ scope: 'other submit' });
    await ask({ scope: 'agent invite' });
    expect(acted()).toBe(3);
  });

  it('E11: asked twice at once acts once in effect, and both have the same answer', async () => {
    const { ask } = bench();
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(new Set(answers.map((each) => each.ok && each.value.body)).size).toBe(1);
  });

  it('E11: spends the signature of a repeated request too', async () => {
    const { ask, nonce } = bench();
    await ask({ nonce: nonce('1') });
    expect(await ask({ nonce: nonce('2') })).toMatchObject({ ok: true, value: { replayed: true } });
    expect(await ask({ nonce: nonce('2') })).toMatchObject({ ok: false, error: { code: 'signature-replayed' } });
    expect(await ask({ nonce: nonce('1') })).toMatchObject({ ok: false, error: { code: 'signature-replayed' } });
  });

  it('E11: is of the mandate, not of how it is bound this time', () => {
    expect(withoutKeyBinding({ mandate: 'jwt~kb1', input: 1 })).toEqual(
      withoutKeyBinding({ mandate: 'jwt~kb2', input: 1 }),
    );
    expect(withoutKeyBinding({ mandate: 'other~kb1' })).not.toEqual(withoutKeyBinding({ mandate: 'jwt~kb1' }));
    for (const body of [null, [], 'text', 3]) expect(withoutKeyBinding(body)).toEqual(body);
  });
});
