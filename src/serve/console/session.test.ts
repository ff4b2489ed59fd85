import { beforeEach, describe, expect, it } from 'vitest';
import { makeAttempts } from '../../edge/attempts.ts';
import { type Knock, makeSessions, type Person } from './session.ts';

const maria: Person = { id: 'maria', name: 'Maria', roles: ['approver'], password_scrypt: '' };
const otto: Person = { ...maria, id: 'otto', name: 'Otto' };
const RIGHT = 'right';

let now = 0;
let timers: { readonly at: number; readonly run: () => void }[] = [];
let hashing = 0;
let most = 0;
let hashed = 0;
let sessions: ReturnType<typeof makeSessions>;
const start = () =>
  makeSessions({
    people: [maria, otto],
    now: () => new Date(now),
    deviceSecret: Buffer.alloc(32, 7),
    later: (ms, run) => void timers.push({ at: now + ms, run }),
    verify: async (_, password) => {
      hashing += 1;
      hashed += 1;
      most = Math.max(most, hashing);
      await new Promise((resolve) => setImmediate(resolve));
      hashing -= 1;
      return password === RIGHT;
    },
  });
beforeEach(() => {
  now = Date.UTC(2026, 10, 28);
  [hashing, most, hashed] = [0, 0, 0];
  timers = [];
  sessions = start();
});

const knock = (more: Partial<Knock> = {}) =>
  sessions.signIn({ id: 'maria', password: 'wrong', address: '203.0.113.1', ...more });
/** Time goes by, and what was due is done. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    now += Math.min(left, 500);
    const due = timers.filter(({ at }) => at <= now);
    timers = timers.filter(({ at }) => at > now);
    for (const { run } of due) run();
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}
const kinds = async (knocks: readonly ReturnType<typeof knock>[]) =>
  (await Promise.all(knocks)).map(({ kind }) => kind);
const countOf = (all: readonly string[], kind: string) => all.filter((each) => each === kind).length;
async function deviceOf(id = 'maria'): Promise<string> {
  const signed = await knock({ id, password: RIGHT, address: '198.51.100.9' });
  if (signed.kind !== 'in') throw new Error(signed.kind);
  return signed.device;
}
/** Time for the lane of strangers to have room again. */
const rest = () => {
  now += 60_000;
};

