import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { Db } from './db.ts';
import { type Env, isFields, Refused } from './env.ts';

const EXPIRES_IN_S = 1_800;

export interface OAuthClient {
  readonly id: string;
  readonly secret: string;
}

/** The token endpoint: form in, JSON out. Tokens are kept, so that they survive a restart. */
export function oauthRoutes(db: Db, client: OAuthClient): Hono<Env> {
  const app = new Hono<Env>();
  app.post('/token', async (c) => {
    const form = await c.req.parseBody();
    if (form['client_id'] !== client.id || form['client_secret'] !== client.secret)
      throw new Refused(401, 'INVALID_AUTHENTICATION', 'missing or invalid client id or secret');
    const grant = form['grant_type'];
    if (grant !== 'refresh_token' && grant !== 'authorization_code' && grant !== 'client_credentials')
      throw new Refused(400, 'BAD_GRANT_TYPE', 'unsupported grant_type');
    if (grant === 'refresh_token' && form['refresh_token'] !== refreshTokenOf(client))
      throw new Refused(400, 'BAD_REFRESH_TOKEN', 'missing or unknown refresh token');
    const access = `oauth-${randomUUID()}`;
    db.putDocument('token', access, { expiresAt: db.now().getTime() + EXPIRES_IN_S * 1_000 });
    return c.json({
      token_type: 'bearer',
      access_token: access,
      refresh_token: refreshTokenOf(client),
      expires_in: EXPIRES_IN_S,
    });
  });
  return app;
}

export function refreshTokenOf({ id }: OAuthClient): string {
  return `refresh-${id}`;
}

export function isIssued(db: Db, token: string): boolean {
  const document = db.document('token', token);
  return isFields(document) && Number(document['expiresAt']) > db.now().getTime();
}
