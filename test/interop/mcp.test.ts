/** The MCP binding on the wire: who may call, what waits for a person, and what a hostile client gets. */
import { randomUUID } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { readDefinitions } from '../../src/actions/files.ts';
import { acceptanceOf, makeSignedFetch, presentMandate } from '../../src/client/index.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { holdTools, SPEAKS_HTTP } from '../support/model-view.ts';
import { type Holder, holder, mint, prove } from '../support/tokens.ts';

const REVISION = '2026-07-28';
const TASKS = 'io.modelcontextprotocol/tasks';

let gateway: TestGateway;
let server: Holder;
let agent: TestAgent;

beforeAll(async () => {
  server = await holder('ES256');
  const issuer = {
    iss: 'https://as.example',
    tier: 'principal',
    jwks: [{ ...server.jwk, kid: server.jkt, alg: 'ES256' }],
    subjects: ['contact:C-1001'],
    accounts: ['A-1001'],
  };
  const rules = [{ name: 'all', when: 'action == "contract.renew"', role: 'approver', reason: 'Every renewal.' }];
  gateway = await startTestGateway({ config: { token_issuers: [issuer], signoff: { rules } } });
  agent = await gateway.newAgent();
}, 30_000);
afterAll(() => gateway.stop());

interface Rpc {
  readonly status: number;
  readonly headers: Headers;
  readonly result?: JsonObject;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

interface CallOptions {
  readonly capabilities?: JsonObject;
  readonly headers?: Record<string, string>;
  readonly fetch?: typeof fetch;
  readonly more?: JsonObject;
}

async function rpc(
  method: string,
  params: JsonObject,
  { capabilities = {}, headers = {}, fetch: send, more = {} }: CallOptions = {},
): Promise<Rpc> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  const named = params['name'] ?? params['uri'] ?? params['taskId'];
  const answer = await (send ?? makeSignedFetch({ gateway: gateway.origin, key: agent.key }).fetch)(
    `${gateway.origin}/mcp`,
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': REVISION,
        'mcp-method': method,
        ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, ...more, _meta: meta } }),
    },
  );
  const text = await answer.text();
  const json: { result?: JsonObject; error?: { code: number; message: string } } = text === '' ? {} : JSON.parse(text);
  return { status: answer.status, headers: answer.headers, ...json };
}

const call = (name: string, args: JsonObject, options: CallOptions = {}) =>
  rpc('tools/call', { name, arguments: args }, options);
const view = ({ result }: Rpc) => result?.['structuredContent'] as unknown as OperationView;

/** Takes back what the last call left open: a record has one open commitment at a time. */
let takeBack = async (): Promise<void> => undefined;

/** A renewal that waits for a person, asked for with these capabilities. */
async function waiting(capabilities: JsonObject) {
  await takeBack();
  await gateway.crm.edit('contracts', 'K-1001', { next_start_date: null });
  const key = randomUUID();
  const mandate = await presentMandate(await gateway.mandateFor(agent), {
    key: agent.key,
    audience: gateway.origin,
    nonce: key,
    now: new Date(),
  });
  const asked = view(await call('contract_renew', { idempotency_key: key, mandate, input: { contract: 'K-1001' } }));
  const read = view(await call('operation_read', { operation: asked.id, wait_seconds: 5 }));
  const offer = read.offers?.at(-1) ?? expect.fail('no offer');
  const { companyKeys } = makeSignedFetch({ gateway: gateway.origin, key: agent.key });
  const acceptance = await acceptanceOf(read, offer, { gateway: gateway.origin, key: agent.key, companyKeys });
  const args = { operation: asked.id, idempotency_key: randomUUID(), ...acceptance };
  takeBack = async () =>
    void (await call('operation_withdraw', { operation: asked.id, idempotency_key: randomUUID() }));
  return { id: asked.id, args, accepted: await call('offer_accept', args, { capabilities }) };
}

