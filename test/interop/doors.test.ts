/** How plain clients get on with the gateway: browsers, curl, and whoever joins addresses in another way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSignedFetch } from '../../src/client/index.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { send as sendWire } from '../support/signed.ts';
import { a2aRpc, mcpRpc } from '../support/token-agent.ts';

const PAGE = 'https://agent.example';
let gateway: TestGateway;
let agent: TestAgent;

beforeAll(async () => {
  gateway = await startTestGateway({ config: { allowed_origins: [PAGE] } });
  agent = await gateway.newAgent();
}, 60_000);
afterAll(() => gateway.stop());

describe('without an issuer of tokens', () => {
  it('D11: there is no OAuth metadata, and nobody is challenged for a token', async () => {
    for (const path of ['', '/mcp', '/a2a'])
      expect((await fetch(`${gateway.origin}/.well-known/oauth-protected-resource${path}`)).status).toBe(404);
    const params = { name: 'operation_read', arguments: { operation: 'op_x' } };
    const refused = [
      await mcpRpc(gateway.origin, { send: fetch, method: 'tools/call', params }),
      await a2aRpc(gateway.origin, { send: fetch, method: 'ListTasks', params: {} }),
    ];
    for (const { status, headers } of refused) {
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toMatch(/^Signature/);
      expect(headers.get('www-authenticate')).not.toMatch(/Bearer|DPoP|resource_metadata/);
    }
    const card = await (await fetch(`${gateway.origin}/.well-known/agent-card.json`)).json();
    expect(card).not.toHaveProperty('securitySchemes');
  });

  it('D11: a token is answered with what is taken instead', async () => {
    const send: typeof fetch = (url, init) =>
      fetch(url, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init?.headers)), authorization: 'Bearer x' },
      });
    const { status, json } = await mcpRpc(gateway.origin, { send, method: 'tools/list' });
    expect([status, json['type'], json['detail']]).toEqual([
      401,
      'urn:parley:problem:signature-missing',
      expect.stringContaining('not taken here'),
    ]);
  });
});

describe('a page of a configured origin', () => {
  const OPERATION = '/operations/op_00000000-0000-7000-8000-000000000000';
  const preflight = (path: string, origin: string, method = 'POST', fields = 'content-type, signature') =>
    fetch(gateway.origin + path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': fields },
    });

  it.each(['/mcp', '/mcp/', '/a2a', '/a2a/tasks', '/actions/contract.renew', '/agents', '/invitations', OPERATION])(
    'D9: is told that it may ask at %s, with the fields it wants',
    async (path) => {
      const answer = await preflight(path, PAGE);
      expect(answer.status).toBe(204);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': 'GET, HEAD, POST, DELETE',
        'access-control-allow-headers': 'content-type, signature',
        'access-control-max-age': '600',
        vary: expect.stringContaining('Origin'),
      });
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    },
  );

  it.each(['/console', '/console/inbox', '/company/offers', '/crm/events', '/signoffs/so_x/decision', '/health'])(
    'D9: has no business at %s',
    async (path) => {
      const answer = await preflight(path, PAGE);
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
      const asked = await fetch(gateway.origin + path, { headers: { origin: PAGE }, redirect: 'manual' });
      expect(asked.headers.has('access-control-allow-origin')).toBe(false);
    },
  );

  it.each([
    ['/mcp', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }],
    ['/a2a', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }],
    [OPERATION, {}],
    ['/no/such/door', {}],
    ['/operations', {}],
  ])('D9: reads the answers of %s, refusals too', async (path, init: RequestInit) => {
    const answer = await fetch(gateway.origin + path, { ...init, headers: { ...init.headers, origin: PAGE } });
    const shown = answer.headers.get('access-control-expose-headers');
    if (path.startsWith('/no')) return expect(shown).toBeNull();
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
    for (const name of answer.headers.keys())
      if (/^(www-|accept-sig|signature|content-digest|etag|retry|a2a|mcp)/.test(name)) expect(shown).toContain(name);
  });

  it('D9: of another origin is told nothing', async () => {
    for (const origin of ['https://evil.example', 'null', `${PAGE}.evil.example`]) {
      const asked = await preflight('/mcp', origin);
      expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([405, null]);
      const answer = await fetch(`${gateway.origin}${OPERATION}`, { headers: { origin } });
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    }
  });

  it('D9: of any origin reads the documents, whatever fields it sends', async () => {
    for (const path of ['/.well-known/agent-card.json', '/.well-known/parley', '/openapi.json', '/schemas/submit']) {
      const asked = await preflight(path, 'https://anyone.example', 'GET', 'a2a-version');
      expect([asked.status, asked.headers.get('access-control-allow-origin')], path).toEqual([204, '*']);
      const read = await fetch(gateway.origin + path, { headers: { origin: 'https://anyone.example' } });
      expect(read.headers.get('access-control-allow-origin'), path).toBe('*');
    }
  });
});

describe('plain clients', () => {
  const signed = () => makeSignedFetch({ gateway: gateway.origin, key: agent.key }).fetch;
  const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  const json = { 'content-type': 'application/json' };

  it('D13: join addresses with a slash at the end', async () => {
    const asked = async (path: string, body: string, headers = {}) =>
      fetch(gateway.origin + path, { method: 'POST', headers: { ...json, accept: '*/*', ...headers }, body });
    expect(await (await asked('/mcp/', list)).json()).toMatchObject({ id: 1, result: { tools: expect.any(Array) } });
    const words = { message: { messageId: 'm-1', role: 'ROLE_USER', parts: [{ text: 'Hello' }] } };
    const rpc = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: words });
    const version = { 'a2a-version': '1.0' };
    expect(await (await asked('/a2a/', rpc, version)).json()).toMatchObject({ result: { message: {} } });
    expect((await asked('/a2a/message:send/', JSON.stringify(words), version)).status).toBe(200);
    expect((await signed()(`${gateway.origin}/a2a/tasks/`, { headers: version })).status).toBe(200);
    expect((await fetch(`${gateway.origin}/.well-known/agent-card.json/`)).status).toBe(200);
    expect((await fetch(`${gateway.origin}/console/`, { redirect: 'manual' })).status).toBeLessThan(400);
  });

  it.each([['*/*'], ['application/json, */*;q=0.1'], [undefined]])(
    'D13: accept %s, and are answered',
    async (accept) => {
      const headers = accept === undefined ? json : { ...json, accept };
      const wire = { method: 'POST', target: '/mcp', headers, body: Buffer.from(list) };
      const answer = await sendWire(gateway.origin, wire);
      expect([answer.status, answer.json['result']]).toEqual([200, { tools: expect.any(Array) }]);
    },
  );

  it('D14: send no body where there is nothing to say, and no type for it', async () => {
    const { id } = await agent.client.submit('human.handoff', { topic: 'Help' });
    const path = `${gateway.origin}/a2a/tasks/${id}`;
    const headers = { 'a2a-version': '1.0' };
    const cancelled = await signed()(`${path}:cancel`, { method: 'POST', headers });
    expect([200, 400, 409]).toContain(cancelled.status);
    expect(await cancelled.text()).not.toContain('unsupported-media-type');
    expect((await signed()(`${path}:subscribe`, { method: 'POST', headers })).status).not.toBe(415);
    const config = await signed()(`${path}/pushNotificationConfigs/none`, { method: 'DELETE', headers });
    expect(config.status).toBe(204);
    expect((await signed()(`${gateway.origin}/invitations`, { method: 'DELETE' })).status).toBe(200);
    const empty = await signed()(`${gateway.origin}/operations/${id}/withdraw`, { method: 'POST', headers: {} });
    expect(empty.status).toBe(400);
  });

  it('D16: that send another type are told so by A2A’s own code, with the id of their request', async () => {
    const rpc = { jsonrpc: '2.0', id: 'mine', method: 'ListTasks', params: {} };
    const told = async (type: string, body: object = rpc) => {
      const init = {
        method: 'POST',
        headers: { 'content-type': type, 'a2a-version': '1.0' },
        body: JSON.stringify(body),
      };
      const answer = await fetch(`${gateway.origin}/a2a`, init);
      return { status: answer.status, ...((await answer.json()) as { id: unknown; error: { code: number } }) };
    };
    expect(await told('text/plain')).toMatchObject({ id: 'mine', error: { code: -32_005 } });
    expect(await told('text/plain', { ...rpc, id: { not: 'one' } })).toMatchObject({ id: null });
    expect(await told('application/json')).toMatchObject({ status: 401, id: 'mine' });
    const rest = await fetch(`${gateway.origin}/a2a/message:send`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', 'a2a-version': '1.0' },
      body: '{}',
    });
    expect([rest.status, await rest.text()]).toEqual([415, expect.stringContaining('CONTENT_TYPE_NOT_SUPPORTED')]);
  });
});
