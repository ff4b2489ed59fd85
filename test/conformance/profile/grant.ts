import type { MandateFacts } from '../../../protocol/mandate/mandate.ts';
import type { Config } from '../../../src/config/config.ts';

/** The last second of the year 9999, Unix seconds. */
const END_OF_TIME = 253_402_300_799;

/** A contract of the sandbox's own seed: the suite's tasks that wait for input are talks about it. They are only ever ended, never agreed. */
export const TALKED_ABOUT = { contract: 'K-1001', account: 'A-1001', action: 'contract.renew' };

/** What a token of a configured principal would permit; `undefined` where none of them speaks for the account. It ends with nothing but the
 * configuration, and commits to nothing: to accept an offer takes a signature of a key that nobody has. */
export function suiteGrant({ issuers }: Pick<Config, 'issuers'>): MandateFacts | undefined {
  const issuer = issuers.find(({ accounts }) => accounts === undefined || accounts.includes(TALKED_ABOUT.account));
  if (issuer === undefined) return undefined;
  return {
    jti: 'conformance-suite',
    issuer: issuer.iss,
    tier: issuer.tier,
    subject: issuer.subjects?.[0] ?? 'contact:C-1001',
    digest: '',
    expiresAt: END_OF_TIME,
    constraints: { actions: [TALKED_ABOUT.action], accounts: [TALKED_ABOUT.account] },
    form: 'token',
  };
}
