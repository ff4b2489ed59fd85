/** What holds all others' answers is itself held: it finds what is wrong, and nothing where nothing is. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { holdAnswers } from './held.ts';

const thing = { type: 'object', required: ['id'], properties: { id: { type: 'string' } } };
const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const DOCUMENT = {
  paths: { '/operations/{id}': { get: { responses: { 200: json(thing), default: json({ type: 'object' }) } } } },
  components: { schemas: { Problem: { type: 'object', required: ['type'] } } },
};
const TOOLS = [
  { name: 'operation_read', outputSchema: thing },
  { name: 'contract_renew', outputSchema: { ...thing, required: ['id', 'state'] } },
];

let server: Server;
let origin: string;
beforeAll(async () => {
  server = createServer((request, response) =>
    response.end(JSON.stringify(request.url === '/mcp' ? { result: { tools: TOOLS } } : DOCUMENT)),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

async function foundOf(path: string, body: object, { status = 200, type = 'application/json' } = {}) {
  const held = holdAnswers({ origin, tools: true });
  held.witness(
    new Request(`${origin}${path}`, { method: path === '/mcp' ? 'POST' : 'GET' }),
    new Response(JSON.stringify(body), { status, headers: { 'content-type': type } }),
  );
  await held.judge();
  return held.found();
}

const tool = (structuredContent: object) => ({ jsonrpc: '2.0', id: 1, result: { content: [], structuredContent } });
const task = { id: 'op', status: { state: 'TASK_STATE_WORKING' } };

it.each<[string, object, { status?: number; type?: string }?]>([
  ['/operations/1', { id: 'op' }],
  ['/operations/1', {}, { status: 404 }],
  ['/operations', { type: 'urn' }, { status: 401 }],
  ['/mcp', tool({ id: 'op', action: 'no.such' })],
  ['/mcp', tool({ id: 'op', action: 'contract.renew', state: 'completed' })],
  ['/a2a', { jsonrpc: '2.0', id: 1, result: task }],
  ['/a2a/tasks/op', task, { type: 'application/a2a+json' }],
  ['/a2a', { jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'x', data: [{ '@type': 'x' }] } }],
  ['/health', { whatever: 1 }],
])('D15: nothing is found in %s %j', async (path, body, how) => {
  expect(await foundOf(path, body, how)).toEqual([]);
});

it.each<[string, object, { status?: number; type?: string }?]>([
  ['/operations/1', { ID: 'op' }],
  ['/operations/1', { id: 'op' }, { status: 201 }],
  ['/operations/1', { id: 'op' }, { type: 'text/plain' }],
  ['/operations', { id: 'op' }],
  ['/operations', { id: 'op' }, { status: 404 }],
  ['/mcp', tool({ action: 'no.such' })],
  ['/mcp', tool({ id: 'op', action: 'contract.renew' })],
  ['/a2a', { jsonrpc: '2.0', id: 1, result: { ...task, more: 1 } }],
  ['/a2a', { jsonrpc: '2.0', id: 1, result: { ...task, status: { state: 'working' } } }],
  ['/a2a', { jsonrpc: '2.0', result: task }],
  ['/a2a', { jsonrpc: '2.0', id: 1, error: { code: 1 } }],
  ['/a2a/tasks/op', { task: { id: 'op' } }],
  ['/a2a/tasks/op', task, { type: 'text/html' }],
])('D15: what is not as published is found in %s %j', async (path, body, how) => {
  expect(await foundOf(path, body, how)).toHaveLength(1);
});
