/** Clients that are known by access tokens: each request with a fresh token and, where the token is bound to a key, a fresh proof. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../protocol/base/json.ts';
import { type Holder, mint, type Parts, prove } from './tokens.ts';

export interface TokenAgent {
  /** The authorisation server. */
  readonly server: Holder;
  /** Of the proofs; a bearer token without one. */
  readonly key?: Holder;
  readonly claims: Parts;
}

/** `fetch` as that client: what it sends is otherwise as given. */
export function tokenFetch({ server, key, claims }: TokenAgent): typeof fetch {
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const now = Math.floor(Date.now() / 1000);
    const binding = key === undefined ? {} : { cnf: { jkt: key.jkt } };
    const token = await mint(server, { jti: randomUUID(), iat: now, exp: now + 300, ...binding, ...claims });
    const headers = new Headers(init.headers);
    headers.set('authorization', `${key === undefined ? 'Bearer' : 'DPoP'} ${token}`);
    if (key !== undefined) {
      const htu = `${url.origin}${url.pathname}`;
      headers.set('dpop', await prove(key, token, { htm: init.method ?? 'GET', htu, iat: now, jti: randomUUID() }));
    }
    return fetch(url, { ...init, headers });
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: JsonObject;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: text === '' ? {} : JSON.parse(text) };
}

const REVISION = '2026-07-28';

/** One request of MCP's newest revision, spelt out. */
export async function mcpRpc(
  origin: string,
  { send, method, params = {}, capabilities = {} }: McpRequest,
): Promise<Answer> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  const named = params['name'] ?? params['uri'] ?? params['taskId'];
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': REVISION,
    'mcp-method': method,
    ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } });
  return answerOf(await send(`${origin}/mcp`, { method: 'POST', headers, body }));
}

export interface McpRequest {
  readonly send: typeof fetch;
  readonly method: string;
  readonly params?: JsonObject;
  readonly capabilities?: JsonObject;
}

export interface A2aRequest {
  readonly send: typeof fetch;
  readonly method: string;
  readonly params: JsonObject;
}

/** One request of A2A 1.0 over JSON-RPC, spelt out. */
export async function a2aRpc(origin: string, { send, method, params }: A2aRequest): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method, params });
  return answerOf(await send(`${origin}/a2a`, { method: 'POST', headers, body }));
}
