import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { type Refusal, refusal, toProblem } from '../../protocol/base/errors.ts';
import type { Json } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { HEADER } from '../../protocol/base/names.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import {
  acceptSignature,
  contentDigest,
  inTheirWords,
  type SignKey,
  signatureChallenge,
  signResponse,
} from '../../protocol/signature/signature.ts';
import { checkBodyHeaders, headersOf, type RawRequest, readBody } from '../edge/raw-request.ts';
import { parseStrictJson } from '../edge/strict-json.ts';
import type { Caller } from '../identity/signature/authenticate.ts';
import { NODE_HASHES } from '../identity/signature/keys-node.ts';
import type { Clock, Log } from '../ports.ts';

export type Env = { Bindings: HttpBindings };
export type Http = Context<Env>;

/** A request whose sender is proven. */
export interface ProvenRequest {
  readonly raw: RawRequest;
  readonly caller: Caller;
}

export interface ExchangeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly answerKey: SignKey;
  /** The authority signatures are made for. */
  readonly authority: string;
  readonly scheme: string;
  readonly newNonce: () => string;
  /** An opaque id for `instance`. */
  readonly newInstance: () => string;
}

const NO_BODY = new Uint8Array(0);

/** The request as it arrived: exact bytes, every field line. `media` are the content types taken, JSON where left out. */
export async function rawRequest(c: Http, media?: readonly string[]): Promise<Result<RawRequest, Refusal>> {
  const headers = headersOf(c.env.incoming.rawHeaders);
  const typed = checkedType(c, media, headers);
  return typed.ok ? readRequest(c, headers) : typed;
}

/** The same, whatever its content type. */
export async function readRequest(
  c: Http,
  headers = headersOf(c.env.incoming.rawHeaders),
): Promise<Result<RawRequest, Refusal>> {
  const { incoming } = c.env;
  const method = incoming.method ?? '';
  const body = hasBody(method, headers) ? await readBody(incoming, LIMITS.bodyBytesMax) : ok(NO_BODY);
  if (!body.ok) return body;
  return ok({ method, target: incoming.url ?? '', headers, body: body.value, peer: incoming.socket.remoteAddress });
}

/** What has no body needs no type for it. */
export function checkedType(
  c: Http,
  media?: readonly string[],
  headers = headersOf(c.env.incoming.rawHeaders),
): Result<void, Refusal> {
  return hasBody(c.env.incoming.method ?? '', headers) ? checkBodyHeaders(headers, media) : ok(undefined);
}

/** RFC 9112 §6.3. A body of a GET means nothing (RFC 9110 §9.3.1). */
function hasBody(method: string, headers: RawRequest['headers']): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return headers.has('transfer-encoding') || Number(headers.get('content-length')?.[0] ?? 0) > 0;
}

export function jsonBody(raw: RawRequest): Result<Json, Refusal> {
  const parsed = parseStrictJson(raw.body);
  return parsed.ok ? parsed : err(refusal('malformed-json', `${parsed.error.reason} at character ${parsed.error.at}.`));
}

export function makeExchange(deps: ExchangeDeps) {
  /** An answer of these bytes; signed and bound to its request when that was signed. */
  function answer(
    status: number,
    body: string | Uint8Array,
    proven: ProvenRequest | undefined,
    more: Record<string, string> = {},
  ): Response {
    const bytes = Buffer.from(body);
    const headers: Record<string, string> = {
      'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
      'cache-control': 'no-store',
      'content-digest': contentDigest(bytes, NODE_HASHES),
      ...more,
    };
    const label = proven?.caller.label;
    if (proven !== undefined && label !== undefined) {
      const lines = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
      const request = { ...proven.raw, scheme: deps.scheme, authority: deps.authority };
      const { answerKey: key, newNonce } = deps;
      const signature = signResponse({ status, headers: lines, request }, label, {
        key,
        now: deps.clock.now(),
        nonce: newNonce(),
      });
      headers['signature-input'] = signature.signatureInput;
      headers['signature'] = signature.signature;
    }
    return new Response(bytes, { status, headers });
  }

  /** The problem a refusal is, logged without the payload, and the header fields that go with it. */
  function problemOf(given: Refusal, proven?: ProvenRequest) {
    const refused = proven === undefined ? given : inTheirWords(proven.raw.headers, given);
    const instance = deps.newInstance();
    const problem = toProblem(refused, instance);
    deps.log('refused', {
      code: refused.code,
      instance,
      ...(proven === undefined ? {} : { agent: proven.caller.keyid }),
    });
    const status = Number(problem['status']);
    const headers: Record<string, string> = {};
    if (status === 401) {
      headers['accept-signature'] = acceptSignature();
      headers['www-authenticate'] = signatureChallenge(refused);
    }
    if (refused.code === 'unsupported-media-type') headers['accept-encoding'] = 'identity';
    const retry = refused.retryAfterSeconds ?? (status === 503 ? 1 : undefined);
    if (retry !== undefined) headers['retry-after'] = String(retry);
    return { problem, status, headers };
  }

  /** Every refusal is answered as a problem. */
  function refuse(refused: Refusal, proven?: ProvenRequest, more: Record<string, string> = {}): Response {
    const { problem, status, headers } = problemOf(refused, proven);
    return answer(status, JSON.stringify(problem), proven, { ...headers, ...more });
  }

  return { answer, refuse, problemOf };
}

export type Exchange = ReturnType<typeof makeExchange>;

/** RFC 7240 §4.3 `wait`, in milliseconds, bounded. */
export function preferredWaitMs(raw: RawRequest): number {
  const found = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/.exec((raw.headers.get('prefer') ?? []).join(','));
  return Math.min(Number(found?.[1] ?? 0), LIMITS.waitSecondsMax) * 1000;
}

/** The version in `If-None-Match: "7"`, if any. */
export function knownVersion(raw: RawRequest): number | undefined {
  const found = /^(?:W\/)?"(\d{1,9})"$/.exec(raw.headers.get('if-none-match')?.[0] ?? '');
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

export const REPLAYED = { [HEADER.idempotencyReplayed]: 'true' };
