import { importPKCS8, SignJWT } from 'jose';
import type { Dispatcher } from 'undici';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { type Auth, type Credentials, isHeaderValue } from './auth.ts';
import { AdapterError, type Ctx } from './index.ts';
import { retryAfterMs } from './limits.ts';
import { orStopped } from './timing.ts';
import { type Answer, exchange, guardedDispatcher, Unanswered } from './transport.ts';

export interface TokenEndpoint {
  /** The only address the secrets are ever sent to. */
  readonly url: string;
  readonly dispatcher?: Dispatcher;
  readonly allowPrivate?: boolean;
  /** 10 s unless told. */
  readonly timeoutMs?: number;
  /** Whether an answer is one for us; a token for another instance, for example, is not used. */
  readonly accepts?: (answer: JsonObject) => boolean;
}

export interface ClientCredentialsOptions extends TokenEndpoint {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  /** Where the secret goes; in the form unless told. */
  readonly secretIn?: 'form' | 'basic';
}

/** OAuth 2.0 client credentials (RFC 6749 §4.4). */
export function clientCredentials(options: ClientCredentialsOptions): Auth {
  const { clientId, clientSecret, scope, secretIn = 'form' } = options;
  const form = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) };
  if (secretIn === 'form')
    return tokens(options, async () => ({ form: { ...form, client_id: clientId, client_secret: clientSecret } }));
  const basic = Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64');
  return tokens(options, async () => ({ form, authorization: `Basic ${basic}` }));
}

export interface JwtBearerOptions extends TokenEndpoint {
  readonly algorithm: 'RS256' | 'ES256';
  /** PKCS #8 PEM. */
  readonly privateKey: string;
  readonly keyId?: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly scope?: string;
}

/** Salesforce refuses assertions that live longer than five minutes; three leave room for a clock that is off. */
const ASSERTION_LIFE_S = 180;

/** OAuth 2.0 JWT bearer (RFC 7523 §2.1): signs an assertion with the app’s key instead of sending a secret. */
export function jwtBearer(options: JwtBearerOptions): Auth {
  const { algorithm, issuer, subject, audience, scope, keyId, privateKey } = options;
  return tokens(options, async (now) => {
    const iat = Math.floor(now.getTime() / 1_000);
    const key = await importPKCS8(privateKey, algorithm).catch(() => {
      throw new AdapterError('unauthorised', 'The configured private key is not usable.');
    });
    const assertion = await new SignJWT({ iss: issuer, sub: subject, aud: audience, iat, exp: iat + ASSERTION_LIFE_S })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
      .sign(key);
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
    return { form: scope === undefined ? grant : { ...grant, scope } };
  });
}

export interface RefreshTokenOptions extends TokenEndpoint {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  /** Called with a new refresh token where the server rotates them, before the access token is used: keep it, the old one may be dead. */
  readonly rotated?: (refreshToken: string) => Promise<void>;
}

/** OAuth 2.0 refresh token (RFC 6749 §6), as HubSpot’s apps use it. */
export function refreshToken(options: RefreshTokenOptions): Auth {
  let current = options.refreshToken;
  const form = { grant_type: 'refresh_token', client_id: options.clientId, client_secret: options.clientSecret };
  return tokens(
    options,
    async () => ({ form: { ...form, refresh_token: current } }),
    async ({ refresh_token: next }) => {
      if (typeof next !== 'string' || next === '' || next === current) return;
      current = next;
      await options.rotated?.(next);
    },
  );
}

interface Grant {
  readonly form: Readonly<Record<string, string>>;
  readonly authorization?: string;
}

interface Token {
  readonly credentials: Credentials;
  /** Unix ms; never, where the server does not say. Then a 401 ends it. */
  readonly renewAt: number;
}

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 65_536;
/** Renewed this long before its end, so that it does not die under way; a short-lived one after nine tenths of its life. */
const EARLY_MS = 60_000;
const EARLY_SHARE = 0.1;

/** One sign-in at a time, whoever waits for it. */
function tokens(
  endpoint: TokenEndpoint,
  grant: (now: Date) => Promise<Grant>,
  keep: (answer: JsonObject) => Promise<void> = async () => undefined,
): Auth {
  const dispatcher = endpoint.dispatcher ?? guardedDispatcher(guardOf(endpoint));
  let current: Token | undefined;
  let pending: Promise<Credentials> | undefined;
  async function signIn(ctx: Ctx): Promise<Credentials> {
    const now = ctx.clock();
    const answer = await ask(endpoint, dispatcher, await grant(now), now);
    await keep(answer);
    current = tokenOf(answer, now);
    return current.credentials;
  }
  return {
    async credentials(ctx) {
      if (current !== undefined && ctx.clock().getTime() < current.renewAt) return current.credentials;
      pending ??= signIn(ctx)
        .catch((error: unknown) => {
          throw error instanceof AdapterError ? error : unavailable('Error');
        })
        .finally(() => {
          pending = undefined;
        });
      return orStopped(pending, ctx.signal);
    },
    refused(credentials) {
      if (current?.credentials === credentials) current = undefined;
      return true;
    },
  };
}

const guardOf = ({ allowPrivate = false, timeoutMs = TIMEOUT_MS }: TokenEndpoint) => ({
  allowPrivate,
  timeoutMs,
  bodyBytesMax: ANSWER_BYTES_MAX,
});

async function ask(
  { url, timeoutMs = TIMEOUT_MS, accepts }: TokenEndpoint,
  dispatcher: Dispatcher,
  { form, authorization }: Grant,
  now: Date,
): Promise<JsonObject> {
  const answer = await exchange({
    url: new URL(url),
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: new URLSearchParams(form).toString(),
    dispatcher,
    timeoutMs,
    bytesMax: ANSWER_BYTES_MAX,
    // Whoever started it may leave; the others still wait for it.
    signal: new AbortController().signal,
  }).catch((error: unknown) => {
    throw unavailable(error instanceof Unanswered ? error.why : 'Error');
  });
  const { status } = answer;
  if (status === 429)
    throw new AdapterError('rate_limited', 'The CRM’s token endpoint asks for patience.', {
      retryAfterMs: retryAfterMs(answer.headers, now.getTime()) ?? 1_000,
    });
  if (status === 400 || status === 401 || status === 403)
    throw new AdapterError('unauthorised', 'The CRM refuses the gateway’s credentials.');
  const body = status === 200 ? objectOf(answer) : undefined;
  if (body === undefined) throw unavailable(`status ${status}`);
  if (accepts?.(body) === false)
    throw new AdapterError('unauthorised', 'The CRM’s token is for another instance than the configured one.');
  return body;
}

/** The cause is a code: an error of the network could quote the form. */
function unavailable(cause: string): AdapterError {
  return new AdapterError('retryable', 'The CRM’s credentials cannot be had now.', { cause });
}

function objectOf({ bytes }: Answer): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !isList(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isList = (value: JsonObject | readonly Json[]): value is readonly Json[] => Array.isArray(value);

function tokenOf({ access_token, token_type, expires_in }: JsonObject, now: Date): Token {
  const isBearer = token_type === undefined || (typeof token_type === 'string' && /^bearer$/i.test(token_type));
  if (!isBearer || !isHeaderValue(access_token)) throw unavailable('no usable token');
  const lifeMs = typeof expires_in === 'number' && expires_in > 0 ? expires_in * 1_000 : Number.POSITIVE_INFINITY;
  const early = Math.min(EARLY_MS, lifeMs * EARLY_SHARE);
  return { credentials: { authorization: `Bearer ${access_token}` }, renewAt: now.getTime() + lifeMs - early };
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
