/** A policy taken away under open work: every talk has an answer, and a promise is kept or settled by a person. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Offer, OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const POLICY = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 100, concede_to: 91, limit: 90 },
  issues: { '/term_months': { range: [12, 36] }, '/seats': { range: [5, 500] } },
  memory: 'none',
};
const RULES = [{ name: 'big', when: 'terms.seats > 100', role: 'approver', reason: 'Many seats.' }];

let gateway: TestGateway;
let agent: TestAgent;
afterEach(() => gateway.stop());

async function start(): Promise<void> {
  gateway = await startTestGateway({
    faults: true,
    config: { negotiation: { 'contract.renew': POLICY }, signoff: { rules: RULES } },
  });
  agent = await gateway.newAgent();
}

async function talk(proposal?: object): Promise<OperationView> {
  const input = { contract: 'K-1001', ...(proposal === undefined ? {} : { proposal }) };
  const { id } = await agent.client.submit('contract.renew', input as never, await gateway.mandateFor(agent));
  return agent.client.waitForTurn(id);
}

function last({ offers = [], open_offers: ids = [] }: OperationView): Offer {
  const offer = offers.findLast(({ id }) => ids.includes(id));
  if (offer === undefined) throw new Error('no open offer');
  return offer;
}

describe('without the policy of an open talk', () => {
  it('E4: a binding offer that is accepted is kept', async () => {
    await start();
    const view = await talk();
    expect(last(view).firmness).toBe('binding');
    await gateway.reconfigure({ negotiation: {} });
    await agent.client.accept(view, last(view));
    expect((await agent.client.waitForTurn(view.id)).state).toBe('completed');
  }, 60_000);

  it('E4: an acceptance of what bound nobody, and a counter-offer, are a person’s', async () => {
    await start();
    const [view, other] = [await talk({ seats: 150 }), await talk()];
    expect(last(view).firmness).toBe('indicative');
    await gateway.reconfigure({ negotiation: {} });
    await agent.client.accept(view, last(view));
    expect(await agent.client.waitForTurn(view.id)).toMatchObject({ state: 'handed_off', agreement: {} });
    const countered = await agent.client.counter(other.id, { unit_price: eur(4_000) });
    expect(countered.state).toBe('handed_off');
    expect((await agent.client.receipt(other.id)).receipt).toBeDefined();
  }, 60_000);

  it('E4: what was only asked for is refused with words', async () => {
    await start();
    await gateway.crm.fault({ op: 'read', kind: '500-before', count: 1_000 });
    const { id } = await agent.client.submit('contract.renew', { contract: 'K-1001' }, await gateway.mandateFor(agent));
    await gateway.reconfigure({ negotiation: {} });
    await gateway.crm.clearFaults();
    const ended = await agent.client.waitForTurn(id, ({ state }) => state === 'rejected');
    expect(ended).toMatchObject({ state: 'rejected', problem: { detail: 'This action is no longer offered.' } });
  }, 60_000);
});
