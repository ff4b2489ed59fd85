import { describe, expect, it } from 'vitest';
import type { Outgoing } from '../ports.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { type Answered, makeOutbox, type Rendered, retryAfterSeconds } from './deliver.ts';

const START = Date.UTC(2026, 10, 28, 9);
const DAY_MS = 86_400_000;

function bench() {
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  let now = START;
  const sent: string[] = [];
  const told: string[] = [];
  let answer: (message: Rendered) => Answered | undefined = () => ({ status: 204 });
  const outbox = makeOutbox({
    store,
    endpoints: ['desk', 'crm'],
    render: ({ id, endpoint }) => ({
      // The host of a stranger's address stands in the message's id here.
      url: endpoint.startsWith('push:') ? `https://${id.split('@')[1]}/` : `https://${endpoint}.company.example/`,
      headers: {},
      body: id,
    }),
    send: (message, signal) => {
      sent.push(message.body);
      const given = answer(message);
      if (given !== undefined) return Promise.resolve(given);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('cut off')));
      });
    },
    clock: { now: () => new Date(now) },
    random: () => 0,
    log: (event) => void told.push(event),
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 15));
  return {
    store,
    outbox,
    sent,
    told,
    answers(next: typeof answer): void {
      answer = next;
    },
    put: (outgoing: readonly Partial<Outgoing>[]) =>
      store.commit({
        outgoing: outgoing.map((each, index) => ({
          id: `m${index}`,
          endpoint: 'desk',
          type: 't',
          payload: {},
          dueAt: now,
          ...each,
        })),
      }),
    pass(ms: number): void {
      now += ms;
    },
    async step(): Promise<void> {
      await outbox.step();
      await settle();
    },
    due: (endpoint = 'desk') => store.waitingOutgoing({ nowMs: now + 10 * DAY_MS, endpoint, limit: 100 }),
    now: () => now,
  };
}

describe('what goes out', () => {
  it('E6: to the company is never delayed by addresses that strangers gave, however many never answer', async () => {
    const { put, step, answers, sent } = bench();
    answers(({ url }) => (url.includes('company.example') ? { status: 204 } : undefined));
    const strangers = Array.from({ length: 400 }, (_, index) => ({
      id: `p${index}@silent${index % 100}.example`,
      endpoint: `push:op_${index}/c`,
      dueAt: START - 1_000,
    }));
    await put(strangers);
    await step();
    await put([{ id: 'ours' }, { id: 'ours2', endpoint: 'crm' }]);
    await step();
    expect(sent).toContain('ours');
    expect(sent).toContain('ours2');
    expect(sent.filter((id) => id.startsWith('p'))).toHaveLength(16);
  });

  it('E6: to one of the company’s endpoints is never delayed by another that never answers', async () => {
    const { put, step, answers, sent } = bench();
    answers(({ url }) => (url.includes('crm.') ? undefined : { status: 204 }));
    await put(Array.from({ length: 100 }, (_, index) => ({ id: `c${index}`, endpoint: 'crm', dueAt: START - 1_000 })));
    await step();
    await put([{ id: 'ours' }]);
    await step();
    expect(sent).toContain('ours');
  });

  it('E6: to a host that never answers leaves room for other agents’', async () => {
    const { put, step, answers, sent } = bench();
    answers(({ url }) => (url.includes('silent') ? undefined : { status: 204 }));
    const silent = Array.from({ length: 300 }, (_, index) => ({
      id: `p${index}@silent.example`,
      endpoint: `push:op_${index}/c`,
      dueAt: START - 1_000,
    }));
    await put([...silent, { id: 'q@fine.example', endpoint: 'push:op_x/c' }]);
    await step();
    expect(sent).toHaveLength(3);
    expect(sent).toContain('q@fine.example');
  });

  it.each([
    ['1e308', 5],
    ['-5', 5],
    ['NaN', 5],
    ['', 5],
    ['0', 5],
    ['90', 90],
    ['999999999', 86_400],
    ['Sat, 28 Nov 2026 09:02:00 GMT', 120],
    ['Sat, 28 Nov 2026 08:00:00 GMT', 5],
    ['Fri, 28 Nov 2036 09:00:00 GMT', 86_400],
    ['Tomorrow', 5],
  ])('E6: Retry-After %j is bounded both ways', async (retryAfter, seconds) => {
    const { put, step, answers, due, now } = bench();
    answers(() => ({ status: 503, retryAfter }));
    await put([{}]);
    await step();
    expect(due().map(({ dueAt }) => dueAt - now())).toEqual([seconds * 1_000]);
    expect(retryAfterSeconds(retryAfter, new Date(START))).toBe(seconds === 5 ? 0 : seconds);
  });

  it('E6: exhausted is a dead letter: seen, in the log, and sent again', async () => {
    const { put, step, answers, store, pass, sent, told, now } = bench();
    answers(() => ({ status: 500 }));
    await put([{ id: 'ours' }]);
    for (let tries = 0; tries < 12; tries += 1) {
      await step();
      pass(DAY_MS);
    }
    expect(sent).toHaveLength(10);
    expect(told).toContain('webhook.exhausted');
    expect(store.deadLetters(10)).toMatchObject([{ id: 'ours', endpoint: 'desk', attempts: 10, note: '500' }]);
    const leaves = store.db.prepare('SELECT leaf FROM records').all();
    expect(leaves.map(({ leaf }) => Buffer.from(leaf as Uint8Array).toString())).toEqual([
      expect.stringContaining('"type":"outbox.exhausted"'),
    ]);
    answers(() => ({ status: 204 }));
    expect(await store.sendAgain('ours', now())).toBe(1);
    await step();
    expect(sent).toHaveLength(11);
    expect(store.deadLetters(10)).toEqual([]);
  });

  it('E6: an endpoint that says it is gone is off, for everything, until somebody sends it something again', async () => {
    const { put, step, answers, store, sent, told, now } = bench();
    answers(() => ({ status: 410 }));
    await put([{ id: 'a' }]);
    await step();
    expect(told).toContain('webhook.off');
    answers(() => ({ status: 204 }));
    await put([{ id: 'b' }, { id: 'c', endpoint: 'crm' }]);
    await step();
    expect(sent).toEqual(['a', 'c']);
    expect(
      store
        .deadLetters(10)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['a', 'b']);
    expect(await store.sendAgain('desk', now())).toBe(2);
    await step();
    expect(sent.slice(2).sort()).toEqual(['a', 'b']);
  });

  it('E6: to an endpoint that is no longer configured ends, and says so', async () => {
    const { put, step, store } = bench();
    await put([{ id: 'old', endpoint: 'former' }]);
    await step();
    expect(store.deadLetters(10)).toMatchObject([{ id: 'old', note: 'the endpoint is no longer configured' }]);
  });

  it('E10: put off while the clock was ahead goes out when it is set right', async () => {
    const { put, step, answers, pass, sent } = bench();
    answers(() => ({ status: 500 }));
    pass(DAY_MS);
    await put([{ id: 'ours' }]);
    await step();
    pass(-DAY_MS);
    await put([{ id: 'new' }]);
    await step();
    expect(sent).toEqual(['ours', 'ours', 'new']);
  });

  it('E7: a stop cuts off what is under way, which is sent again later', async () => {
    const { put, step, answers, outbox, due } = bench();
    answers(() => undefined);
    await put([{ id: 'ours' }]);
    await step();
    await outbox.stop();
    expect(await outbox.step()).toBe(0);
    expect(due().map(({ id }) => id)).toEqual(['ours']);
  });
});
