/** One talk in words through every binding, each with a client of its own: the same readings, the same offers, the same end. */
import { randomUUID } from 'node:crypto';
import { type Message, Role, type Task } from '@a2a-js/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { presentMandate } from '../../src/client/index.ts';
import { NegotiationPolicy } from '../../src/negotiation/policy.ts';
import corpus from '../hostile/injections.json' with { type: 'json' };
import { a2aClient, type Driver, modernMcpDriver, nativeDriver, rpcDriver, viewIn } from '../support/drivers.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });

/** A driver that also says plain words to an operation. */
type Speaker = Driver & { say(operation: string, text: string): Promise<OperationView> };

const asMessage = (driver: Driver): Speaker => ({
  ...driver,
  say: (operation, message) => driver.verb(randomUUID(), 'offers', operation, { message }),
});

function textMessage(taskId: string, text: string, contextId = ''): Message {
  const content = { $case: 'text' as const, value: text };
  return {
    messageId: randomUUID(),
    contextId,
    taskId,
    role: Role.ROLE_USER,
    parts: [{ content, metadata: undefined, filename: '', mediaType: 'text/plain' }],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}

const sendText = (agent: TestAgent, taskId: string, text: string): Promise<Task | Message> =>
  send(agent, textMessage(taskId, text));

async function send(agent: TestAgent, message: Message): Promise<Task | Message> {
  const client = await a2aClient(gateway.origin, agent.key, 'JSONRPC');
  return client.sendMessage({ tenant: '', message, configuration: undefined, metadata: undefined });
}

const OPENERS: Readonly<Record<string, (agent: TestAgent) => Promise<Speaker>>> = {
  native: async ({ key }) => asMessage(await nativeDriver(gateway.origin, key)),
  MCP: async ({ key }) => asMessage(await modernMcpDriver(gateway.origin, key)),
  'A2A, text alone': async (agent) => ({
    ...(await rpcDriver(gateway.origin, agent.key)),
    async say(operation, text) {
      const sent = await sendText(agent, operation, text);
      if (!('status' in sent)) throw new Error('a message, not a task');
      return viewIn(sent);
    },
  }),
};

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ faults: true });
}, 60_000);
afterAll(() => gateway.stop());

async function opened(speaker: Driver, agent: TestAgent, input: JsonObject = {}): Promise<OperationView> {
  const key = randomUUID();
  const { origin: audience } = gateway;
  const presented = { key: agent.key, audience, nonce: key, now: new Date() };
  const mandate = await presentMandate(await gateway.mandateFor(agent), presented);
  const { id } = await speaker.submit(key, 'contract.renew', { mandate, input: { contract: 'K-1001', ...input } });
  return agent.client.waitForTurn(id);
}

/** What was said and answered, without what differs by its nature. */
function transcript(views: readonly OperationView[]): unknown {
  const [{ offers: first = [] } = {}] = views;
  const names = new Map(
    [...first, ...(views.at(-1)?.offers ?? [])].map(({ id, terms_digest }, index) => [
      id,
      `offer ${index} ${terms_digest}`,
    ]),
  );
  const told = JSON.stringify(
    views.map(({ state, turn, rounds_left, reading, offers, negotiator }) => ({
      state,
      turn,
      rounds_left,
      negotiator,
      // How a step is asked for is the binding's own: an address, or a tool.
      reading: reading && { ...reading, confirm: reading.confirm.map(({ rel, body }) => ({ rel, body })) },
      offers: offers?.map(({ id, terms, firmness }) => ({ id, terms, firmness })),
    })),
  );
  return JSON.parse(
    [...names]
      .reduce((text, [id, name]) => text.replaceAll(id, name), told)
      .replaceAll(/op_[0-9a-f-]{36}/g, 'op')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d\.\d+Z| UTC)/g, 'then'),
  );
}

/** The script: nothing in it is typed but what confirms. */
async function talk(speaker: Speaker, agent: TestAgent): Promise<readonly OperationView[]> {
  const views = [await opened(speaker, agent)];
  const { id } = views[0] as OperationView;
  const say = async (text: string) => void views.push(await speaker.say(id, text));
  await say('Why is 36 months cheaper?');
  await say('Wir würden für 36 Monate 45,00 € je Platz zahlen.');
  const confirm = views.at(-1)?.reading?.confirm[0];
  views.push(await speaker.verb(randomUUID(), 'offers', id, confirm?.body ?? {}));
  views.push(await agent.client.waitForTurn(id));
  views.push(
    await speaker.verb(randomUUID(), 'offers', id, { terms: { term_months: 12 }, message: 'We want 18 months.' }),
  );
  await say('OK, we accept the one with 36 months.');
  await say('🍕');
  await say('I want to speak to a human.');
  return views;
}

