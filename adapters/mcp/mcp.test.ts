import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest } from '../../protocol/base/canonical.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { SEED_DAY } from '../sandbox/server/seed-day.ts';
import { type Sandbox, spawnSandbox } from '../sandbox/server/spawn.ts';
import type { Adapter, AdapterError, Ctx } from '../sdk/index.ts';
import { makeMcpAdapter } from './index.ts';
import { MAPPING } from './rig/mapping.ts';

let crm: Sandbox;
const logs: string[] = [];

beforeAll(async () => {
  crm = await spawnSandbox({
    seedNow: SEED_DAY,
    faults: true,
    entry: fileURLToPath(new URL('./server/main.ts', import.meta.url)),
  });
}, 30_000);
afterAll(() => crm.stop());

const ctx = (): Ctx => ({
  clock: () => new Date('2026-11-02T09:00:00Z'),
  signal: AbortSignal.timeout(10_000),
  log: (event, fields) => void logs.push(`${event} ${JSON.stringify(fields)}`),
});

const result = (mapping: JsonObject, url = `${crm.origin}/mcp`, allowPrivate = true) =>
  makeMcpAdapter({
    url,
    mapping,
    recipes: [],
    auth: { token: crm.token },
    allowPrivate,
  });
function made(...given: Parameters<typeof result>): Adapter {
  const adapter = result(...given);
  if (!adapter.ok) throw new Error(adapter.error.join('\n'));
  return adapter.value;
}

const failure = async (call: Promise<unknown>): Promise<AdapterError> =>
  call.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: AdapterError) => error,
  );

const ref = { type: 'account', by: 'id', value: 'A-1001' } as const;
const tools = MAPPING['tools'] as JsonObject;
const otherPin = `sha-256:${'A'.repeat(43)}`;

describe('an MCP server’s tools', () => {
  it('are read as records, and every write of them needs a person', async () => {
    const adapter = made(MAPPING);
    expect((await adapter.read(ctx(), ref)).data).toMatchObject({ id: 'A-1001', account: 'A-1001' });
    expect(adapter.manifest.capabilities.length).toBeGreaterThan(4);
    expect(adapter.manifest.capabilities.every(({ forcesSignoff }) => forcesSignoff === true)).toBe(true);
    expect(adapter.manifest.capabilities.every(({ conflict }) => conflict === 'none')).toBe(true);
  });

  it('that are not those that were registered are not called, not even to read', async () => {
    const calls: unknown[] = [];
    const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
      const { body } = options;
      if (typeof body === 'string' && body.includes('"tools/call"')) calls.push(body);
      return dispatch(options, handler);
    });
    const watched = (mapping: JsonObject) =>
      makeMcpAdapter({ url: `${crm.origin}/mcp`, mapping, recipes: [], auth: { token: crm.token }, dispatcher });
    const right = watched(MAPPING);
    if (right.ok) await right.value.read(ctx(), ref);
    expect(calls).toHaveLength(1);
    const wrong = watched({ ...MAPPING, tools: { ...tools, update_contract: otherPin, get_account: otherPin } });
    if (!wrong.ok) throw new Error(wrong.error.join('\n'));
    const adapter = wrong.value;
    calls.length = 0;
    const refused = await failure(adapter.read(ctx(), ref));
    expect(refused.code).toBe('unsupported');
    expect(refused.fields.map(({ path }) => path)).toEqual(['/tools/get_account', '/tools/update_contract']);
    expect(calls).toEqual([]);
    expect(logs.join('\n')).toContain('crm.tools_changed');
    // What it is now, for whoever registers it anew after a look.
    expect((await adapter.health(ctx())).detail).toContain(String(tools['update_contract']));
  });

  it('that are gone are told', async () => {
    const adapter = made({ ...MAPPING, tools: { ...tools, merge_accounts: otherPin } });
    expect((await adapter.health(ctx())).detail).toContain('/tools/merge_accounts is not offered.');
  });

  it('at an address of the private network are not reached unless that is allowed', async () => {
    expect((await failure(made(MAPPING, `${crm.origin}/mcp`, false).read(ctx(), ref))).code).toBe('retryable');
  });

  it('that the address does not have are an error of the CRM, not of the customer', async () => {
    expect((await failure(made(MAPPING, `${crm.origin}/nothing`).read(ctx(), ref))).code).toBe('retryable');
  });
});

