import { createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Thumbprint } from '../../protocol/ids.ts';
import type { JsonObject } from '../../protocol/json.ts';
import {
  contentDigest,
  type SignableRequest,
  signRequest,
  type VerifyKey,
  verifyResponse,
} from '../../protocol/signature.ts';
import type { AgentKey } from './agent-key.ts';
import { AnswerError, ProblemError } from './problem.ts';

export interface TransportOptions {
  readonly gateway: string;
  readonly key: AgentKey;
  readonly clock: () => Date;
  readonly fetch: typeof globalThis.fetch;
}

/** Tries of one request before its failure is the caller's: about half a minute. The idempotency key makes repeating safe. */
const TRIES_MAX = 8;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 10_000;
const RETRIED_STATUS = new Set([408, 429, 500, 502, 503, 504]);
/** One label for all requests: each carries one signature. */
const LABEL = 'parley';

interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Signs every request anew, repeats it while that is safe, and believes only answers the company signed for this very request. */
export function makeTransport(options: TransportOptions) {
  const origin = new URL(options.gateway);
  let known: Promise<JsonObject> | undefined;

  async function profile(): Promise<JsonObject> {
    const response = await options.fetch(new URL('/.well-known/parley', origin), { redirect: 'error' });
    if (!response.ok) throw new AnswerError(`${options.gateway} has no Parley profile (${response.status})`);
    return (await response.json()) as JsonObject;
  }

  /** The company's keys, read once over TLS and kept: later answers must be signed by them. */
  async function companyKeys(purpose: string): Promise<readonly JsonObject[]> {
    known ??= profile();
    const { keys } = await known;
    if (!Array.isArray(keys)) throw new AnswerError('the profile has no keys');
    return keys.filter(
      (each): each is JsonObject => typeof each === 'object' && each !== null && each['parley_purpose'] === purpose,
    );
  }

  async function exchange(outgoing: Outgoing): Promise<JsonObject> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await attempt(outgoing).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) return outcome as JsonObject;
      if (tries >= TRIES_MAX || !mayRepeat(outcome)) throw outcome;
      const pause = outcome instanceof ProblemError ? outcome.retryAfterMs : undefined;
      await sleep(pause ?? Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** tries));
    }
  }

  async function attempt({ method, path, body, headers: extra = {} }: Outgoing): Promise<JsonObject> {
    const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...extra,
      ...(bytes === undefined ? {} : { 'content-type': 'application/json', 'content-digest': contentDigest(bytes) }),
    };
    const request: SignableRequest = {
      method,
      scheme: origin.protocol.slice(0, -1),
      authority: origin.host,
      target: path,
      headers: lines(headers),
    };
    const nonce = randomBytes(18).toString('base64url');
    const fields = signRequest(request, bytes !== undefined, { key: options.key, now: options.clock(), nonce });
    headers['signature-input'] = fields.signatureInput;
    headers['signature'] = fields.signature;
    const response = await options.fetch(new URL(path, origin), {
      method,
      headers,
      redirect: 'error',
      ...(bytes === undefined ? {} : { body: bytes }),
    });
    const answer = new Uint8Array(await response.arrayBuffer());
    const signed = response.headers.has('signature');
    if (signed) await checkAnswer(response, answer, { ...request, headers: lines(headers) });
    const value = parseAnswer(answer, response.status);
    if (response.status >= 400) throw new ProblemError(response.status, value, retryAfterMs(response));
    if (!signed) throw new AnswerError('the answer is not signed');
    return value;
  }

  async function checkAnswer(response: Response, body: Uint8Array, request: SignableRequest): Promise<void> {
    const keys = new Map((await companyKeys('answers')).map((jwk) => [String(jwk['kid']), verifyKey(jwk)]));
    const signable = { status: response.status, headers: lines(Object.fromEntries(response.headers)), request };
    const verified = verifyResponse(signable, body, LABEL, (kid) => keys.get(kid), options.clock());
    if (!verified.ok)
      throw new AnswerError(`the answer’s signature does not verify: ${verified.error.detail ?? verified.error.code}`);
  }

  return {
    profile,
    companyKeys,
    get: (path: string, headers: Readonly<Record<string, string>> = {}) => exchange({ method: 'GET', path, headers }),
    post: ({ path, body, key }: { readonly path: string; readonly body: string; readonly key?: string }) =>
      exchange({ method: 'POST', path, body, headers: key === undefined ? {} : { 'idempotency-key': `"${key}"` } }),
  };
}

function lines(headers: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]]));
}

function mayRepeat(error: Error): boolean {
  if (error instanceof AnswerError) return false;
  if (!(error instanceof ProblemError)) return true;
  return RETRIED_STATUS.has(error.status) || error.type.endsWith(':idempotency-in-flight');
}

function parseAnswer(bytes: Uint8Array, status: number): JsonObject {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Not JSON: the gateway always answers JSON, so something between us and it did not.
  }
  throw status >= 500
    ? new ProblemError(status, { title: 'not a Parley answer' }, undefined)
    : new AnswerError(`not a Parley answer (${status})`);
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(seconds * 1000, RETRY_MS_MAX) : undefined;
}

function verifyKey(jwk: JsonObject): VerifyKey {
  const key: KeyObject = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: String(jwk['x']) }, format: 'jwk' });
  return {
    kid: String(jwk['kid']) as Thumbprint,
    alg: 'ed25519',
    verify: (data, signature) => verify(null, data, key, signature),
  };
}
