/** Notices that the CRM sends: taken when its own signature or ours is on them, and only ever a reason to read. */
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { World } from '../../engine/world.ts';
import type { Follower } from '../../watch/follow.ts';
import { parseNotice } from '../../watch/notice.ts';
import { watchContext } from '../../watch/step.ts';
import { openWebhook } from './webhook.ts';

export interface NoticeDeps {
  readonly world: Pick<World, 'clock' | 'crm' | 'log' | 'settings'>;
  readonly secrets: readonly string[];
  readonly follower: Pick<Follower, 'notice'>;
}

export function takeCrmNotices({ world, secrets, follower }: NoticeDeps) {
  return async (raw: RawRequest): Promise<Result<JsonObject, Refusal>> => {
    const refs = await genuine(raw);
    if (!refs.ok) return refs;
    follower.notice(refs.value);
    return ok({ noticed: refs.value.length });
  };

  async function genuine(raw: RawRequest) {
    const header = (name: string) => raw.headers.get(name)?.[0];
    const url = `${world.settings.origin}${raw.target}`;
    const notice = { method: raw.method, url, header, body: raw.body };
    const named = await world.crm.notice?.(watchContext(world), notice);
    if (named !== undefined) return ok(named);
    if (secrets.length === 0 && world.crm.notice === undefined) return err(refusal('not-found'));
    const opened = openWebhook(raw, secrets, world.clock.now());
    return opened.ok ? parseNotice(opened.value.body) : opened;
  }
}
