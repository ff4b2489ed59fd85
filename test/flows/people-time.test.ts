/** Whose the people's time is: one customer's loop spends its own, and one key's two customers have each theirs. */
import { randomUUID } from 'node:crypto';
import { importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { newAgentKey, ProblemError } from '../../src/client/index.ts';
import { TERM } from '../support/days.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { mcpRpc, tokenFetch } from '../support/token-agent.ts';
import { holder } from '../support/tokens.ts';

const eur = (amount: number) => ({ amount, currency: 'EUR' });
const NEAR = { unit_price: eur(4_550) };
const POLICY = {
  main: { issue: '/unit_price', percent_of: '/unit_price', open: 100, concede_to: 97, limit: 90 },
  issues: { '/term_months': { range: [12, 36] } },
  alternatives: 1,
};
const CONTRACT = {
  status: 'active',
  unit_price: eur(4_900),
  seats: 25,
  term_months: 12,
  start_date: TERM.start,
  end_date: TERM.end,
  notice_days: 60,
  auto_renew: false,
  payment_terms_days: 30,
  next_start_date: null,
};
const ACCOUNTS = ['A-1001', 'A-1002', 'A-1003'];

let gateway: TestGateway;
/** One key of one agent, as each customer's token makes it known. */
let customers: readonly (typeof fetch)[];

beforeAll(async () => {
  const server = await holder('ES256');
  const issuer = {
    iss: 'https://as.example',
    tier: 'principal',
    jwks: [{ ...server.jwk, kid: server.jkt, alg: 'ES256' }],
    subjects: ['contact:C-1001', 'contact:C-2002'],
    accounts: ['A-1001'],
  };
  gateway = await startTestGateway({
    others: ACCOUNTS.slice(1),
    config: { token_issuers: [issuer], negotiation: { 'contract.renew': POLICY }, signoff: { rules: [] } },
  });
  const agent = await newAgentKey();
  const key = await importJWK(agent.privateJwk, 'EdDSA');
  if (!('type' in key)) throw new Error('not a key');
  customers = issuer.subjects.map((sub) =>
    tokenFetch({
      server,
      key: { alg: 'EdDSA', key, jwk: agent.publicJwk, jkt: agent.keyid },
      claims: {
        iss: issuer.iss,
        aud: gateway.origin,
        sub,
        authorization_details: [{ type: 'urn:parley:action', actions: ['contract.renew'], accounts: ['A-1001'] }],
      },
    }),
  );
  await gateway.newAgent({ key: agent });
  for (const id of ['K-1001', 'K-1002', 'K-1003']) await gateway.crm.edit('contracts', id, CONTRACT);
}, 60_000);
afterAll(() => gateway.stop());

async function tool(send: typeof fetch, name: string, args: JsonObject): Promise<JsonObject> {
  const { json } = await mcpRpc(gateway.origin, { send, method: 'tools/call', params: { name, arguments: args } });
  return json['result'] as JsonObject;
}

/** Until a person has it, or none will. */
async function pressed(send: typeof fetch): Promise<{ readonly id: string; readonly last: JsonObject }> {
  const input = { contract: 'K-1001', proposal: NEAR };
  let last = await tool(send, 'contract_renew', { idempotency_key: randomUUID(), input });
  const { id } = last['structuredContent'] as unknown as OperationView;
  for (;;) {
    const view = last['structuredContent'] as unknown as OperationView;
    if (last['isError'] === true || view.handoff !== undefined) return { id, last };
    last =
      view.turn === 'agent'
        ? await tool(send, 'offer_counter', { operation: id, idempotency_key: randomUUID(), terms: NEAR })
        : await tool(send, 'operation_read', { operation: id, wait_seconds: 5 });
  }
}

/** The case a person has, or why none has. */
async function asked(who: TestAgent, contract: string): Promise<{ readonly id: string; readonly end: string }> {
  const mandate = await gateway.mandateFor(who, { actions: ['contract.renew'], accounts: ACCOUNTS });
  const { id } = await who.client.submit('contract.renew', { contract, proposal: NEAR }, mandate);
  let view = await who.client.waitForTurn(id);
  try {
    while (view.handoff === undefined) view = await who.client.counter(id, NEAR);
  } catch (error) {
    if (error instanceof ProblemError) return { id, end: String(error.problem?.['detail']) };
    throw error;
  }
  return { id, end: 'a person' };
}

describe('people’s time', () => {
  it('D19: one key’s second customer has a person of their own, and is told nothing of the first’s case', async () => {
    const [first, second] = customers;
    if (first === undefined || second === undefined) throw new Error('no customers');
    const one = await pressed(first);
    const two = await pressed(second);
    expect(two.last).toMatchObject({
      structuredContent: { turn: 'company', handoff: { case_ref: expect.any(String) } },
    });
    expect(JSON.stringify(two.last)).not.toContain(one.id);
  });

  it('is not another’s to spend: a case taken back and asked again is the same matter, and an account has its share', async () => {
    const [agent, other] = [await gateway.newAgent(), await gateway.newAgent()];
    const first = await asked(agent, 'K-1002');
    expect(first.end).toBe('a person');
    await agent.client.withdraw(first.id);
    const again = await asked(agent, 'K-1002');
    expect(again.end).toMatch(/about this record was put to a person in this week already.*again from \d{4}-\d\d-\d\d/);
    // Nor by more keys: the account has two in a week.
    expect((await asked(other, 'K-1002')).end).toBe('a person');
    const third = await asked(await gateway.newAgent(), 'K-1002');
    expect(third.end).toMatch(/requests of this account were put to a person.*again from \d{4}-\d\d-\d\d/);
    expect((await asked(other, 'K-1003')).end).toBe('a person');
  });
});
