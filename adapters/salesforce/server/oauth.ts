import { createPublicKey, type JsonWebKey, randomBytes, timingSafeEqual, verify } from 'node:crypto';
import type { Db } from './db.ts';
import { isFields } from './errors.ts';

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  /** The public key of the app's certificate, for the JWT bearer flow. */
  readonly publicKey: JsonWebKey | undefined;
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ASSERTION_LIFE_S_MAX = 300;

type Granted = { readonly status: 200 | 400; readonly body: Record<string, string> };
const refused = (error: string, error_description: string): Granted => ({
  status: 400,
  body: { error, error_description },
});

/** The token endpoint. No `expires_in`: a session ends when it ends. */
export function grant(db: Db, app: Credentials, origin: string, form: URLSearchParams, nowS: number): Granted {
  const type = form.get('grant_type');
  if (type === 'client_credentials') {
    if (form.get('client_id') !== app.clientId || !same(form.get('client_secret') ?? '', app.clientSecret))
      return refused('invalid_client', 'invalid client credentials');
  } else if (type === JWT_BEARER) {
    const problem = assertionProblem(app, origin, form.get('assertion') ?? '', nowS);
    if (problem !== undefined) return refused('invalid_grant', problem);
  } else return refused('unsupported_grant_type', 'grant type not supported');
  const token = `00D5g0000000001!${randomBytes(48).toString('base64url')}`;
  db.addSession(token);
  const id = `${origin}/id/00D5g0000000001EAA/0055g0000000001AAA`;
  return {
    status: 200,
    body: {
      access_token: token,
      instance_url: origin,
      id,
      token_type: 'Bearer',
      issued_at: String(nowS * 1_000),
      scope: 'api',
    },
  };
}

function assertionProblem(app: Credentials, origin: string, assertion: string, nowS: number): string | undefined {
  const [head = '', claims = '', signature = ''] = assertion.split('.');
  const header = decoded(head);
  const payload = decoded(claims);
  if (app.publicKey === undefined || header?.['alg'] !== 'RS256') return 'invalid assertion';
  const key = createPublicKey({ key: app.publicKey, format: 'jwk' });
  if (!verify('sha256', Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, 'base64url')))
    return 'invalid assertion';
  const exp = Number(payload?.['exp'] ?? Number.NaN);
  if (!(exp > nowS && exp <= nowS + ASSERTION_LIFE_S_MAX)) return 'expired authorization code';
  if (payload?.['iss'] !== app.clientId) return 'client identifier invalid';
  if (payload['aud'] !== origin) return 'audience is invalid';
  return payload['sub'] === app.username ? undefined : "user hasn't approved this consumer";
}

function decoded(part: string) {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