describe('a talk in words', () => {
  const told = new Map<string, unknown>();

  it.each(Object.keys(OPENERS))(
    'goes its way through %s',
    async (name) => {
      const agent = await gateway.newAgent();
      const speaker = await OPENERS[name]?.(agent);
      if (speaker === undefined) throw new Error(name);
      const views = await talk(speaker, agent);
      await speaker.close();
      told.set(name, transcript(views));
      const [first, why, proposal, , countered, torn, accepted, pizza, ended] = views;
      expect(first?.negotiator).toEqual({
        kind: 'ai',
        on_behalf_of: 'Cumulus Software',
        person: 'tel:+49-40-555-0100',
      });
      expect(why?.reading).toMatchObject({
        by: 'rules',
        understood: { kind: 'question', about: ['price', '/term_months'] },
      });
      expect(why?.reading?.words).toMatch(/^I understood: you have a question\. .*36 months.* instead of/);
      expect(proposal?.reading).toMatchObject({
        understood: { kind: 'proposal', terms: { term_months: 36, unit_price: eur(4_500) } },
        confirm: [{ rel: 'counter', body: { terms: { term_months: 36, unit_price: eur(4_500) } } }],
      });
      expect(proposal?.reading?.words).toMatch(/^Ich habe verstanden: Sie schlagen vor: .*45,00 EUR.*36 Monate/);
      // Words cost no round and make no offer; what confirms them does.
      for (const view of [why, proposal]) {
        expect(view?.rounds_left).toBe(first?.rounds_left);
        expect(view?.offers).toEqual(first?.offers);
      }
      expect(countered?.rounds_left).toBe((first?.rounds_left ?? 0) - 1);
      expect(countered?.reading).toBe(undefined);
      expect(torn?.reading).toMatchObject({
        understood: { kind: 'contradiction', between: [{ issue: '/term_months', words: 18, terms: 12 }] },
        confirm: [{ body: { terms: { term_months: 12 } } }, { body: { terms: { term_months: 18 } } }],
      });
      expect(torn?.offers).toEqual(countered?.offers);
      expect(accepted?.reading?.understood.kind).toBe('acceptance');
      for (const { rel, body } of accepted?.reading?.confirm ?? []) {
        expect(rel).toBe('accept');
        expect(accepted?.open_offers).toContain(body['offer']);
      }
      expect(accepted?.state).toBe('negotiating');
      expect(pizza?.reading?.understood).toEqual({ kind: 'unclear' });
      expect(pizza?.reading?.words).toContain('tel:+49-40-555-0100');
      expect(ended?.state).toBe('negotiating');
      expect(ended?.open_offers).toEqual(accepted?.open_offers);
      expect(ended?.handoff?.respond_by).toBeDefined();
    },
    60_000,
  );

  it('is the same through each', () => {
    const [native, ...others] = [...told.values()];
    expect(others).toHaveLength(2);
    for (const other of others) expect(other).toEqual(native);
  });

  it('T22: is the same with another limit, word for word and comparison for comparison', async () => {
    const lower = JSON.parse(JSON.stringify(gateway.config.negotiation).replace('"limit":90', '"limit":80'));
    expect(lower).not.toEqual(gateway.config.negotiation);
    const kept = gateway;
    const compared = vi.spyOn(NegotiationPolicy.prototype, 'last');
    const counted = async () => {
      const agent = await gateway.newAgent();
      const speaker = asMessage(await nativeDriver(gateway.origin, agent.key));
      compared.mockClear();
      const said = transcript(await talk(speaker, agent));
      return { said, work: compared.mock.calls.length };
    };
    const before = await counted();
    expect(before.work).toBeGreaterThan(0);
    gateway = await startTestGateway({ faults: true, config: { negotiation: lower } });
    try {
      expect(await counted()).toEqual(before);
    } finally {
      vi.restoreAllMocks();
      await gateway.stop();
      gateway = kept;
    }
  }, 60_000);
});

