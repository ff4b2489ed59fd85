import { randomBytes } from 'node:crypto';
import { contentDigest, signRequest } from '../protocol/signature/signature.ts';
import { type AgentKey, makeClient, memoryJournal } from '../src/client/index.ts';
import type { PreparedRequest } from './load.ts';

/** About 1.4 KB, as a renewal request with its conversation is. */
const content = {
  topic: 'Renewal of our contract',
  urgency: 'normal',
  account: 'A-1001',
  message: 'We would like to talk about terms. '.repeat(36),
};

export const echoRequest: PreparedRequest = {
  path: '/',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ input: content }),
};

export const a2aRequest: PreparedRequest = {
  path: '/',
  headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'SendMessage',
    params: { message: { messageId: 'm', role: 'ROLE_USER', parts: [{ data: content }] } },
  }),
};

export async function registerAgent(origin: string, key: AgentKey): Promise<void> {
  await makeClient({ gateway: origin, key, journal: memoryJournal() }).register({ name: 'Bench' });
}

/** Signed beforehand, each with its own nonce and idempotency key: what is measured is the gateway. */
export function signedRequests(origin: string, key: AgentKey, count: number): () => PreparedRequest {
  const { host, protocol } = new URL(origin);
  const body = JSON.stringify({ input: content });
  const path = '/actions/human.handoff';
  const digest = contentDigest(Buffer.from(body));
  const now = new Date();
  const requests = Array.from({ length: count }, (): PreparedRequest => {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'content-digest': digest,
      'idempotency-key': `"${randomBytes(18).toString('base64url')}"`,
    };
    const request = {
      method: 'POST',
      scheme: protocol.slice(0, -1),
      authority: host,
      target: path,
      headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
    };
    const { signatureInput, signature } = signRequest(request, true, {
      key,
      now,
      nonce: randomBytes(18).toString('base64url'),
    });
    return { path, headers: { ...headers, 'signature-input': signatureInput, signature }, body };
  });
  let at = 0;
  return () => {
    const next = requests[at % count];
    at += 1;
    if (next === undefined) throw new Error('no requests were prepared');
    return next;
  };
}