/** Only the time of day: what waits goes on waiting as long as ever. */
function moveClock(seconds: number): void {
  const now = Date.now() + seconds * 1000;
  if (!vi.isFakeTimers()) vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now);
}
afterEach(() => void vi.useRealTimers());

const approve = async (id: string) => {
  const seen = view(await call('operation_read', { operation: id }));
  await gateway.approve(`${gateway.origin}/console/signoffs/${seen.signoff?.id}`);
};

describe('a sign-off', () => {
  it('is a task for a client that declared tasks on that request, and ends with the tool’s own result', async () => {
    const capabilities = { extensions: { [TASKS]: {} } };
    const { id, accepted } = await waiting(capabilities);
    expect(accepted.result).toMatchObject({ resultType: 'task', status: 'working' });
    const taskId = String(accepted.result?.['taskId']);
    expect((await rpc('tasks/get', { taskId }, { capabilities })).result).toMatchObject({
      resultType: 'complete',
      status: 'working',
    });
    await gateway.restart();
    await approve(id);
    const polled = () => rpc('tasks/get', { taskId }, { capabilities });
    await expect.poll(async () => (await polled()).result?.['status']).toBe('completed');
    expect((await polled()).result).toMatchObject({
      status: 'completed',
      result: { structuredContent: { id, state: 'completed' } },
    });
  }, 20_000);

  it('is cancelled with its task, and stays so', async () => {
    const capabilities = { extensions: { [TASKS]: {} } };
    const { id, accepted } = await waiting(capabilities);
    const taskId = String(accepted.result?.['taskId']);
    expect((await rpc('tasks/cancel', { taskId }, { capabilities })).result).toBeDefined();
    expect((await rpc('tasks/get', { taskId }, { capabilities })).result).toMatchObject({ status: 'cancelled' });
    expect(view(await call('operation_read', { operation: id })).state).toBe('withdrawn');
  }, 20_000);

  it('is nobody else’s task, and no task at all for who did not declare them', async () => {
    const capabilities = { extensions: { [TASKS]: {} } };
    const { accepted } = await waiting(capabilities);
    const taskId = String(accepted.result?.['taskId']);
    const stranger = makeSignedFetch({ gateway: gateway.origin, key: (await gateway.newAgent()).key }).fetch;
    expect((await rpc('tasks/get', { taskId }, { capabilities, fetch: stranger })).error?.code).toBe(-32_602);
    expect((await rpc('tasks/cancel', { taskId }, { capabilities, fetch: stranger })).result).toBeUndefined();
    expect((await rpc('tasks/get', { taskId })).error?.code).toBe(-32_021);
    const [operation, since, mac = ''] = taskId.split('.');
    const guesses = ['x', '', `${taskId}0`, `${operation}.${since}`, `${operation}.0000000000000.${mac}`];
    for (const wrong of [...guesses, `${operation}.${since}.${'A'.repeat(mac.length)}`])
      expect((await rpc('tasks/get', { taskId: wrong }, { capabilities })).error?.code, wrong).toBe(-32_602);
  }, 20_000);

  it('has a task id that nobody can guess: 128 bits that only the company can make, after a restart too', async () => {
    const capabilities = { extensions: { [TASKS]: {} } };
    const { id, accepted } = await waiting(capabilities);
    const taskId = String(accepted.result?.['taskId']);
    const [, , mac = ''] = taskId.split('.');
    expect(Buffer.from(mac, 'base64url')).toHaveLength(16);
    const readAgain = async () => (await rpc('tasks/get', { taskId }, { capabilities })).result?.['taskId'];
    expect(await readAgain()).toBe(taskId);
    await gateway.restart();
    expect(await readAgain()).toBe(taskId);
    // The operation's id alone, which more people see, is no way to the task.
    for (const verb of ['get', 'update', 'cancel']) {
      const made = { taskId: `${id}.${taskId.split('.')[1]}.${Buffer.alloc(16).toString('base64url')}` };
      expect((await rpc(`tasks/${verb}`, made, { capabilities })).error?.code, verb).toBe(-32_602);
    }
    expect(view(await call('operation_read', { operation: id })).state).toBe('awaiting_signoff');
  }, 20_000);

  it('is a question for a client that can ask its person: wait, withdraw or talk to a person; each answer counts once', async () => {
    const capabilities = { elicitation: { form: {} } };
    const { id, args, accepted } = await waiting(capabilities);
    expect(accepted.result).toMatchObject({
      resultType: 'input_required',
      inputRequests: { meanwhile: { method: 'elicitation/create' } },
    });
    const requestState = String(accepted.result?.['requestState']);
    const answer = (choice: string, state: string) =>
      call('offer_accept', args, {
        capabilities,
        more: { requestState: state, inputResponses: { meanwhile: { action: 'accept', content: { choice } } } },
      });
    const tampered = `${requestState.slice(0, -3)}${requestState.endsWith('AAA') ? 'BBB' : 'AAA'}`;
    expect((await answer('withdraw', tampered)).error?.code).toBe(-32_602);
    expect(view(await call('operation_read', { operation: id })).state).toBe('awaiting_signoff');
    const withdrawn = await answer('withdraw', requestState);
    expect(view(withdrawn).state).toBe('withdrawn');
    expect((await answer('person', requestState)).error?.code).toBe(-32_602);
  }, 20_000);

  it('answers with its state bound to the very call and caller', async () => {
    const capabilities = { elicitation: {} };
    const first = await waiting(capabilities);
    const requestState = String(first.accepted.result?.['requestState']);
    const more = { requestState, inputResponses: { meanwhile: { action: 'accept', content: { choice: 'withdraw' } } } };
    const other = { ...first.args, idempotency_key: randomUUID() };
    expect((await call('offer_accept', other, { capabilities, more })).error?.code).toBe(-32_602);
    const stranger = makeSignedFetch({ gateway: gateway.origin, key: (await gateway.newAgent()).key }).fetch;
    expect((await call('offer_accept', first.args, { capabilities, more, fetch: stranger })).error?.code).toBe(-32_602);
    const person = { requestState, inputResponses: { meanwhile: { action: 'accept', content: { choice: 'person' } } } };
    expect(view(await call('offer_accept', first.args, { capabilities, more: person })).state).toBe('handed_off');
  }, 20_000);

  it('is no question any more once its time is over', async () => {
    const capabilities = { elicitation: {} };
    const { id, args, accepted } = await waiting(capabilities);
    const requestState = String(accepted.result?.['requestState']);
    const answer = (choice: string) =>
      call('offer_accept', args, {
        capabilities,
        more: { requestState, inputResponses: { meanwhile: { action: 'accept', content: { choice } } } },
      });
    moveClock(601);
    expect((await answer('withdraw')).error).toMatchObject({
      code: -32_602,
      message: expect.stringContaining('expired'),
    });
    expect(view(await call('operation_read', { operation: id })).state).toBe('awaiting_signoff');
    moveClock(-30);
    expect(view(await answer('withdraw')).state).toBe('withdrawn');
  }, 20_000);

  it('is a plain pending result for everyone else', async () => {
    const { accepted } = await waiting({});
    expect(accepted.result).toMatchObject({ resultType: 'complete', structuredContent: { state: 'awaiting_signoff' } });
  }, 20_000);
});