describe('a server of the earlier revisions, with sessions and streams', () => {
  it('is used the same way, and its session is ended', async () => {
    const { origin, ended, stop } = await legacyServer();
    const tool = (name: string) => [name, digest(LEGACY_SCHEMA)] as const;
    const mapping: JsonObject = {
      idempotency: 'none',
      tools: Object.fromEntries([tool('get_account')]),
      errors: [{ at: '/code', is: 'NOT_FOUND', means: 'not_found' }],
      types: {
        account: {
          object: '',
          read: { tool: 'get_account', id: '/id' },
          fields: { 'account.name': { field: '/name', label: 'Name', kind: 'text', chars_max: 80 } },
        },
      },
    };
    const adapter = makeMcpAdapter({
      url: `${origin}/mcp`,
      mapping,
      recipes: [],
      auth: { token: 't' },
      allowPrivate: true,
    });
    if (!adapter.ok) throw new Error(adapter.error.join('\n'));
    const read = await adapter.value.read(ctx(), ref);
    expect(read).toMatchObject({ data: { id: 'A-1001', 'account.name': 'Nordwind' } });
    expect(read.version).toMatch(/^sha-256:/);
    const gone = await failure(adapter.value.read(ctx(), { ...ref, value: 'A-1' }));
    expect(gone.code).toBe('not_found');
    expect(ended()).toBe(2);
    await stop();
  });
});

const LEGACY_SCHEMA = { type: 'object', properties: { id: { type: 'string' } } } as const;

/** The official SDK of before, stateful, over Node's own HTTP. */
async function legacyServer() {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  let ended = 0;
  const open = async () => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: () => {
        ended += 1;
      },
    });
    const server = new Server({ name: 'old', version: '1' }, { capabilities: { tools: {} } });
    server.setRequestHandler(ListToolsRequestSchema, async () => ({
      tools: [{ name: 'get_account', inputSchema: LEGACY_SCHEMA }],
    }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
      const id = String(params.arguments?.['id']);
      const text = (value: object) => [{ type: 'text' as const, text: JSON.stringify(value) }];
      if (id !== 'A-1001') return { isError: true, content: text({ code: 'NOT_FOUND' }) };
      return { content: text({ id, name: 'Nordwind' }) };
    });
    // Its own types are not made for exactOptionalPropertyTypes.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    return transport;
  };
  const http = createServer(async (request, response) => {
    const known = sessions.get(String(request.headers['mcp-session-id']));
    await (known ?? (await open())).handleRequest(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    ended: () => ended,
    stop: () => new Promise<void>((resolve) => void http.close(() => resolve()).closeAllConnections()),
  };
}

describe('documents', () => {
  it('with mistakes are refused, all mistakes at once', () => {
    const mapping: JsonObject = {
      ...MAPPING,
      idempotency: 'key',
      tools: { ...tools, get_contract: 'md5:x', 'a b': otherPin },
      errors: [{ at: 'code', is: 'X', means: 'not_found' }],
      types: {
        contract: {
          object: '/record',
          read: { tool: 'get_contract', id: 'id' },
          update: { tool: 'delete_everything', id: '/id' },
          fields: {},
        },
      },
    };
    const told = result(mapping, 'https://mcp.example/mcp');
    const lines = told.ok ? '' : told.error.join('\n');
    for (const part of [
      '/tools/get_contract is not the sha-256:',
      '/tools/a b is not the sha-256:',
      '/errors/0 must have at, is and a known means',
      '/types/contract/read/id is no JSON Pointer',
      '/types/contract/update/tool is not one of /tools',
    ])
      expect(lines).toContain(part);
    const promised = result({ ...MAPPING, idempotency: 'key' }, 'https://mcp.example/mcp');
    expect(promised.ok ? '' : promised.error.join('\n')).toContain('/idempotency of tools is lookup or none');
  });
});
