/** Following the CRM: its feed, and the notices it sends. */

import type { Refusal } from '../protocol/base/errors.ts';
import { refusal } from '../protocol/base/errors.ts';
import type { JsonObject } from '../protocol/base/json.ts';
import { err, ok, type Result } from '../protocol/base/result.ts';
import type { Engine } from './compose-engine.ts';
import type { Config } from './config/config.ts';
import type { RawRequest } from './edge/raw-request.ts';
import { parseStrictJson } from './edge/strict-json.ts';
import { verifyWebhook } from './signoff/standard-webhooks.ts';
import type { SqliteStore } from './store/sqlite.ts';
import { makeSqliteWatches } from './store/watches-sqlite.ts';
import { type Follower, makeFollower } from './watch/follow.ts';
import { parseNotice } from './watch/notice.ts';
import { watchContext } from './watch/step.ts';

export function composeFollower({ world, pipeline }: Engine, store: SqliteStore): Follower {
  return makeFollower({ world, watches: makeSqliteWatches(store.db), recordSeen: pipeline.recordSeen });
}

/** A notice is taken when the CRM's own signature or ours is on it, and is only ever a reason to read. */
export function crmNotices({ world }: Engine, config: Config, follower: Pick<Follower, 'notice'>) {
  return async (raw: RawRequest): Promise<Result<JsonObject, Refusal>> => {
    const refs = await genuine(raw);
    if (!refs.ok) return refs;
    follower.notice(refs.value);
    return ok({ noticed: refs.value.length });
  };

  async function genuine(raw: RawRequest) {
    const header = (name: string) => raw.headers.get(name)?.[0];
    const url = `${config.origin}${raw.target}`;
    const notice = { method: raw.method, url, header, body: raw.body };
    const named = await world.crm.notice?.(watchContext(world), notice);
    if (named !== undefined) return ok(named);
    if (config.secrets.crmEvents.length === 0 && world.crm.notice === undefined) return err(refusal('not-found'));
    const text = Buffer.from(raw.body).toString('utf8');
    const signed = verifyWebhook(header, text, config.secrets.crmEvents, world.clock.now());
    if (!signed.ok) return signed;
    const body = parseStrictJson(raw.body);
    return body.ok ? parseNotice(body.value) : err(refusal('malformed-json', body.error.reason));
  }
}