describe('who may call', () => {
  const anonymous = globalThis.fetch;
  const bearer = (token: string, scheme = 'Bearer') => ({ authorization: `${scheme} ${token}` });
  const claims = () => ({
    iss: 'https://as.example',
    aud: `${gateway.origin}/mcp`,
    sub: 'contact:C-1001',
    iat: Math.floor(Date.now() / 1000),
    exp: Math.floor(Date.now() / 1000) + 300,
    authorization_details: [
      { type: 'urn:parley:action', actions: ['contract.renew', 'data.validate'], accounts: ['A-1001'] },
    ],
  });
  const renewal = () => ({ idempotency_key: randomUUID(), input: { contract: 'K-1001' } });

  it('anyone may look; acting without proof is a 401 that says how', async () => {
    const tools = (await rpc('tools/list', {}, { fetch: anonymous })).result?.['tools'] as { name: string }[];
    const actions = readDefinitions().definitions.map(({ name }) => name.replace('.', '_'));
    expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(actions));
    expect((await rpc('server/discover', {}, { fetch: anonymous })).result).toBeDefined();
    const refused = await call(
      'human_handoff',
      { idempotency_key: randomUUID(), input: { topic: 'x' } },
      { fetch: anonymous },
    );
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain(
      `resource_metadata="${gateway.origin}/.well-known/oauth-protected-resource/mcp"`,
    );
    expect(refused.headers.get('accept-signature')).toContain('parley/1');
    const metadata = await (await fetch(`${gateway.origin}/.well-known/oauth-protected-resource/mcp`)).json();
    expect(metadata).toMatchObject({
      resource: `${gateway.origin}/mcp`,
      authorization_servers: ['https://as.example'],
    });
  });

  it('a bearer token is good for little: it calls a person, and commits to nothing', async () => {
    const headers = bearer(await mint(server, claims()));
    const refused = await call('contract_renew', renewal(), { fetch: anonymous, headers });
    expect(refused.result).toMatchObject({
      isError: true,
      _meta: { 'urn:parley:problem': { type: 'urn:parley:problem:proof-too-weak' } },
    });
    const handed = await call(
      'human_handoff',
      { idempotency_key: randomUUID(), input: { topic: 'Help' } },
      { fetch: anonymous, headers },
    );
    expect(view(handed).action).toBe('human.handoff');
  });

  it('a DPoP-bound token commits, with the grant it carries as its mandate; the same proof only once', async () => {
    const key = await holder('ES256');
    const token = await mint(server, { ...claims(), cnf: { jkt: key.jkt } });
    const proof = await prove(key, token, {
      htu: `${gateway.origin}/mcp`,
      iat: Math.floor(Date.now() / 1000),
      jti: randomUUID(),
    });
    const headers = { ...bearer(token, 'DPoP'), dpop: proof };
    const asked = await call('contract_renew', renewal(), { fetch: anonymous, headers });
    expect(view(asked)).toMatchObject({ action: 'contract.renew' });
    const again = await call('contract_renew', renewal(), { fetch: anonymous, headers });
    expect(again.result).toMatchObject({
      isError: true,
      _meta: { 'urn:parley:problem': { type: 'urn:parley:problem:signature-replayed' } },
    });
  });

  it('a token is taken by A2A too, where it is for A2A', async () => {
    const send = async (aud: string) => {
      const headers = { ...bearer(await mint(server, { ...claims(), aud })), 'a2a-version': '1.0' };
      const data = { verb: 'submit', action: 'human.handoff', input: { topic: 'Help' } };
      const message = { messageId: randomUUID(), role: 'ROLE_USER', parts: [{ data }] };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } });
      const init = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
      const answer = await fetch(`${gateway.origin}/a2a`, init);
      return { status: answer.status, json: (await answer.json()) as JsonObject };
    };
    for (const aud of [`${gateway.origin}/a2a`, gateway.origin])
      expect((await send(aud)).json['result'], aud).toMatchObject({ task: { id: expect.any(String) } });
    expect((await send(`${gateway.origin}/mcp`)).status).toBe(401);
  });

  it.each([
    ['for another resource', () => ({ aud: 'https://other.example/mcp' })],
    ['that has expired', () => ({ exp: Math.floor(Date.now() / 1000) - 3_600 })],
    ['of an unknown issuer', () => ({ iss: 'https://evil.example' })],
    ['for a principal it may not speak for', () => ({ sub: 'contact:C-2002' })],
  ])('a token %s is refused', async (_what, wrong) => {
    const headers = bearer(await mint(server, { ...claims(), ...wrong() }));
    const refused = await call(
      'human_handoff',
      { idempotency_key: randomUUID(), input: { topic: 'x' } },
      { fetch: anonymous, headers },
    );
    expect([401, 403]).toContain(refused.status);
  });

  it('a broken signature does not fall back to a token', async () => {
    const headers = {
      ...bearer(await mint(server, claims())),
      'signature-input': 'x=("@method");tag="parley/1"',
      signature: 'x=:AAAA:',
    };
    const refused = await call(
      'human_handoff',
      { idempotency_key: randomUUID(), input: { topic: 'x' } },
      { fetch: anonymous, headers },
    );
    expect(refused.status).toBe(401);
  });

  it('pages of other origins do not', async () => {
    for (const origin of ['https://evil.example', 'null', gateway.origin.replace('http:', 'https:')])
      expect((await rpc('tools/list', {}, { fetch: anonymous, headers: { origin } })).status).toBe(403);
    expect((await rpc('tools/list', {}, { fetch: anonymous, headers: { origin: gateway.origin } })).status).toBe(200);
  });
});

