/** One agent, one key, two customers who each gave it an access token: neither's token reaches what was asked with the other's. */
import { randomUUID } from 'node:crypto';
import { importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { acceptanceOf, makeSignedFetch, newAgentKey } from '../../src/client/index.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { a2aRpc, mcpRpc, tokenFetch } from '../support/token-agent.ts';
import { type Holder, holder } from '../support/tokens.ts';

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

let gateway: TestGateway;
/** The same key, as each customer's token makes it known, and as its own signature does. */
let first: typeof fetch;
let second: typeof fetch;
let bare: TestAgent;
let view: OperationView;

beforeAll(async () => {
  const server = await holder('ES256');
  const issuer = {
    iss: 'https://as.example',
    tier: 'principal',
    jwks: [{ ...server.jwk, kid: server.jkt, alg: 'ES256' }],
    subjects: ['contact:C-1001', 'contact:C-2002'],
    accounts: ['A-1001', 'A-2002'],
  };
  const rules = [{ name: 'all', when: 'true', role: 'approver', reason: 'Everything.' }];
  gateway = await startTestGateway({ config: { token_issuers: [issuer], signoff: { rules } } });
  const agent = await newAgentKey();
  const key = await proofKey(agent);
  const customer = (sub: string, account: string) => {
    const grant = { type: 'urn:parley:action', actions: ['contract.renew'], accounts: [account] };
    const claims = { iss: issuer.iss, aud: gateway.origin, sub, authorization_details: [grant] };
    return tokenFetch({ server, key, claims });
  };
  [first, second] = [customer('contact:C-1001', 'A-1001'), customer('contact:C-2002', 'A-2002')];
  bare = await gateway.newAgent({ key: agent });
  view = await offered();
}, 60_000);
afterAll(() => gateway.stop());

async function proofKey({ privateJwk, publicJwk, keyid }: TestAgent['key']): Promise<Holder> {
  const key = await importJWK(privateJwk, 'EdDSA');
  if (!('type' in key)) throw new Error('not a key');
  return { alg: 'EdDSA', key, jwk: publicJwk, jkt: keyid };
}

const tool = async (send: typeof fetch, name: string, args: JsonObject, capabilities: JsonObject = {}) => {
  const { json } = await mcpRpc(gateway.origin, {
    send,
    method: 'tools/call',
    params: { name, arguments: args },
    capabilities,
  });
  return json['result'] as JsonObject;
};
const viewIn = (result: JsonObject) => result['structuredContent'] as unknown as OperationView;
const problemOf = (result: JsonObject) =>
  String((result['_meta'] as JsonObject | undefined)?.['urn:parley:problem']?.['type' as never]);

/** A renewal of the first customer's, with the company's offer on the table. */
async function offered(): Promise<OperationView> {
  const args = { idempotency_key: randomUUID(), input: { contract: 'K-1001' } };
  let seen = viewIn(await tool(first, 'contract_renew', args));
  while (seen.turn !== 'agent')
    seen = viewIn(await tool(first, 'operation_read', { operation: seen.id, wait_seconds: 5 }));
  return seen;
}

async function acceptance() {
  const [offer] = view.offers ?? [];
  if (offer === undefined) throw new Error('no offer');
  const { key } = bare;
  const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key });
  return acceptanceOf(view, offer, { gateway: gateway.origin, key, companyKeys });
}

