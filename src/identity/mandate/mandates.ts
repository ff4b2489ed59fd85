import { type Refusal, refusal, unavailable } from '../../../protocol/base/errors.ts';
import { err, ok } from '../../../protocol/base/result.ts';
import { thumbprintOf } from '../../../protocol/base/strict-jws.ts';
import { type MandateFacts, type MandateIssuers, speaksFor, verifyMandate } from '../../../protocol/mandate/mandate.ts';
import { type Ended, groundsOf, revokedOf } from '../../engine/grounds.ts';
import type { Mandates } from '../../engine/world.ts';
import type { Store } from '../../ports.ts';
import type { StatusLists } from './status-lists.ts';

export interface MandateDeps {
  readonly issuers: MandateIssuers;
  readonly store: Pick<Store, 'isRevoked'>;
  readonly statusList: StatusLists;
  /** The gateway's public origin: the audience of every presentation. */
  readonly origin: string;
  /** Why nobody can say now what has been revoked; `undefined` as long as everybody can. */
  readonly unreadable?: () => string | undefined;
}

/** How long until it is worth asking again. */
const UNREADABLE_RETRY_SECONDS = 30;

/** For whom the caller asks: mandates as they are presented, and afresh whenever the operation waited. */
export function makeMandates(deps: MandateDeps): Mandates {
  const issuerKeys = thumbprintsOf(deps.issuers);

  async function ended(basis: Parameters<Mandates['ended']>[0], now: Date): Promise<readonly Ended[]> {
    const unreadable = deps.unreadable?.();
    if (unreadable !== undefined) return [unchecked(unreadable)];
    const revoked = revokedOf(groundsOf(basis), deps.store);
    const { mandate } = basis;
    if (mandate === null) return revoked;
    const found = [...revoked, ...(await lapsed(mandate)), ...expired(mandate, now)];
    // Nobody else is asked about what has ended anyway.
    if (found.some(({ bounds }) => bounds === 'everything')) return found;
    const status = await deps.statusList.check(mandate, now);
    return status.ok ? found : [over(status.error), ...found];
  }

  /** An issuer, or one of its keys, may have been taken out of the configuration, or cut back, while the operation waited. */
  async function lapsed(facts: MandateFacts): Promise<readonly Ended[]> {
    const issuer = deps.issuers.get(facts.issuer);
    if (issuer === undefined || issuer.tier !== facts.tier || !speaksFor(issuer, facts)) return [over(NOT_ITS_ISSUERS)];
    const keys = await issuerKeys(facts.issuer);
    const { issuerKey } = facts;
    return issuerKey === undefined || keys.size === 0 || keys.has(issuerKey) ? [] : [over(KEY_GONE)];
  }

  return {
    ended,
    async accept(presented, { nonce, keyid, now }) {
      const verified = await verifyMandate(presented, {
        issuers: deps.issuers,
        audience: deps.origin,
        nonce,
        keyid,
        now,
      });
      if (!verified.ok) return verified;
      const [first] = await ended({ mandate: verified.value }, now);
      return first === undefined ? ok(verified.value) : err(first.refusal);
    },
  };
}

const NOT_ITS_ISSUERS = refusal('mandate-invalid', 'The issuer does not speak for this principal and these accounts.');
const KEY_GONE = refusal('mandate-invalid', 'The issuer no longer has the key that signed the mandate.');

function expired({ expiresAt, form }: MandateFacts, now: Date): readonly Ended[] {
  if (now.getTime() < expiresAt * 1000) return [];
  if (form !== 'token') return [over(refusal('mandate-invalid', 'The mandate has expired.'))];
  const words = `The access token expired at ${new Date(expiresAt * 1000).toISOString()}.`;
  return [{ words, refusal: refusal('mandate-invalid', 'The access token has expired.'), bounds: 'asking' }];
}

const over = (refused: Refusal): Ended => ({
  words: refused.detail ?? 'The mandate has been revoked.',
  refusal: refused,
  bounds: 'everything',
});

function unchecked(why: string): Ended {
  const detail = 'What has been revoked cannot be read here now, so nothing is done on anybody’s authority.';
  const refused = unavailable(detail, UNREADABLE_RETRY_SECONDS);
  return { words: `Revocations cannot be read: ${why}`, refusal: refused, bounds: 'everything' };
}

/** Of each issuer's keys, made once. */
function thumbprintsOf(issuers: MandateIssuers): (issuer: string) => Promise<ReadonlySet<string>> {
  const made = new Map<string, Promise<ReadonlySet<string>>>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const keys = issuers.get(name)?.keys ?? [];
    const set = Promise.all(keys.map((key) => thumbprintOf(key))).then((all) => new Set(all));
    made.set(name, set);
    return set;
  };
}
