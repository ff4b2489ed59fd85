/** A client that lives long and is not kept waiting: against a company that never answers, and a real gateway whose keys change. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { signResponse } from '../../protocol/signature/signature.ts';
import { rotateKey } from '../../src/cli/keys.ts';
import {
  type AgentKey,
  type CallOptions,
  type Client,
  makeClient,
  makeSignedFetch,
  memoryJournal,
  newAgentKey,
} from '../../src/client/index.ts';
import { loadCompanyKeys, PURPOSES } from '../../src/platform/company-keys.ts';
import type { Keys } from '../../src/ports.ts';
import { testMandate } from '../support/config.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const OPERATION = 'op_00000000-0000-7000-8000-000000000000';

describe('O10: a company that never answers', () => {
  let silent: Server;
  let gateway: string;
  beforeAll(async () => {
    silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    gateway = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    silent.closeAllConnections();
    silent.close();
  });

  /** Each method, as it is called with what ends it. */
  const CALLS: {
    readonly [M in keyof Client]: (client: Client, call: CallOptions, mandate: string) => Promise<unknown>;
  } = {
    discover: (client, call) => client.discover(call),
    register: (client, call) => client.register({ name: 'Agent' }, call),
    submit: (client, call) => client.submit('human.handoff', { topic: 'Help' }, undefined, call),
    invite: (client, call, mandate) => client.invite(mandate, { url: 'https://agent.example/a2a' }, call),
    uninvite: (client, call) => client.uninvite(call),
    counter: (client, call) => client.counter(OPERATION, {}, undefined, call),
    say: (client, call) => client.say(OPERATION, 'Hello', call),
    accept: (client, call) => client.accept({ id: OPERATION } as OperationView, {} as Offer, undefined, call),
    withdraw: (client, call) => client.withdraw(OPERATION, undefined, call),
    handoff: (client, call) => client.handoff(OPERATION, 'Help', undefined, call),
    read: (client, call) => client.read(OPERATION, call),
    waitForTurn: (client, call) => client.waitForTurn(OPERATION, undefined, call),
    receipt: (client, call) => client.receipt(OPERATION, call),
    resume: (client, call) => client.resume(call),
  };
  const METHODS = Object.keys(CALLS) as (keyof Client)[];

  async function waiting(journal = memoryJournal()) {
    journal.begin({ key: 'k-1', path: '/agents', body: '{}' });
    const key = await newAgentKey();
    return { client: makeClient({ gateway, key, journal }), journal, mandate: await mandateFor(key) };
  }
  const mandateFor = async (key: AgentKey) => {
    const constraints = { actions: ['contract.renew'], accounts: ['A-1001'] };
    return testMandate(await newAgentKey(), key, 'contact:C-1001', constraints);
  };

  it('O10: every method of the client is held to it', async () => {
    const { client } = await waiting();
    expect(METHODS.toSorted()).toEqual(Object.keys(client).toSorted());
  });

  it.each(METHODS)('O10: %s ends in the time it is given', async (method) => {
    const { client, mandate } = await waiting();
    const ended = CALLS[method](client, { timeoutMs: 60 }, mandate);
    await expect(ended).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it.each(METHODS)('O10: %s ends with its signal’s reason, begun or not', async (method) => {
    const { client, mandate } = await waiting();
    const [now, later] = [new AbortController(), new AbortController()];
    now.abort(new Error('the user left'));
    await expect(CALLS[method](client, { signal: now.signal }, mandate)).rejects.toThrow('the user left');
    setTimeout(() => later.abort('enough'), 40);
    await expect(CALLS[method](client, { signal: later.signal }, mandate)).rejects.toBe('enough');
  });

  it('O10: a time for all calls is the client’s own, and what was sent is still to be sent again', async () => {
    const journal = memoryJournal();
    const client = makeClient({ gateway, key: await newAgentKey(), journal, timeoutMs: 60 });
    await expect(client.read(OPERATION)).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(client.withdraw(OPERATION)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(journal.unfinished()).toMatchObject([{ path: `/operations/${OPERATION}/withdraw` }]);
    const gone = AbortSignal.abort();
    await expect(client.withdraw(OPERATION, 'no', { signal: gone })).rejects.toMatchObject({ name: 'AbortError' });
    expect(journal.unfinished()).toHaveLength(1);
  });
});

describe('O10: the company’s keys', () => {
  let gateway: TestGateway;
  let agent: TestAgent;
  beforeAll(async () => {
    gateway = await startTestGateway();
    agent = await gateway.newAgent();
  }, 60_000);
  afterAll(() => gateway?.stop());

  /** How often this client has read the company's keys. */
  function counting(answer: typeof fetch = fetch) {
    let reads = 0;
    const counted: typeof fetch = (input, init) => {
      if (String(input).endsWith('/.well-known/parley')) reads += 1;
      return answer(input, init);
    };
    return { fetch: counted, reads: () => reads };
  }
  const rotate = () =>
    gateway.restart(async (folder) => {
      for (const purpose of PURPOSES) expect((await rotateKey(folder, purpose)).ok).toBe(true);
    });
  const asked = async (client: Client) => {
    await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
    const view = await client.submit('contract.renew', { contract: 'K-1001' }, await gateway.mandateFor(agent));
    return client.waitForTurn(view.id);
  };

  it('O10: are read again when an answer, or an offer, is signed with another', { timeout: 60_000 }, async () => {
    const { fetch, reads } = counting();
    const client = makeClient({ gateway: gateway.origin, key: agent.key, journal: memoryJournal(), fetch });
    const before = await asked(client);
    expect(reads()).toBe(1);
    await rotate();
    // Of before, by the old key; then all is signed by the new ones.
    expect((await client.read(before.id)).id).toBe(before.id);
    expect(reads()).toBe(2);
    await client.withdraw(before.id);
    const view = await asked(client);
    const offer = view.offers?.at(-1) ?? expect.fail('no offer');
    expect((await client.accept(view, offer)).state).not.toBe('negotiating');
    expect(reads()).toBe(2);

    // An offer alone is signed with a key that this client has not read: it has seen no answer.
    const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key: agent.key, fetch });
    const before2 = await companyKeys('evidence');
    await rotate();
    const wanted = [(await loadCompanyKeys(`${gateway.config.data_dir}/keys.json`)).kid('evidence')];
    expect(before2.map(({ kid }) => kid)).not.toContain(wanted[0]);
    expect((await companyKeys('evidence', { wanted })).map(({ kid }) => kid)).toContain(wanted[0]);
  });

  it('O10: are asked for again once a minute at most, whatever answers are signed with', async () => {
    let now = Date.now();
    const clock = () => new Date(now);
    const stranger = await newAgentKey();
    const { fetch: forged, reads } = counting(signedAnewWith(() => stranger, clock));
    const signed = makeSignedFetch({ gateway: gateway.origin, key: agent.key, fetch: forged, clock }).fetch;
    const refused = async () =>
      expect(signed(`${gateway.origin}/operations/${OPERATION}`)).rejects.toThrow('does not verify');
    for (let tries = 0; tries < 5; tries += 1) await refused();
    expect(reads()).toBe(2);
    now += 59_000;
    await refused();
    expect(reads()).toBe(2);
    now += 1_000;
    await Promise.all([refused(), refused()]);
    expect(reads()).toBe(3);
  });

  it('O10: whose time is over sign no answer that is believed, and an hour’s old ones are read again', {
    timeout: 60_000,
  }, async () => {
    let now = Date.now();
    const clock = () => new Date(now);
    const old = await loadCompanyKeys(`${gateway.config.data_dir}/keys.json`);
    const { fetch, reads } = counting(signedAnewWith(() => answering(old), clock));
    const { fetch: signed } = makeSignedFetch({ gateway: gateway.origin, key: agent.key, fetch, clock });
    const read = () => signed(`${gateway.origin}/operations/${OPERATION}`);
    expect((await read()).status).toBe(404);
    await rotate();
    // Nothing says yet that this key was replaced: whoever has it could go on for an hour, not for life.
    expect([(await read()).status, reads()]).toEqual([404, 1]);
    now += 3_600_000;
    await expect(read()).rejects.toThrow('does not verify');
    expect(reads()).toBe(2);
  });

  it('O10: that could not be read once are read when they are needed next', async () => {
    for (const failing of [
      async () => new Response('busy', { status: 503 }),
      async () => new Response('not found', { status: 404 }),
      async () => new Response('<html>', { status: 200 }),
      async () => {
        throw new TypeError('fetch failed');
      },
    ]) {
      let fails = 1;
      const { fetch: flaky, reads } = counting((input, init) => {
        const isProfile = String(input).endsWith('/.well-known/parley');
        fails -= isProfile ? 1 : 0;
        return isProfile && fails >= 0 ? failing() : fetch(input, init);
      });
      const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key: agent.key, fetch: flaky });
      await expect(companyKeys('answers')).rejects.toThrow();
      expect(await companyKeys('answers')).not.toHaveLength(0);
      // A client tries again by itself where that may help.
      expect(reads()).toBe(2);
    }
  });

  /** Answers as the gateway gives them, but for the signature: signed anew, with this key. */
  function signedAnewWith(key: () => Signing, clock: () => Date): typeof fetch {
    return async (input, init) => {
      const answer = await fetch(input, init);
      const url = new URL(String(input));
      if (url.pathname.startsWith('/.well-known/')) return answer;
      const request = {
        method: init?.method ?? 'GET',
        scheme: 'http',
        authority: url.host,
        target: url.pathname,
        headers: linesOf(new Headers(init?.headers)),
      };
      const headers = new Headers(answer.headers);
      headers.delete('signature');
      headers.delete('signature-input');
      const signable = { status: answer.status, headers: linesOf(headers), request };
      const fields = signResponse(signable, 'parley', { key: key(), now: clock(), nonce: 'n'.repeat(24) });
      headers.set('signature-input', fields.signatureInput);
      headers.set('signature', fields.signature);
      return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
    };
  }
});

type Signing = Parameters<typeof signResponse>[2]['key'];
const answering = (keys: Keys): Signing => ({
  kid: keys.kid('answers'),
  alg: 'ed25519',
  sign: (bytes) => keys.sign('answers', bytes),
});
const linesOf = (headers: Headers) => new Map([...headers].map(([name, value]) => [name, [value]] as const));
