/** Offers the company makes on its own account: who takes them, and how the company's side asks for one. */
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { Answered } from '../../engine/idempotent.ts';
import type { Worker } from '../../engine/worker.ts';
import type { World } from '../../engine/world.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import { invite } from '../../initiative/invite.ts';
import { type ProposeDeps, propose } from '../../initiative/propose.ts';
import { checkUrl } from '../../platform/guarded-fetch.ts';
import { openWebhook } from './webhook.ts';

export interface Offers {
  invite(caller: Caller, key: string, body: Json): Promise<Result<Answered, Refusal>>;
  uninvite(caller: Caller): Promise<Result<void, Refusal>>;
  propose(raw: RawRequest): Promise<Result<JsonObject, Refusal>>;
}

export interface OfferDeps extends ProposeDeps {
  readonly world: World;
  readonly worker: Pick<Worker, 'changed'>;
  /** With none, nobody may ask for an offer. */
  readonly secrets: readonly string[];
  readonly allowPrivate: boolean;
}

export function makeOffers({ world, worker, canBegin, letter, secrets, allowPrivate }: OfferDeps): Offers {
  return {
    invite(caller, key, body) {
      const { evidence, profile: _profile, ...who } = caller;
      const { contentDigest: digest, signature, signatureInput } = evidence;
      return invite(world, {
        caller: { ...who, evidence: { digest, signature, signatureInput } },
        key,
        body,
        checkUrl: (url) => checkUrl(url, allowPrivate),
      });
    },

    async uninvite({ keyid, nonce }) {
      if (nonce !== undefined && !(await world.store.spend(nonce))) return err(refusal('signature-replayed'));
      await world.store.uninvite(keyid, world.clock.now().toISOString());
      return ok(undefined);
    },

    /** Signed as a webhook, so that a CRM's flow can ask; its `webhook-id` makes it one offer however often it comes. */
    async propose(raw) {
      if (secrets.length === 0) return err(refusal('not-found'));
      const asked = openWebhook(raw, secrets, world.clock.now());
      if (!asked.ok) return asked;
      const proposed = await propose(world, { canBegin, letter }, { key: asked.value.id, body: asked.value.body });
      if (proposed.ok && !proposed.value.replayed) worker.changed(proposed.value.operation);
      return proposed;
    },
  };
}
