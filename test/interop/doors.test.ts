/** How plain clients get on with the gateway: browsers, curl, and whoever joins addresses in another way. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { a2aRpc, mcpRpc } from '../support/token-agent.ts';

const PAGE = 'https://agent.example';
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway({ config: { allowed_origins: [PAGE] } });
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
