/** How a client learns where to get a token and how to present it: protected resource metadata (RFC 9728) and challenges. */
import type { Refusal } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { URN } from '../../../protocol/base/names.ts';
import { DPOP_ALGS } from './dpop.ts';

/** The scope that lets a client in at all, where its server has no other name for it. What it may do there, only `authorization_details` or a mandate say. */
export const SCOPE = 'parley';
/** The type of RFC 9396 `authorization_details` whose members are a mandate's constraints. */
export const GRANT_TYPE = `${URN}:action`;

export interface ResourceSettings {
  /** The gateway's public origin. */
  readonly origin: string;
  /** Issuer identifiers (RFC 8414). */
  readonly authorizationServers: readonly string[];
  /** Each server's name of the scope that lets a client in. */
  readonly scopes: readonly string[];
  readonly name: string;
  readonly documentation: string;
}

/** The document at {@link metadataUrl} of a resource, e.g. `https://parley.example/mcp` (RFC 9728 §2). */
export function protectedResourceMetadata(resource: string, settings: ResourceSettings): JsonObject {
  return {
    resource,
    authorization_servers: settings.authorizationServers,
    jwks_uri: `${settings.origin}/.well-known/jwks.json`,
    scopes_supported: settings.scopes,
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
export function challengeError({ code }: Pick<Refusal, 'code'>): ChallengeError | undefined {
  if (code === 'dpop-invalid') return 'invalid_dpop_proof';
  if (code === 'scope-missing') return 'insufficient_scope';
  return code === 'token-invalid' || code === 'key-revoked' ? 'invalid_token' : undefined;
}

export interface Challenge {
  /** The address of {@link protectedResourceMetadata}. */
  readonly metadata: string;
  /** What the token must have; left out where that depends on its server. */
  readonly scope?: string | undefined;
  readonly error?: ChallengeError | undefined;
}

/** Values of `WWW-Authenticate`, one for each scheme (RFC 6750 §3, RFC 9728 §5.1, RFC 9449 §7.1). */
export function bearerChallenge({ metadata, scope, error }: Challenge): readonly [bearer: string, dpop: string] {
  const named = scope === undefined ? '' : `, scope="${scope}"`;
  const common = `resource_metadata="${new URL(metadata).href}"${named}`;
  const why = error === undefined ? '' : `, error="${error}"`;
  const bearer = `Bearer ${common}${error === 'invalid_dpop_proof' ? '' : why}`;
  return [bearer, `DPoP ${common}, algs="${DPOP_ALGS.join(' ')}"${why}`];
}