describe('D19: the second customer’s token', () => {
  it('D19: reads, moves, ends and hands off nothing of the first’s over MCP', async () => {
    const [operation, idempotency_key] = [view.id, randomUUID()];
    const moves: readonly [string, JsonObject][] = [
      ['operation_read', { operation }],
      ['operation_read', { operation, wait_seconds: 1 }],
      ['receipt_read', { operation }],
      ['offer_counter', { operation, idempotency_key, terms: { seats: 30 } }],
      ['offer_accept', { operation, idempotency_key, ...(await acceptance()) }],
      ['operation_withdraw', { operation, idempotency_key }],
      ['operation_handoff', { operation, idempotency_key, topic: 'Help' }],
    ];
    for (const [name, args] of moves)
      expect(problemOf(await tool(second, name, args)), name).toBe('urn:parley:problem:not-found');
    const uri = `parley://operations/${operation}/transcript`;
    const read = { method: 'resources/read', params: { uri } };
    expect((await mcpRpc(gateway.origin, { send: second, ...read })).json['error']).toMatchObject({ code: -32_602 });
    expect((await mcpRpc(gateway.origin, { send: first, ...read })).json['error']).toBeUndefined();
    expect(gateway.operation(operation).state).toBe('negotiating');
  });

  it('D19: reads, streams, moves and subscribes to nothing of the first’s over A2A', async () => {
    const task = view.id;
    const message = (data: JsonObject) => ({
      message: { messageId: randomUUID(), role: 'ROLE_USER', taskId: task, parts: [{ data }] },
    });
    const accept = message({ verb: 'accept', ...(await acceptance()) });
    const asked: readonly [string, JsonObject][] = [
      ['GetTask', { id: task }],
      ['CancelTask', { id: task }],
      ['SubscribeToTask', { id: task }],
      ['SendMessage', accept],
      ['SendStreamingMessage', accept],
      ['CreateTaskPushNotificationConfig', { taskId: task, id: 'p', url: 'https://push.example/' }],
      ['ListTaskPushNotificationConfigs', { taskId: task }],
      ['GetTaskPushNotificationConfig', { taskId: task, id: 'p' }],
      ['DeleteTaskPushNotificationConfig', { taskId: task, id: 'p' }],
    ];
    for (const [method, params] of asked) {
      const { json } = await a2aRpc(gateway.origin, { send: second, method, params });
      expect(json['error'], method).toMatchObject({ code: -32_001 });
    }
    const listed = async (send: typeof fetch) =>
      (await a2aRpc(gateway.origin, { send, method: 'ListTasks', params: {} })).json['result'];
    expect(await listed(second)).toMatchObject({ tasks: [], totalSize: 0 });
    expect(await listed(first)).toMatchObject({ tasks: [{ id: task }], totalSize: 1 });
    expect(gateway.operation(task)).toMatchObject({ state: 'negotiating', version: view.version });
  });

  it('D19: shares no idempotency key with the first’s', async () => {
    const args = { idempotency_key: randomUUID(), input: { topic: 'Help' } };
    const [one, other] = [await tool(first, 'human_handoff', args), await tool(second, 'human_handoff', args)];
    expect(viewIn(other).id).not.toBe(viewIn(one).id);
    expect(viewIn(await tool(first, 'human_handoff', args)).id).toBe(viewIn(one).id);
  });

  it('D19: sees no task of the first’s, and is not told which request keeps a record busy', async () => {
    const args = { operation: view.id, idempotency_key: randomUUID(), ...(await acceptance()) };
    const accepted = await tool(first, 'offer_accept', args, TASKS);
    const seenBy = (send: typeof fetch) =>
      mcpRpc(gateway.origin, {
        send,
        method: 'tasks/get',
        params: { taskId: String(accepted['taskId']) },
        capabilities: TASKS,
      });
    expect((await seenBy(first)).json['result']).toMatchObject({ status: 'working' });
    expect((await seenBy(second)).json['error']).toMatchObject({ code: -32_602 });
    const mandate = await gateway.mandateFor(bare, { actions: ['contract.renew'], accounts: ['A-1001'] });
    const asked = await bare.client.submit('contract.renew', { contract: 'K-1001' }, mandate);
    const seen = await bare.client.waitForTurn(asked.id);
    const [offer] = seen.offers ?? [];
    if (offer === undefined) throw new Error('no offer');
    const refused = await bare.client.accept(seen, offer).catch((error: unknown) => error);
    expect(refused).toMatchObject({ type: 'urn:parley:problem:record-busy' });
    expect(JSON.stringify(refused)).not.toContain(view.id);
  });

  it('D19: neither does the bare key, which only signs', async () => {
    const reading = await bare.client.read(view.id).catch((error: unknown) => error);
    expect(reading).toMatchObject({ type: 'urn:parley:problem:not-found' });
  });
});
