import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { associationBatchRoutes, associationRoutes } from './associations.ts';
import { contractRoutes } from './contracts.ts';
import { controlRoutes } from './control.ts';
import type { Db } from './db.ts';
import { type Env, Refused, refusal } from './env.ts';
import { type Faults, withFaults } from './faults.ts';
import { journalFileRoutes, journalRoutes } from './journal.ts';
import { withLimits } from './limits.ts';
import { isIssued, type OAuthClient, oauthRoutes } from './oauth.ts';
import { objectRoutes } from './objects.ts';
import { propertyRoutes } from './properties.ts';

export interface HubspotOptions {
  readonly db: Db;
  /** A private app's token or a service key. */
  readonly token: string;
  readonly client: OAuthClient;
  /** How far the search index is behind. */
  readonly indexLagMs: number;
  /** Requests in an interval. */
  readonly limit: number;
  readonly intervalMs: number;
  /** Present only where tests may order faults and read the ledger. */
  readonly faults: Faults | undefined;
}

/** HubSpot's CRM API on the wire, as far as the gateway and the vendor's own client use it. */
export function makeHubspotApp(options: HubspotOptions): Hono<Env> {
  const { db, token, client, indexLagMs, limit, intervalMs, faults } = options;
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    c.set('correlation', randomUUID());
    c.header('x-hubspot-correlation-id', c.get('correlation'));
    await next();
  });
  if (faults !== undefined) app.route('/sim', controlRoutes(db, faults));
  for (const base of ['/oauth/v1', '/oauth/2026-09']) app.route(base, oauthRoutes(db, client));
  app.route('/journal-files', journalFileRoutes(db));
  app.use(withLimits(limit, intervalMs, db.now));
  if (faults !== undefined) app.use(withFaults(faults));
  app.use(async (c, next) => {
    const given = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    if (given === undefined || (given !== token && !isIssued(db, given)))
      return refusal(c, new Refused(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found.'));
    return next();
  });
  const objects = objectRoutes(db, indexLagMs);
  const associations = associationRoutes(db);
  for (const base of ['/crm/objects/2026-09', '/crm/v3/objects', '/crm/v4/objects']) {
    app.route(base, objects);
    app.route(base, associations);
  }
  for (const base of ['/crm/associations/2026-09', '/crm/v4/associations']) app.route(base, associationBatchRoutes(db));
  for (const base of ['/crm/properties/2026-09', '/crm/v3/properties']) app.route(base, propertyRoutes(db));
  app.route('/commerce/contracts/2026-09-beta', contractRoutes(db));
  app.route('/webhooks-journal/journal-local/2026-09', journalRoutes(db));
  app.notFound((c) => refusal(c, new Refused(404, 'OBJECT_NOT_FOUND', 'No such resource.')));
  app.onError((error, c) =>
    refusal(c, error instanceof Refused ? error : new Refused(500, 'INTERNAL_ERROR', 'internal error')),
  );
  return app;
}
