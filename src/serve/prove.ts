/** Who asks, for the bindings that take more than signatures: a signature if there is one, else an access token, else nobody.
 * What is there and broken refuses: it never falls back to something weaker. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { signatureChallenge } from '../../protocol/signature/signature.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import type { Gate } from '../identity/gate.ts';
import type { Caller } from '../identity/signature/authenticate.ts';
import { makeTokenAuth, type TokenAuthDeps } from '../identity/token/oauth.ts';
import { bearerChallenge, challengeError, metadataUrl } from '../identity/token/oauth-metadata.ts';
import type { Clock } from '../ports.ts';

export interface Prove {
  (raw: RawRequest): Promise<Result<Caller | undefined, Refusal>>;
  /** Header fields that tell how to be proven. */
  challenge(refused: Refusal): Record<string, string>;
}

export interface ProveDeps extends Omit<TokenAuthDeps, 'resources'> {
  readonly gate: Pick<Gate, 'authenticate'>;
  readonly clock: Clock;
  /** Who is believed to ask when nothing says who: only for the suites of others. */
  readonly anyone: Caller | undefined;
}

/** The field Idempotency-Key is not what makes a call of these bindings unrepeatable; only the signature itself is. */
const NONCE = 'Here a signature needs a `nonce`, or `created` and no Idempotency-Key field.';
/** Refusals that are answered with how to be proven. */
const CHALLENGED = /^(signature-missing|token|scope|dpop|key-revoked|proof)/;
const NO_TOKENS = refusal('signature-missing', 'Access tokens are not taken here: sign the request.');

/** For a binding at `path`: signatures, or tokens made for it or for the whole gateway. */
export function makeProve({ gate, clock, anyone, ...tokens }: ProveDeps, path: string): Prove {
  const { issuers, origin } = tokens;
  const resource = `${origin}${path}`;
  // A client may write either with a slash at its end (RFC 3986 §6.2.3).
  const resources = [resource, origin].flatMap((each) => [each, `${each}/`]);
  const byToken = makeTokenAuth({ ...tokens, resources });
  const scopes = new Set([...issuers.values()].map(({ scope }) => scope));

  const prove = async (raw: RawRequest): Promise<Result<Caller | undefined, Refusal>> => {
    if (raw.headers.has('signature-input') || raw.headers.has('signature')) {
      const caller = await gate.authenticate(raw);
      return caller.ok && caller.value.nonce === undefined ? err(refusal('signature-coverage', NONCE)) : caller;
    }
    if (!raw.headers.has('authorization')) return ok(anyone);
    return issuers.size === 0 ? err(NO_TOKENS) : byToken(raw, clock.now());
  };

  const challenge = (refused: Refusal): Record<string, string> => {
    if (!CHALLENGED.test(refused.code)) return {};
    const { scope = scopes.size === 1 ? [...scopes][0] : undefined } = refused.extra ?? {};
    const named = typeof scope === 'string' ? scope : undefined;
    const bearer = bearerChallenge({ metadata: metadataUrl(resource), scope: named, error: challengeError(refused) });
    // Without a server that issues tokens, a client that looked for one would find none.
    const schemes = [...(issuers.size === 0 ? [] : bearer), signatureChallenge(refused)];
    return { 'www-authenticate': schemes.join(', ') };
  };

  return Object.assign(prove, { challenge });
}
