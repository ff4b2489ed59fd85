/** What stands in a mandate and in its key binding: closed, so that a limit nobody here understands is a refusal, never ignored. */
import { LIMITS } from '../base/limits.ts';
import type { Money } from '../base/money.ts';
import { URN } from '../base/names.ts';
import { err, ok, type Result } from '../base/result.ts';
import { conform, listOf, matching, object, objectWith, oneOf, type Shape, text } from '../base/shape.ts';
import type { PublicJwk } from '../base/strict-jws.ts';
import { type MandateConstraints, PERIODS, type Period } from './facts.ts';

/** Who a mandate is from: `contact:C-1001`, `account:A-1001`. */
export const PRINCIPAL = /^(contact|account):[\x21-\x7e]{1,128}$/;

export const MANDATE_VCT = `${URN}:mandate:action:1`;
export const MANDATE_TYP = 'parley-mandate+sd-jwt';
/** RFC 9901 §4.3. */
export const KEY_BINDING_TYP = 'kb+jwt';

/** The only claims that may be selectively disclosable: who the principal is, never what is allowed. */
export const IDENTITY_CLAIMS = ['name', 'email'] as const;
export type IdentityClaim = (typeof IDENTITY_CLAIMS)[number];

interface Required {
  readonly vct: typeof MANDATE_VCT;
  readonly iss: string;
  readonly sub: string;
  readonly jti: string;
  /** Unix seconds, as are `exp` and `nbf`. */
  readonly iat: number;
  readonly exp: number;
  /** The agent's public key (RFC 7800 §3.2). */
  readonly cnf: { readonly jwk: PublicJwk };
  readonly constraints: MandateConstraints;
}

interface Optional {
  readonly nbf: number;
  /** The one gateway it is for; without it, every gateway that trusts the issuer. */
  readonly aud: string;
  readonly name: string;
  readonly email: string;
  /** Token Status List. */
  readonly status: { readonly status_list: { readonly idx: number; readonly uri: string } };
}

export type MandateClaims = Required & Partial<Optional>;

export interface BindingClaims {
  readonly aud: string;
  readonly nonce: string;
  readonly iat: number;
  readonly sd_hash: string;
}

const whole = (least: number): Shape<number> => ({
  misfit: (value, path) => (Number.isSafeInteger(value) && Number(value) >= least ? undefined : path),
});
const names = (pattern: RegExp): Shape<readonly string[]> => ({
  misfit: (value, path) =>
    Array.isArray(value) && value.length === 0 ? path : listOf(matching(pattern)).misfit(value, path),
});

const currency = matching(/^[A-Z]{3}$/);
const constraints = objectWith<
  Pick<MandateConstraints, 'actions' | 'accounts'>,
  Omit<MandateConstraints, 'actions' | 'accounts'>
>(
  { actions: names(/^[a-z][a-z0-9_.-]{0,63}$/), accounts: names(/^[\x21-\x7e]{1,128}$/) },
  {
    max_total: object<Money>({ amount: whole(0), currency }),
    max_total_per_period: object<Money & { readonly period: Period }>({
      amount: whole(0),
      currency,
      period: oneOf(PERIODS),
    }),
    max_uses: whole(0),
    max_term_months: whole(0),
    max_seats: whole(0),
    max_delegations: whole(0),
  },
);

// No private member fits: a mandate that carries the agent's secret is not a mandate.
const hints = { kid: text, use: oneOf(['sig']), alg: oneOf(['EdDSA', 'ES256']) };
const coordinate = matching(/^[\w-]{43}$/);
const ed25519 = objectWith({ kty: oneOf(['OKP']), crv: oneOf(['Ed25519']), x: coordinate }, hints);
const p256 = objectWith({ kty: oneOf(['EC']), crv: oneOf(['P-256']), x: coordinate, y: coordinate }, hints);
export const publicKey: Shape<PublicJwk> = {
  misfit: (value, path) => (ed25519.misfit(value, path) && p256.misfit(value, path) ? path : undefined),
};

const claims = objectWith<Required, Optional>(
  {
    vct: oneOf([MANDATE_VCT]),
    iss: matching(/^[\x21-\x7e]{1,255}$/),
    sub: matching(PRINCIPAL),
    jti: matching(/^[\x21-\x7e]{1,128}$/),
    iat: whole(0),
    exp: whole(0),
    cnf: object<Required['cnf']>({ jwk: publicKey }),
    constraints,
  },
  {
    nbf: whole(0),
    aud: text,
    name: matching(/^[^\p{Cc}]{1,200}$/u),
    email: matching(/^[^\p{Cc}\s]{3,254}$/u),
    status: object<Optional['status']>({
      status_list: object<Optional['status']['status_list']>({
        idx: whole(0),
        uri: matching(/^https?:\/\/[\x21-\x7e]{1,2000}$/),
      }),
    }),
  },
);

const binding = object<BindingClaims>({ aud: text, nonce: text, iat: whole(0), sd_hash: text });

/** The claims of a mandate, or which one is missing, malformed or unknown. */
export function readMandateClaims(value: unknown): Result<MandateClaims, string> {
  const read = conform(claims, value);
  if (!read.ok) return err(`has a claim that is missing, malformed or unknown: ${read.error}`);
  const lifetime = read.value.exp - read.value.iat;
  const lives = 0 < lifetime && lifetime <= LIMITS.mandateLifetimeSecondsMax;
  return lives ? read : err('lives longer than a mandate may, or not at all');
}

/** The constraints alone, as access tokens carry them too (RFC 9396): the same closed vocabulary. */
export function readConstraints(value: unknown): Result<MandateConstraints, string> {
  const read = conform(constraints, value);
  return read.ok ? read : err(`has a constraint that is missing, malformed or unknown: ${read.error}`);
}

export function readBindingClaims(value: unknown): Result<BindingClaims, string> {
  const read = conform(binding, value);
  return read.ok ? read : err(`has a claim that is missing, malformed or unknown: ${read.error}`);
}

/** Whether a mandate's times allow its use at `now`; the reason otherwise. Only starts get leeway for clocks, ends never do. */
export function checkTimes({ iat, nbf, exp }: MandateClaims, now: Date): Result<void, string> {
  const seconds = now.getTime() / 1000;
  if (!(Math.max(iat, nbf ?? 0) <= seconds + LIMITS.clockSkewSeconds)) return err('is not valid yet');
  if (!(seconds < exp)) return err('has expired');
  return ok(undefined);
}