describe('what is on the wire', () => {
  it('signs its answers, bound to their requests', async () => {
    // The signing fetch throws for an answer that is not the company's.
    expect((await rpc('tools/list', {})).headers.get('signature-input')).toContain('parley/1-answer');
  });

  it('signs its answers to the earlier revisions too, in a batch as well', async () => {
    const { fetch: send } = makeSignedFetch({ gateway: gateway.origin, key: agent.key });
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    for (const body of [list, [list, { ...list, id: 2, method: 'ping' }], { ...list, method: 'no/such' }]) {
      const answer = await send(`${gateway.origin}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify(body),
      });
      expect(answer.headers.get('signature-input')).toContain('parley/1-answer');
      expect(JSON.stringify(await answer.json())).toContain('"jsonrpc":"2.0"');
    }
  });

  it('has schemas that every model’s interface takes: one type a branch', async () => {
    expect(JSON.stringify((await rpc('tools/list', {})).result)).not.toMatch(/"type":\[/);
  });

  it('D23: shows a model its tools in 3,000 tokens, each parameter with an example, and the right form where one is wrong', async () => {
    const tools = (await rpc('tools/list', {})).result?.['tools'] as unknown as Parameters<typeof holdTools>[0];
    holdTools(tools);
    const discovered = (await rpc('server/discover', {})).result;
    expect(JSON.stringify([tools.map(({ outputSchema: _, ...tool }) => tool), discovered])).not.toMatch(SPEAKS_HTTP);
    expect(JSON.stringify(discovered)).toMatch(/operation_read and wait_seconds/);
    const textOf = ({ result }: Rpc) => String((result?.['content'] as { text: string }[] | undefined)?.[0]?.text);
    const wrong = [
      await call('human_handoff', { idempotency_key: randomUUID(), input: { topik: 'x' } }),
      await call('human_handoff', { input: { topic: 'x' } }),
      await call('operation_read', { id: 'x' }),
      await call('offer_counter', { operation: 'op_x', idempotency_key: randomUUID(), terms: [] }),
      await call('actions_read', { tool: 'contract_renw' }),
    ];
    for (const each of wrong.toSpliced(3, 1)) expect(textOf(each)).toMatch(/The right form is \{/);
    for (const each of wrong) expect(textOf(each)).not.toMatch(SPEAKS_HTTP);
    expect(textOf(wrong[0] ?? expect.fail())).toContain('did you mean topic?');
    expect(textOf(wrong[4] ?? expect.fail())).toContain('did you mean contract_renew?');
    expect((await call('contract_renw', {})).error?.message).toContain('did you mean contract_renew?');
    const whole = view(await call('actions_read', { tool: 'contract_renew' })) as unknown as { actions: JsonObject[] };
    expect(JSON.stringify(whole.actions[0]?.['input'])).toContain('"maximum":60');
    expect((await call('actions_read', {})).result?.['structuredContent']).toMatchObject({
      actions: readDefinitions().definitions.map(({ name }) => ({ tool: name.replaceAll('.', '_') })),
    });
  });

  it('D23: shows a model of an operation what it decides by, and how to wait', async () => {
    const asked = await call('human_handoff', { idempotency_key: randomUUID(), input: { topic: 'Help' } });
    const text = String((asked.result?.['content'] as { text: string }[] | undefined)?.[0]?.text);
    expect(text).not.toMatch(SPEAKS_HTTP);
    const { id, accepted } = await waiting({});
    const said = String((accepted.result?.['content'] as { text: string }[] | undefined)?.[0]?.text);
    expect(said).toMatch(/call operation_read with wait_seconds/);
    expect(said).not.toContain('"jws"');
    expect(said.length).toBeLessThan(4_000);
    expect(view(accepted)).toMatchObject({
      id,
      next: expect.arrayContaining([{ rel: 'handoff', tool: 'operation_handoff' }]),
    });
  });

  it('keeps headers and body together', async () => {
    expect((await rpc('tools/list', {}, { headers: { 'mcp-protocol-version': '2025-11-25' } })).error?.code).toBe(
      -32_020,
    );
    expect((await rpc('tools/list', {}, { headers: { 'mcp-method': 'tools/call' } })).error?.code).toBe(-32_020);
  });

  it('takes POST only, in JSON only, and no duplicate keys', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await fetch(`${gateway.origin}/mcp`, { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toContain('POST');
    }
    expect(
      (await fetch(`${gateway.origin}/mcp`, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }))
        .status,
    ).toBe(415);
    const twice = '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}';
    const refused = await fetch(`${gateway.origin}/mcp`, {
      method: 'POST',
      body: twice,
      headers: { 'content-type': 'application/json' },
    });
    expect([refused.status, ((await refused.json()) as { error: { code: number } }).error.code]).toEqual([
      400, -32_700,
    ]);
  });

  it('shows the catalogue and the policy to anyone, a transcript to its agent alone', async () => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const { fetch: signed } = makeSignedFetch({ gateway: gateway.origin, key: agent.key });
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', gateway.origin), { fetch: signed }));
    const policy = await client.readResource({ uri: 'parley://policy' });
    expect(JSON.stringify(policy)).toContain('A person is reachable at any time');
    const { id } = await waiting({});
    const uri = `parley://operations/${id}/transcript`;
    expect(JSON.stringify(await client.readResource({ uri }))).toContain('awaiting_signoff');
    const stranger = makeSignedFetch({ gateway: gateway.origin, key: (await gateway.newAgent()).key }).fetch;
    expect((await rpc('resources/read', { uri }, { fetch: stranger })).error).toBeDefined();
    expect((await rpc('resources/read', { uri }, { fetch: globalThis.fetch })).status).toBe(401);
    await client.close();
  }, 20_000);

  it('never answers bad input with a 5xx', async () => {
    const args = [
      {},
      { idempotency_key: 3 },
      { idempotency_key: randomUUID() },
      { idempotency_key: randomUUID(), input: [] },
      { idempotency_key: '\u0000'.repeat(30), input: {} },
      { operation: { $ne: null } },
    ];
    for (const tool of ['contract_renew', 'offer_accept', 'operation_read', 'receipt_read', 'nothing', '__proto__'])
      for (const each of args) {
        const answer = await call(tool, each as JsonObject);
        expect(answer.status, `${tool} ${JSON.stringify(each)}`).toBeLessThan(500);
        expect(answer.error !== undefined || answer.result?.['isError'] === true).toBe(true);
      }
  });
});
