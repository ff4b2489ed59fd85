/** Offers the company makes on its own account: who takes them, and how the company's side asks for one. */
import { type Refusal, refusal } from '../protocol/base/errors.ts';
import type { Json, JsonObject } from '../protocol/base/json.ts';
import { err, ok, type Result } from '../protocol/base/result.ts';
import type { Engine } from './compose-engine.ts';
import type { Config } from './config/config.ts';
import type { RawRequest } from './edge/raw-request.ts';
import { parseStrictJson } from './edge/strict-json.ts';
import type { Answered } from './engine/idempotent.ts';
import type { Caller } from './identity/signature/authenticate.ts';
import { invite } from './initiative/invite.ts';
import { type ProposeDeps, propose } from './initiative/propose.ts';
import { checkUrl } from './platform/guarded-fetch.ts';
import { verifyWebhook } from './signoff/standard-webhooks.ts';

export interface Initiative {
  invite(caller: Caller, key: string, body: Json): Promise<Result<Answered, Refusal>>;
  uninvite(caller: Caller): Promise<Result<void, Refusal>>;
  propose(raw: RawRequest): Promise<Result<JsonObject, Refusal>>;
}

export function composeInitiative(
  { world, worker, canBegin }: Engine,
  config: Config,
  letter: ProposeDeps['letter'],
): Initiative {
  const secrets = config.secrets.offers;
  return {
    invite(caller, key, body) {
      const { evidence, profile: _profile, ...who } = caller;
      const { contentDigest: digest, signature, signatureInput } = evidence;
      return invite(world, {
        caller: { ...who, evidence: { digest, signature, signatureInput } },
        key,
        body,
        checkUrl: (url) => checkUrl(url, config.allow_private_network),
      });
    },

    async uninvite({ keyid, nonce }) {
      if (nonce !== undefined && !(await world.store.spend(nonce))) return err(refusal('signature-replayed'));
      await world.store.uninvite(keyid, world.clock.now().toISOString());
      return ok(undefined);
    },

    /** Signed as a webhook (Standard Webhooks), so that a CRM's flow can ask; its `webhook-id` makes it one offer however often it comes. */
    async propose(raw) {
      if (secrets.length === 0) return err(refusal('not-found'));
      const header = (name: string) => raw.headers.get(name)?.[0];
      const signed = verifyWebhook(header, Buffer.from(raw.body).toString('utf8'), secrets, world.clock.now());
      if (!signed.ok) return signed;
      const body = parseStrictJson(raw.body);
      if (!body.ok) return err(refusal('malformed-json', body.error.reason));
      const asked = { key: String(header('webhook-id')), body: body.value };
      const proposed = await propose(world, { canBegin, letter }, asked);
      if (proposed.ok && !proposed.value.replayed) worker.changed(proposed.value.operation);
      return proposed;
    },
  };
}
