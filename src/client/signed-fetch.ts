import { createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto';
import type { Thumbprint } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import {
  contentDigest,
  type SignableRequest,
  signRequest,
  type VerifyKey,
  verifyResponse,
} from '../../protocol/signature/signature.ts';
import type { AgentKey } from './agent-key.ts';
import { type CallOptions, endingOf } from './call.ts';
import { type CompanyKeys, type KeysWanted, makeCompanyKeys } from './company-keys.ts';
import { AnswerError, ProblemError } from './problem.ts';

export interface SignedFetchOptions {
  /** Origin of the company's gateway: nothing is sent anywhere else. */
  readonly gateway: string;
  readonly key: AgentKey;
  readonly clock?: () => Date;
  readonly fetch?: typeof globalThis.fetch;
}

export interface SignedFetch {
  /** `fetch` for any client of MCP, A2A or HTTP: signs what goes out over its exact bytes (RFC 9421), and throws {@link AnswerError}
   * for an answer whose signature is not the company's for this very request. Streams are not signed. */
  readonly fetch: typeof globalThis.fetch;
  profile(call?: CallOptions): Promise<JsonObject>;
  readonly companyKeys: CompanyKeys;
}

/** A document of a few kilobytes, made once. */
const PROFILE_MS_MAX = 15_000;

/** One label for all requests: each carries one signature. */
const LABEL = 'parley';

export function makeSignedFetch(options: SignedFetchOptions): SignedFetch {
  const { key, clock = () => new Date(), fetch = globalThis.fetch } = options;
  const origin = new URL(options.gateway);
  const companyKeys = makeCompanyKeys(async () => {
    const { keys } = await profile();
    if (!Array.isArray(keys)) throw new AnswerError('the profile has no keys');
    return keys.filter((each): each is JsonObject => typeof each === 'object' && each !== null);
  }, clock);

  async function profile(call: CallOptions = {}): Promise<JsonObject> {
    const signal = endingOf({ timeoutMs: PROFILE_MS_MAX, ...call });
    const response = await fetch(new URL('/.well-known/parley', origin), { redirect: 'error', signal });
    const { ok, status } = response;
    const title = `${options.gateway} gave no Parley profile (${status})`;
    // Not what it is like, but how it is now: to be asked for again.
    if (status >= 500 || status === 429) throw new ProblemError(status, { title }, undefined);
    if (!ok) throw new AnswerError(title);
    return (await response.json()) as JsonObject;
  }

  async function signedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const asked = new Request(input, init);
    const url = new URL(asked.url);
    if (url.origin !== origin.origin) throw new TypeError(`${url.origin} is not the gateway ${origin.origin}`);
    const bytes = asked.body === null ? undefined : await asked.bytes();
    const headers = Object.fromEntries(asked.headers);
    if (bytes !== undefined) headers['content-digest'] = contentDigest(bytes);
    const request: SignableRequest = {
      method: asked.method,
      scheme: url.protocol.slice(0, -1),
      authority: url.host,
      target: `${url.pathname}${url.search}`,
      headers: lines(headers),
    };
    const nonce = randomBytes(18).toString('base64url');
    const fields = signRequest(request, bytes !== undefined, { key, now: clock(), nonce });
    headers['signature-input'] = fields.signatureInput;
    headers['signature'] = fields.signature;
    const sent = { method: asked.method, headers, redirect: 'error', signal: asked.signal } as const;
    const response = await fetch(url, bytes === undefined ? sent : { ...sent, body: bytes });
    if (isStream(response)) return response;
    return believed(response, { ...request, headers: lines(headers) }, asked.signal);
  }

  async function believed(response: Response, request: SignableRequest, signal: AbortSignal): Promise<Response> {
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.headers.has('signature')) {
      const signable = { status: response.status, headers: lines(Object.fromEntries(response.headers)), request };
      const wanted: string[] = [];
      const verify = async () => {
        const keys = await keysNow({ wanted, signal });
        const keyOf = (kid: string) => keys.get(kid) ?? void wanted.push(kid);
        return verifyResponse(signable, body, LABEL, keyOf, clock());
      };
      const first = await verify();
      // A key that is not known may be the one that took another's place since.
      const verified = first.ok || wanted.length === 0 ? first : await verify();
      if (!verified.ok)
        throw new AnswerError(
          `the answer’s signature does not verify: ${verified.error.detail ?? verified.error.code}`,
        );
    } else if (response.ok && request.method === 'POST' && body.length > 0) {
      throw new AnswerError('the answer is not signed');
    }
    const { status, statusText, headers } = response;
    return new Response(body.length === 0 ? null : body, { status, statusText, headers });
  }

  /** Of those that sign answers now: one whose time is over still verifies what it signed before, and an answer is of now. */
  async function keysNow(wanted: KeysWanted): Promise<ReadonlyMap<string, VerifyKey>> {
    const now = clock().getTime() / 1000 - LIMITS.clockSkewSeconds;
    const keys = (await companyKeys('answers', wanted)).filter(({ exp }) => typeof exp !== 'number' || exp >= now);
    return new Map(keys.map((jwk) => [String(jwk['kid']), verifyKey(jwk)]));
  }

  return { fetch: signedFetch, profile, companyKeys };
}

function isStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true;
}

function lines(headers: Readonly<Record<string, string>>): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]]));
}

function verifyKey(jwk: JsonObject): VerifyKey {
  const key: KeyObject = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: String(jwk['x']) }, format: 'jwk' });
  return {
    kid: String(jwk['kid']) as Thumbprint,
    alg: 'ed25519',
    verify: (data, signature) => verify(null, data, key, signature),
  };
}
