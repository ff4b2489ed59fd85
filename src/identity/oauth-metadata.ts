/** How a client learns where to get a token and how to present it: protected resource metadata (RFC 9728) and challenges. */
import type { Refusal } from '../../protocol/errors.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { URN } from '../../protocol/names.ts';
import { DPOP_ALGS } from './dpop.ts';

/** The scope that lets a client in at all. What it may do there, only `authorization_details` or a mandate say. */
export const SCOPE = 'parley';
/** The type of RFC 9396 `authorization_details` whose members are a mandate's constraints. */
export const GRANT_TYPE = `${URN}:action`;

export interface ResourceSettings {
  /** The gateway's public origin. */
  readonly origin: string;
  /** Issuer identifiers (RFC 8414). */
  readonly authorizationServers: readonly string[];
  readonly name: string;
  readonly documentation: string;
}

/** The document at {@link metadataUrl} of a resource, e.g. `https://parley.example/mcp` (RFC 9728 §2). */
export function protectedResourceMetadata(resource: string, settings: ResourceSettings): JsonObject {
  return {
    resource,
    authorization_servers: settings.authorizationServers,
    jwks_uri: `${settings.origin}/.well-known/jwks.json`,
    scopes_supported: [SCOPE],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: DPOP_ALGS,
    authorization_details_types_supported: [GRANT_TYPE],
    resource_name: settings.name,
    resource_documentation: settings.documentation,
  };
}

/** Between the host and the path (RFC 9728 §3.1). */
export function metadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

export type ChallengeError = 'invalid_token' | 'insufficient_scope' | 'invalid_dpop_proof';

/** The error code of a refusal (RFC 6750 §3.1, RFC 9449 §7.1); none when no token was presented, or the token is not what was wrong. */
export function challengeError({ code, extra }: Refusal): ChallengeError | undefined {
  if (code === 'dpop-invalid') return 'invalid_dpop_proof';
  if (code !== 'token-invalid') return code === 'key-revoked' ? 'invalid_token' : undefined;
  return extra?.['oauth_error'] === 'insufficient_scope' ? 'insufficient_scope' : 'invalid_token';
}

/** Values of `WWW-Authenticate`, one for each scheme (RFC 6750 §3, RFC 9728 §5.1, RFC 9449 §7.1). */
export function bearerChallenge(metadata: string, error?: ChallengeError): readonly [bearer: string, dpop: string] {
  const common = `resource_metadata="${new URL(metadata).href}", scope="${SCOPE}"`;
  const why = error === undefined ? '' : `, error="${error}"`;
  const bearer = `Bearer ${common}${error === 'invalid_dpop_proof' ? '' : why}`;
  return [bearer, `DPoP ${common}, algs="${DPOP_ALGS.join(' ')}"${why}`];
}
