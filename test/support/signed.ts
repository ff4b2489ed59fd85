/** Requests exactly as a test wants them on the wire: signed by hand, sent without a client's help. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { contentDigest, type SignableRequest, signRequest } from '../../protocol/signature/signature.ts';
import type { AgentKey } from '../../src/client/index.ts';

export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** The body when it is JSON, `{}` otherwise. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface PostOptions {
  /** A structured-field string with its quotes, as on the wire; `undefined` sends none. */
  readonly idempotencyKey?: string | undefined;
  readonly now?: Date;
  readonly nonce?: string;
}

export const newKeyField = (): string => `"k-${randomBytes(24).toString('base64url')}"`;

/** A POST with a JSON body (an object, or text as it is), signed in Parley's profile. */
export function signedPost(
  origin: string,
  key: AgentKey,
  target: string,
  body: object | string,
  options: PostOptions = {},
): WireRequest {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const { idempotencyKey } = options;
  const headers = {
    'content-type': 'application/json',
    'content-digest': contentDigest(bytes),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
  return sign(origin, key, { method: 'POST', target, headers, body: bytes }, options);
}

export function signable(origin: string, { method, target, headers }: WireRequest): SignableRequest {
  return {
    method,
    scheme: 'http',
    authority: new URL(origin).host,
    target,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  };
}

function sign(origin: string, key: AgentKey, unsigned: WireRequest, { now, nonce }: PostOptions): WireRequest {
  const { signatureInput, signature } = signRequest(signable(origin, unsigned), unsigned.body !== undefined, {
    key,
    now: now ?? new Date(),
    nonce: nonce ?? randomBytes(18).toString('base64url'),
  });
  return { ...unsigned, headers: { ...unsigned.headers, 'signature-input': signatureInput, signature } };
}

/** Sends it as it is: no redirects, no retries, nothing normalised. */
export async function send(origin: string, { method, target, headers, body }: WireRequest): Promise<WireAnswer> {
  const { hostname, port } = new URL(origin);
  const outgoing = request({ host: hostname, port, method, path: target, headers, agent: false });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: bytes, json: jsonOf(bytes) };
}

/** The code at the end of a problem's `type`. */
export function problemCode({ json }: WireAnswer): string {
  return String(json['type'] ?? '')
    .split(':')
    .at(-1) as string;
}

function jsonOf(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