describe('words', () => {
  let agent: TestAgent;
  let speaker: Speaker;
  beforeEach(async () => {
    agent = await gateway.newAgent();
    speaker = asMessage(await nativeDriver(gateway.origin, agent.key));
  });

  it('that ask for a person call one over A2A before there is a task, and after it has ended', async () => {
    const asked = await sendText(agent, '', 'Ich möchte bitte mit einem Menschen sprechen.');
    if (!('status' in asked)) throw new Error('no task');
    expect(viewIn(asked)).toMatchObject({ action: 'human.handoff' });
    const { id } = await opened(speaker, agent);
    await agent.client.withdraw(id);
    const after = await sendText(agent, id, 'I want to talk to a person.');
    if (!('status' in after)) throw new Error('no task');
    expect(viewIn(after)).toMatchObject({ state: 'withdrawn', handoff: { channel: 'tel:+49-40-555-0100' } });
  }, 30_000);

  it('N9: that ask for a person before there is a task open one case a context, however often and side by side', async () => {
    const asked = async (context = '', text = 'I want to speak to a human.') => {
      const task = await send(agent, textMessage('', text, context));
      if (!('status' in task)) throw new Error('no task');
      return { ...viewIn(task), context: task.contextId };
    };
    const [first, second] = await Promise.all([asked(), asked('', 'I want a human, now.')]);
    expect(second.handoff).toEqual(first.handoff);
    expect(second.id).toBe(first.id);
    // In the context that the answer named it is the same case; another context is another matter, and another agent another customer.
    expect((await asked(first.context)).id).toBe(first.id);
    const other = await asked('another-matter');
    expect(other.id).not.toBe(first.id);
    expect((await asked('another-matter')).handoff).toEqual(other.handoff);
    const whole = await gateway.newAgent();
    const theirs = await send(whole, textMessage('', 'I want to speak to a human.', first.context));
    if (!('status' in theirs)) throw new Error('no task');
    expect(viewIn(theirs).id).not.toBe(first.id);
    // The same message is the same call.
    const message = textMessage('', 'I want to speak to a human.', 'twice');
    const [once, again] = [await send(agent, message), await send(agent, message)];
    if (!('status' in once) || !('status' in again)) throw new Error('no task');
    expect(viewIn(again).version).toBe(viewIn(once).version);
    // What calls nobody says so: it is not answered as if nobody had been asked for.
    const reused = { ...textMessage('', 'I want to speak to a human, please.', 'twice'), messageId: message.messageId };
    await expect(send(agent, reused)).rejects.toThrow('This key was used for a different request');
    const endless = `I want to speak to a human. ${'x'.repeat(20_000)}`;
    await expect(asked('too-long', endless)).rejects.toThrow('/message');
    // It takes as many messages as a person reads, and says so then.
    for (let count = 2; count < LIMITS.wordsMax + 2; count += 1) await asked('another-matter').catch(() => undefined);
    await expect(asked('another-matter')).rejects.toThrow('A person has been asked for');
  }, 60_000);

  it('that ask for a person with the request itself call one', async () => {
    const view = await opened(speaker, agent, { message: 'Please connect me with a real person.' });
    expect(view).toMatchObject({ state: 'negotiating', handoff: { case_ref: expect.any(String) } });
  }, 30_000);

  it('of the request are told back beside the first offers, and a proposal they contradict is not taken', async () => {
    const told = await opened(speaker, agent, { message: 'We would commit to two years.' });
    expect(told.reading?.understood).toEqual({ kind: 'proposal', terms: { term_months: 24 } });
    const plain = await opened(speaker, agent, { proposal: { term_months: 12 }, message: 'We need 24 months.' });
    expect(plain.reading?.understood.kind).toBe('contradiction');
    expect(plain.offers?.some(({ by }) => by === 'agent')).toBe(false);
  }, 30_000);

  it('alone may be empty, are answered in the language asked for, and are not read without end', async () => {
    const { id } = await opened(speaker, agent);
    const empty = await speaker.verb(randomUUID(), 'offers', id, { terms: {}, language: 'de-AT' });
    expect(empty.reading?.words).toMatch(/^Das habe ich nicht/);
    for (let count = 1; count < 20; count += 1) await speaker.say(id, 'hello');
    await expect(speaker.say(id, 'hello')).rejects.toThrow('negotiation-over');
    expect(await speaker.say(id, 'I want to speak to a human')).toMatchObject({
      handoff: { case_ref: expect.any(String) },
    });
  }, 30_000);

  it('are the answer of their key, once', async () => {
    const { id, version } = await opened(speaker, agent);
    const key = randomUUID();
    const first = await speaker.verb(key, 'offers', id, { message: 'Why?' });
    expect(await speaker.verb(key, 'offers', id, { message: 'Why?' })).toEqual(first);
    expect(first.version).toBe(version + 1);
  });

  it('T22: nothing an injection says in them moves a term, a round, an offer or anything else', async () => {
    let view = await opened(speaker, agent);
    const operations = gateway.operations();
    let made = 0;
    for (const { text } of corpus) {
      const { id, offers, rounds_left, open_offers } = view;
      const after = await speaker.say(id, text);
      if (made === 18) {
        // As many words as one talk hears.
        await agent.client.withdraw(id);
        view = await opened(speaker, agent);
        made = 0;
        continue;
      }
      made += 1;
      expect({
        offers: after.offers,
        rounds_left: after.rounds_left,
        open: after.open_offers,
        turn: after.turn,
      }).toEqual({
        offers,
        rounds_left,
        open: open_offers,
        turn: 'agent',
      });
    }
    // Only talks that were begun here, and people's cases.
    expect(gateway.operations() - operations).toBeLessThan(40);
  }, 60_000);
});
