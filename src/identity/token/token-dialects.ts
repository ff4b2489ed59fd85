/** Access tokens as authorisation servers issue them. RFC 9068 is one dialect; what each of the others writes differently is data. */

export interface TokenDialect {
  /** Values of the header's `typ`, without `application/` and in small letters; `''` where there is none. */
  readonly typ: readonly string[];
  /** Claims that hold scopes: a string with spaces, or a list. All that are there count. */
  readonly scopes: readonly string[];
  /** Claims that may name the client; the first that is there counts, as of every list below. */
  readonly client: readonly string[];
  readonly audience: readonly string[];
  readonly id: readonly string[];
  /** Whether a token without any of {@link id} is named by its own digest. */
  readonly withoutId: boolean;
  /** What tells an access token from the server's other tokens, where `typ` does not: claims and the values they may have. */
  readonly requires: Readonly<Record<string, readonly string[]>>;
  /** The server cannot name the resource (RFC 8707): what its tokens have as audience is configured. */
  readonly needsAudience: boolean;
}

const RFC9068: TokenDialect = {
  typ: ['at+jwt'],
  scopes: ['scope'],
  client: ['client_id', 'azp'],
  audience: ['aud'],
  id: ['jti'],
  withoutId: false,
  requires: {},
  needsAudience: false,
};

const TOKEN_DIALECTS = {
  rfc9068: RFC9068,
  /** `typ` in the payload says which of its tokens it is; one that is bound by DPoP has another. */
  keycloak: { ...RFC9068, typ: ['jwt', 'at+jwt'], client: ['azp', 'client_id'], requires: { typ: ['Bearer', 'DPoP'] } },
  okta: { ...RFC9068, typ: ['', 'jwt', 'at+jwt'], scopes: ['scp'], client: ['cid'] },
  /** 1.0 has `appid`, 2.0 `azp`; what a person permits is in `scp`, what an application may by itself in `roles`. */
  entra: {
    ...RFC9068,
    typ: ['jwt', 'at+jwt'],
    scopes: ['scp', 'roles'],
    client: ['azp', 'appid'],
    id: ['jti', 'uti'],
    withoutId: true,
    requires: { ver: ['1.0', '2.0'] },
    needsAudience: true,
  },
  /** Its default profile; its RFC 9068 profile is read too. */
  auth0: { ...RFC9068, typ: ['jwt', 'at+jwt'], client: ['azp', 'client_id'], withoutId: true },
  /** Without a resource in the request there is no `aud`: the client says for whom the token is. */
  cognito: {
    ...RFC9068,
    typ: ['', 'jwt', 'at+jwt'],
    client: ['client_id'],
    audience: ['aud', 'client_id'],
    requires: { token_use: ['access'] },
    needsAudience: true,
  },
} satisfies Readonly<Record<string, TokenDialect>>;

export type Preset = keyof typeof TOKEN_DIALECTS;

/** Members of a configured issuer that change its preset. */
export interface DialectSettings {
  readonly preset?: Preset;
  readonly typ?: readonly string[];
  readonly scope_claims?: readonly string[];
  readonly client_claims?: readonly string[];
  readonly audience_claims?: readonly string[];
  readonly id_claims?: readonly string[];
  readonly without_id?: boolean;
  readonly required_claims?: Readonly<Record<string, readonly string[]>>;
}

export function dialectOf(settings: DialectSettings): TokenDialect {
  const base: TokenDialect = TOKEN_DIALECTS[settings.preset ?? 'rfc9068'];
  return {
    ...base,
    typ: settings.typ?.map(typeName) ?? base.typ,
    scopes: settings.scope_claims ?? base.scopes,
    client: settings.client_claims ?? base.client,
    audience: settings.audience_claims ?? base.audience,
    id: settings.id_claims ?? base.id,
    withoutId: settings.without_id ?? base.withoutId,
    requires: settings.required_claims ?? base.requires,
  };
}

/** Media types are compared without case, and `application/` may be left out (RFC 7515 §4.1.9). */
export function typeName(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}
