import { type Refusal, refusal } from '../../protocol/errors.ts';
import { type MandateFacts, type MandateIssuers, speaksFor, verifyMandate } from '../../protocol/mandate.ts';
import { err, ok, type Result } from '../../protocol/result.ts';
import type { Mandates } from '../engine/world.ts';
import type { Store } from '../ports.ts';
import type { StatusLists } from './status-lists.ts';

export interface MandateDeps {
  readonly issuers: MandateIssuers;
  readonly store: Pick<Store, 'isRevoked'>;
  readonly statusList: StatusLists;
  /** The gateway's public origin: the audience of every presentation. */
  readonly origin: string;
}

/** For whom the caller asks: mandates as they are presented, and afresh whenever the operation waited. */
export function makeMandates(deps: MandateDeps): Mandates {
  async function stillValid(facts: MandateFacts, now: Date): Promise<Result<void, Refusal>> {
    const lapsed = whyLapsed(facts, deps.issuers, now);
    if (lapsed !== undefined) return err(refusal('mandate-invalid', lapsed));
    const names = [facts.jti, ...(facts.delegations ?? []).map(({ jti }) => jti)];
    if (names.some((jti) => deps.store.isRevoked('mandate', jti))) return err(refusal('mandate-revoked'));
    return deps.statusList.check(facts, now);
  }
  return {
    stillValid,
    async accept(presented, { nonce, keyid, now }) {
      const verified = await verifyMandate(presented, {
        issuers: deps.issuers,
        audience: deps.origin,
        nonce,
        keyid,
        now,
      });
      if (!verified.ok) return verified;
      const valid = await stillValid(verified.value, now);
      return valid.ok ? ok(verified.value) : valid;
    },
  };
}

// An issuer may have been taken out of the configuration, or cut back, while the operation waited.
function whyLapsed(facts: MandateFacts, issuers: MandateIssuers, now: Date): string | undefined {
  if (!(now.getTime() < facts.expiresAt * 1000)) return 'The mandate has expired.';
  const issuer = issuers.get(facts.issuer);
  const stands = issuer !== undefined && issuer.tier === facts.tier && speaksFor(issuer, facts);
  return stands ? undefined : 'The issuer does not speak for this principal and these accounts.';
}
