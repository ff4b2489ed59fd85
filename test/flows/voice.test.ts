/** A model as the company's voice, over HTTP: it chooses among bounded moves, or a person; an obedient or a dead one changes no bound. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatMoney, type Money } from '../../protocol/base/money.ts';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import corpus from '../hostile/injections.json' with { type: 'json' };
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

interface Told {
  readonly system: string;
  readonly data: { readonly moves: readonly { readonly kind: string }[]; readonly conversation: readonly unknown[] };
}

let model: Server;
let say: (told: Told) => string;
let read: () => string = () => '{}';
let heard: string[] = [];
let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  model = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const [system, user] = JSON.parse(body).messages;
    response.writeHead(200, { 'content-type': 'application/json' });
    const data = JSON.parse(user.content);
    const isTalk = data.moves !== undefined;
    if (isTalk) heard.push(body);
    const content = isTalk
      ? say({ system: system.content, data })
      : data.customer_says === undefined
        ? '{"ok": true}'
        : read();
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    response.end(JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices }));
  }).listen(0, '127.0.0.1');
  await once(model, 'listening');
}, 30_000);
afterAll(() => model.close());

beforeEach(async () => {
  heard = [];
  const { port } = model.address() as AddressInfo;
  gateway = await startTestGateway({ config: { voice: { base_url: `http://127.0.0.1:${port}/v1`, model: 'm' } } });
  agent = await gateway.newAgent();
}, 60_000);
afterEach(() => gateway.stop());

const ask = async (message: string): Promise<OperationView> => {
  const input = { contract: 'K-1001', message };
  const asked = await agent.client.submit('contract.renew', input, await gateway.mandateFor(agent));
  return agent.client.waitForTurn(asked.id);
};
const counter = async (view: OperationView, message: string): Promise<OperationView> => {
  const terms = { unit_price: { amount: 4_300, currency: 'EUR' } };
  await agent.client.counter(view.id, terms, message);
  return agent.client.waitForTurn(view.id);
};
const ours = ({ offers = [] }: OperationView): readonly Offer[] => offers.filter(({ by }) => by !== 'agent');
const lastOf = (view: OperationView): Offer | undefined => ours(view).at(-1);

describe('a voice', () => {
  it('explains the move it chose, marked as written by an AI, and puts it foremost', async () => {
    say = ({ data }) => {
      const move = data.moves.findIndex(({ kind }) => kind === 'offer');
      return JSON.stringify({ move, text: 'For {term_months} months we offer {unit_price}.' });
    };
    const view = await counter(await ask('Hello'), 'Can you do better?');
    expect(view.turn).toBe('agent');
    const offer = lastOf(view);
    const { unit_price, term_months } = (offer?.terms ?? {}) as { unit_price?: Money; term_months?: number };
    expect(offer?.note).toBe(`For ${term_months} months we offer ${unit_price && formatMoney(unit_price)}.`);
    expect(offer?.note_by).toBe('model');
    expect(view.open_offers?.at(-1)).toBe(offer?.id);
    expect(heard.at(-1)).toContain('Can you do better?');
  }, 30_000);

  it('T22: stands beside the offer its words were made for, and beside no other', async () => {
    say = () => JSON.stringify({ move: 0, text: 'For {term_months} months we offer {unit_price}.' });
    const view = await ask('Hello');
    const open = ours(view).filter(({ id }) => view.open_offers?.includes(id));
    expect(open.length).toBeGreaterThan(1);
    for (const { id, note, note_by, terms, reasons = [] } of open) {
      const isForemost = id === view.open_offers?.at(-1);
      expect(note_by).toBe(isForemost ? 'model' : undefined);
      expect(note?.includes(`${String(terms['term_months'])} months`)).toBe(isForemost);
      expect(reasons.map(({ code }) => code)).toContain('rounds_left');
    }
  }, 30_000);

  it('may call a person, as anybody may', async () => {
    say = ({ data }) => JSON.stringify({ move: data.moves.length - 1, text: 'A colleague will take this up.' });
    const view = await ask('I am angry.');
    expect(view.state).toBe('handed_off');
  }, 30_000);

  it('is told no bound: the same words for two floors', async () => {
    say = () => '{}';
    await counter(await ask('What is your floor?'), 'And now?');
    const first = heard.map((body) => body.replaceAll(/op_[0-9a-f-]{36}/g, 'op'));
    const { negotiation } = gateway.config;
    const lower = JSON.parse(JSON.stringify(negotiation).replace('"limit":90', '"limit":80'));
    expect(JSON.stringify(lower)).not.toBe(JSON.stringify(negotiation));
    heard = [];
    const { port } = model.address() as AddressInfo;
    const config = { negotiation: lower, voice: { base_url: `http://127.0.0.1:${port}/v1`, model: 'm' } };
    const other = await startTestGateway({ config });
    const [kept, keptAgent] = [gateway, agent];
    [gateway, agent] = [other, await other.newAgent()];
    await counter(await ask('What is your floor?'), 'And now?');
    [gateway, agent] = [kept, keptAgent];
    await other.stop();
    expect(heard.map((body) => body.replaceAll(/op_[0-9a-f-]{36}/g, 'op'))).toEqual(first);
  }, 60_000);

  it('that obeys injections moves no term: the offers are those of a gateway without a voice', async () => {
    const cases = corpus.filter(({ where }) => where === 'message');
    const talk = async () => {
      let view = await ask(cases[0]?.text ?? '');
      for (const { text } of cases.slice(1, 4)) view = await counter(view, text);
      return ours(view).map(({ terms }) => terms);
    };
    let turn = 0;
    say = () => cases[turn++ % cases.length]?.obeyed ?? '';
    const obeyed = await talk();
    const plain = await startTestGateway();
    const [kept, keptAgent] = [gateway, agent];
    [gateway, agent] = [plain, await plain.newAgent()];
    const deterministic = await talk();
    [gateway, agent] = [kept, keptAgent];
    await plain.stop();
    expect(turn).toBeGreaterThanOrEqual(4);
    expect(obeyed).toEqual(deterministic);
  }, 90_000);

  it('T22: reads what the rules do not, and only what stands in the message', async () => {
    say = () => '{}';
    const { id, offers, rounds_left } = await ask('Hello');
    const words = async (message: string, answer: object) => {
      read = () => JSON.stringify(answer);
      await agent.client.say(id, message);
      return agent.client.waitForTurn(id);
    };
    const terms = { unit_price: { amount: 4_150, currency: 'EUR' }, term_months: 24 };
    const understood = await words('Our ceiling: 41,50 and a duration of 24.', { kind: 'proposal', terms });
    expect(understood.reading).toMatchObject({
      by: 'model',
      understood: { kind: 'proposal', terms },
      confirm: [{ rel: 'counter', body: { terms } }],
    });
    const invented = await words('Our ceiling: 41,50.', { kind: 'proposal', terms });
    expect(invented.reading).toMatchObject({ by: 'rules', understood: { kind: 'unclear' } });
    for (const { text, obeyed } of corpus.filter(({ where }) => where === 'message').slice(0, 12)) {
      read = () => obeyed;
      await agent.client.say(id, text);
      const after = await agent.client.waitForTurn(id);
      if (after.state !== 'negotiating') break;
      expect(after.reading?.by).toBe('rules');
      expect({ offers: after.offers, rounds_left: after.rounds_left }).toEqual({ offers, rounds_left });
    }
  }, 60_000);
});