describe('signing in', () => {
  it('D3: counts attempts before they are judged: in parallel no more than the limit are looked at', async () => {
    const seen = await kinds(Array.from({ length: 36 }, () => knock()));
    expect(countOf(seen, 'wrong')).toBeLessThanOrEqual(5);
    for (let at = 0; at < 36; at += 1) {
      now += 10_000;
      await knock();
    }
    expect(hashed).toBe(5);
    expect(await knock({ password: RIGHT })).toMatchObject({ kind: 'wait' });
    now += 15 * 60_000;
    expect(await knock({ password: RIGHT })).toMatchObject({ kind: 'in' });
  });

  it('D3: goes on when the clock, which was ahead, is set back, and for whoever is right', async () => {
    now += 3_600_000;
    for (let at = 0; at < 4; at += 1) await knock();
    now -= 3_600_000;
    for (let at = 0; at < 40; at += 1) expect(await knock({ password: RIGHT })).toMatchObject({ kind: 'in' });
  });

  it('D3: is not stopped by strangers who use the name from elsewhere', async () => {
    for (let at = 0; at < 40; at += 1) {
      await knock({ address: `192.0.2.${at}` });
      rest();
    }
    expect(await knock({ password: RIGHT })).toMatchObject({ kind: 'in' });
  });

  it('D3: is not stopped by strangers at the same address either, on a device that has signed in before', async () => {
    const device = await deviceOf();
    for (let at = 0; at < 10; at += 1) {
      rest();
      await knock();
    }
    expect(await knock({ password: RIGHT })).toMatchObject({ kind: 'wait' });
    expect(await knock({ password: RIGHT, device })).toMatchObject({ kind: 'in', device });
    // A device is of one name, and has a limit too.
    expect(await knock({ id: 'otto', password: RIGHT, device })).toMatchObject({ kind: 'in' });
    rest();
    for (let at = 0; at < 5; at += 1) await knock({ device });
    expect(await knock({ password: RIGHT, device })).toMatchObject({ kind: 'wait' });
  });

  it('D3: knows a device after a restart, and no forged one', async () => {
    const device = await deviceOf();
    sessions = start();
    for (let at = 0; at < 5; at += 1) await knock();
    rest();
    expect(await knock({ password: RIGHT, device })).toMatchObject({ kind: 'in' });
    const [nonce] = device.split('.');
    // Nor the same device under another spelling: it would be counted as another.
    for (const forged of [
      `${nonce}.`,
      `${nonce}.${'A'.repeat(43)}`,
      '.',
      'x',
      '',
      `x${device}`,
      `${device}.`,
      `${device}.2`,
    ])
      expect(await knock({ password: RIGHT, device: forged })).toMatchObject({ kind: 'wait' });
  });

  it('D3: hashes one password at a time, a device’s before strangers’, and for strangers not many', async () => {
    const device = await deviceOf();
    rest();
    const strangers = Array.from({ length: 30 }, (_, at) => knock({ address: `192.0.2.${at}`, id: `n${at}` }));
    const order: string[] = [];
    const note = (who: string) => (signed: { kind: string }) => {
      if (signed.kind !== 'wait') order.push(who);
      return signed;
    };
    const ended = strangers.map((each) => each.then(note('stranger')));
    await knock({ password: RIGHT, device }).then(note('device'));
    expect(most).toBe(1);
    // One stranger's was under way already.
    expect(order[1]).toBe('device');
    // So many at once, the others when there is a turn, and nobody waits without end.
    await pass(1_000);
    expect(hashed).toBe(12);
    await pass(20_000);
    expect(
      countOf(
        (await Promise.all(ended)).map(({ kind }) => kind),
        'busy',
      ),
    ).toBeGreaterThan(5);
    const before = hashed;
    for (let at = 0; at < 60; at += 1) {
      for (let n = 0; n < 10; n += 1) void knock({ address: `192.0.${at}.${n}`, id: `m${n}` });
      await pass(1_000);
    }
    // A minute: one in two seconds.
    expect(hashed - before).toBeLessThanOrEqual(40);
  });

  it('D3: tells a name that is not there no sooner and no otherwise than one that is', async () => {
    for (const id of ['maria', 'nobody']) {
      const told: string[] = [];
      for (let at = 0; at < 7; at += 1) {
        rest();
        told.push((await knock({ id, address: '192.0.2.77' })).kind);
      }
      expect(told).toEqual(['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 'wait', 'wait']);
    }
    expect(hashed).toBe(10);
  });

  it('D3: of many names from one address is stopped by the address, and remembers a bounded number of everything', async () => {
    for (let at = 0; at < 60; at += 1) {
      rest();
      await knock({ id: `n${at}` });
      if (now > Date.UTC(2026, 10, 28) + 14 * 60_000) break;
    }
    expect(hashed).toBeLessThanOrEqual(20);
    const attempts = makeAttempts({ nowMs: () => now, windowMs: 900_000 });
    for (let at = 0; at < 50_000; at += 1) attempts.begin([{ name: `a${at}`, max: 5 }]);
    expect(attempts.size).toBeLessThanOrEqual(20_000);
  });

  it('D3: what we could not judge is not called wrong, and does not count', async () => {
    let isBroken = true;
    sessions = makeSessions({
      people: [maria],
      now: () => new Date(now),
      deviceSecret: Buffer.alloc(32, 7),
      later: () => undefined,
      verify: async (_, password) => {
        if (isBroken) throw new Error('out of memory');
        return password === RIGHT;
      },
    });
    for (let at = 0; at < 8; at += 1) expect(await knock({ password: RIGHT })).toMatchObject({ kind: 'busy' });
    isBroken = false;
    rest();
    expect(await knock({ password: RIGHT })).toMatchObject({ kind: 'in' });
  });

  /** Guesses from everywhere a stranger has, as fast as they are answered; and, from the tenth second on, one person on a new device who
   * tries again when told to. */
  async function underFlood(addressOf: (at: number) => string, address = '203.0.113.7') {
    const FLOOD_A_SECOND = 200;
    let signed: { readonly kind: string } | undefined;
    let isTrying = false;
    let tries = 0;
    for (let second = 0; second < 600; second += 1) {
      for (let n = 0; n < FLOOD_A_SECOND; n += 1)
        void knock({ id: n % 2 === 0 ? 'maria' : `n${n}`, address: addressOf(second * FLOOD_A_SECOND + n) });
      if (second >= 10 && !isTrying && second % 3 === 0) {
        isTrying = true;
        tries += 1;
        void knock({ password: RIGHT, address }).then((result) => {
          isTrying = false;
          signed = result;
        });
      }
      await pass(1_000);
      if (signed?.kind === 'in') return { tries, seconds: second - 10 };
    }
    throw new Error(`not let in after ${tries} tries`);
  }
  const hex = (at: number) => at.toString(16);

  it.each<[string, (at: number) => string, seconds?: number]>([
    ['64 /64s of one /48', (at) => `2001:db8:1:${hex(at % 64)}::/64`],
    ['65,536 /64s of one /48', (at) => `2001:db8:1:${hex(at % 65_536)}::/64`],
    ['256 /48s of one provider', (at) => `2001:db8:${hex(at % 256)}:1::/64`],
    ['all /24s of one /16', (at) => `198.51.${at % 256}.${(at >> 8) % 256}`],
    ['one /24', (at) => `198.51.100.${at % 256}`],
    // There a hundred sites have their turn, too, each once.
    ['the person’s own /16', (at) => `203.0.${at % 100}.${(at >> 8) % 256}`, 100],
    ['16 /24s of 16 providers', (at) => `198.${at % 16}.100.${(at >> 4) % 256}`],
  ])('D3: a new device gets in while a stranger guesses from %s', async (_, addressOf, within = 12) => {
    const { tries, seconds: waited } = await underFlood(addressOf);
    expect(waited).toBeLessThanOrEqual(within);
    expect(tries).toBeLessThanOrEqual(within / 4);
  });

  it('D3: of a stranger with many providers’ networks no more is between a new device and its turn than each once', async () => {
    const { seconds: waited } = await underFlood((at) => `${1 + (at % 100)}.51.100.${(at >> 7) % 256}`);
    expect(waited).toBeLessThanOrEqual(200);
  });

  it('keeps a bounded number of sessions a person, the newest', async () => {
    const device = await deviceOf();
    const tokens: string[] = [];
    for (let at = 0; at < 30; at += 1) {
      const signed = await knock({ password: RIGHT, device });
      if (signed.kind === 'in') tokens.push(signed.token);
    }
    expect(tokens.filter((token) => sessions.find(token) !== undefined)).toEqual(tokens.slice(-20));
  });

  it('ends a session after its time, and when it is signed out', async () => {
    const open = async () => {
      const signed = await knock({ password: RIGHT });
      return signed.kind === 'in' ? signed.token : '';
    };
    const [left, closed] = [await open(), await open()];
    expect([left, closed].map((token) => sessions.find(token)?.person.id)).toEqual(['maria', 'maria']);
    sessions.signOut(closed);
    expect(sessions.find(closed)).toBeUndefined();
    now += 8 * 3_600_000 - 1;
    expect(sessions.find(left)).toBeDefined();
    now += 1;
    expect(sessions.find(left)).toBeUndefined();
  });
});
