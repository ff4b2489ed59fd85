/** `node test/conformance/start.ts CONFIG`: what independent suites need beside the gateway's own answers. It opens the gateway to anyone on
 * this machine, so it starts over a sandbox CRM and on loopback only. */
import { createHash, randomBytes } from 'node:crypto';
import { parseThumbprint } from '../../../protocol/base/ids.ts';
import type { MandateFacts } from '../../../protocol/mandate/mandate.ts';
import { type Config, ConfigError } from '../../../src/config/config.ts';
import type { Caller } from '../../../src/identity/signature/authenticate.ts';
import type { Clock, Ids } from '../../../src/ports.ts';
import type { SuiteProfile } from '../../../src/serve/suite-profile.ts';
import { makeA2aFixtures } from './a2a.ts';
import { suiteGrant, TALKED_ABOUT } from './grant.ts';
import { makeMcpFixtures } from './mcp.ts';
import { makeSessions } from './sessions.ts';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]', '::1']);

/** Throws {@link ConfigError} where strangers or real customers' records could be reached. */
export function conformanceProfile(config: Config, clock: Clock, ids: Ids): SuiteProfile {
  const problems: string[] = [];
  if (config.crm.adapter !== 'sandbox') problems.push('the conformance profile runs beside a sandbox CRM only');
  const hosts = [config.listen.host, new URL(config.origin).hostname, new URL(config.crm.origin).hostname];
  if (!hosts.every((host) => LOOPBACK.has(host)))
    problems.push('the conformance profile is open to anyone: /origin, /listen/host and /crm/origin must be loopback');
  const grant = suiteGrant(config);
  if (grant === undefined || config.negotiation[TALKED_ABOUT.action] === undefined)
    problems.push(
      `the conformance profile talks about ${TALKED_ABOUT.contract} of the sandbox: an issuer must speak for ${TALKED_ABOUT.account}, and /negotiation have ${TALKED_ABOUT.action}`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
  const now = () => clock.now();
  return {
    anyone: anyone(grant),
    mcp: makeMcpFixtures({ now, newId: () => ids.secret(18) }),
    mcpSessions: makeSessions(() => randomBytes(18).toString('base64url')),
    a2a: makeA2aFixtures(ids),
  };
}

/** Proven by nothing: it sees its own, talks, and commits to nothing. A talk about terms takes more than a bearer, so that is what it is taken for. */
function anyone(grant: MandateFacts | undefined): Caller {
  const keyid = parseThumbprint(createHash('sha256').update('parley: conformance profile').digest('base64url'));
  if (keyid === undefined) throw new TypeError('not a thumbprint');
  return {
    keyid,
    proof: 'dpop',
    via: 'token',
    name: 'Conformance suite',
    ...(grant === undefined ? {} : { grant }),
    evidence: { contentDigest: '', signatureInput: '', signature: '' },
  };
}
