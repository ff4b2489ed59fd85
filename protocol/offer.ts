/** Offers and agreements as signed records (JWS over JCS). Deterministic: both sides compute the same bytes from the same offer. */
import { base64url, FlattenedSign, importJWK } from 'jose';
import { canonicalBytes, canonicalText, digest } from './base/canonical.ts';
import { type Refusal, refusal } from './base/errors.ts';
import type { JsonObject } from './base/json.ts';
import { RECORD_TYPE, URN } from './base/names.ts';
import { err, ok, type Result } from './base/result.ts';
import { parseHeader, publicJwk, splitCompact, thumbprintOf, verifyJws } from './base/strict-jws.ts';
import type { Offer, Schedule, Terms } from './operation.ts';
import { type Chosen, scheduleDigest, scheduleFault } from './schedule.ts';

/** Who deals with whom about what: the same for every offer of an operation. */
export interface Parties {
  readonly operation: string;
  readonly action: string;
  readonly actionVersion: string;
  /** Origin of the company's gateway. */
  readonly company: string;
  /** RFC 7638 thumbprint of the agent's key. */
  readonly agent: string;
}

/** What an offer says; the parts of {@link Offer} its signature covers. */
export type OfferContent = Pick<
  Offer,
  'id' | 'parent' | 'terms' | 'terms_digest' | 'firmness' | 'made_at' | 'expires_at' | 'facts' | 'reasons'
>;

/** What is accepted: an offer, or the package that was chosen of its schedule. */
type Accepted = OfferContent & Pick<Chosen, 'schedule_digest' | 'choice'>;

export function termsDigest(terms: Terms): string {
  return digest(terms);
}

/** What the company signs when it makes an offer. */
export function offerPayload({ offer, ...parties }: Parties & { readonly offer: OfferContent }): JsonObject {
  return {
    type: `${URN}:offer:1`,
    ...partyMembers(parties),
    offer: offer.id,
    parent: offer.parent,
    terms: offer.terms,
    terms_digest: offer.terms_digest,
    firmness: offer.firmness,
    made_at: offer.made_at,
    expires_at: offer.expires_at,
    ...factsMember(offer),
    ...reasonsMember(offer),
  };
}

/** What the company signs of an offer's schedule: it stands on that offer's terms and facts, as long as the offer. */
export function schedulePayload({
  offer,
  schedule,
  ...parties
}: Parties & { readonly offer: OfferContent; readonly schedule: Schedule }): JsonObject {
  return {
    type: `${URN}:schedule:1`,
    ...partyMembers(parties),
    offer: offer.id,
    terms_digest: offer.terms_digest,
    schedule_digest: scheduleDigest(schedule),
    expires_at: offer.expires_at,
    ...factsMember(offer),
  };
}

/** What both sides sign when the offer is accepted. Of a package that was chosen ({@link chosenOffer}) it names the schedule and the choice. */
export function agreementPayload({ offer, ...parties }: Parties & { readonly offer: Accepted }): JsonObject {
  return {
    type: `${URN}:agreement:1`,
    ...partyMembers(parties),
    offer: offer.id,
    ...(offer.choice === undefined ? {} : { schedule_digest: offer.schedule_digest ?? '', choice: offer.choice }),
    terms: offer.terms,
    terms_digest: offer.terms_digest,
    firmness: offer.firmness,
    offer_expires_at: offer.expires_at,
    ...factsMember(offer),
  };
}

function factsMember({ facts }: OfferContent): JsonObject {
  return facts === undefined ? {} : { facts: { revision: facts.revision, digest: facts.digest } };
}

/** The words are one rendering of these and are not signed. */
function reasonsMember({ reasons }: OfferContent): JsonObject {
  return reasons === undefined ? {} : { reasons: reasons.map(({ code, params }) => ({ code, params })) };
}

function partyMembers({ operation, action, actionVersion, company, agent }: Parties): JsonObject {
  return { operation, action, action_version: actionVersion, company, agent };
}

/** For clients: the offer is the company's own, about this operation, and says what its members say; so is its schedule. */
export async function verifyOffer(
  offer: Offer,
  expected: Parties & { readonly keys: readonly JsonObject[] },
): Promise<Result<void, Refusal>> {
  const { keys, ...parties } = expected;
  const { schedule } = offer;
  if (termsDigest(offer.terms) !== offer.terms_digest) return err(refusal('offer-digest-mismatch'));
  const signed = { what: 'offer', typ: RECORD_TYPE.offer, payload: offerPayload({ ...parties, offer }) };
  const genuine = await verifyRecord(offer.jws, signed, keys);
  if (!genuine.ok || schedule === undefined) return genuine;
  const fault = scheduleFault({ terms: offer.terms, schedule });
  if (fault !== undefined) return err(refusal('agreement-invalid', `The schedule is not usable: ${fault}.`));
  const payload = schedulePayload({ ...parties, offer, schedule });
  return verifyRecord(schedule.jws, { what: 'schedule', typ: RECORD_TYPE.schedule, payload }, keys);
}

/** The company's signature over exactly this. */
async function verifyRecord(
  jws: string | undefined,
  { what, typ, payload }: { readonly what: string; readonly typ: string; readonly payload: JsonObject },
  keys: readonly JsonObject[],
): Promise<Result<void, Refusal>> {
  const parts = jws === undefined ? undefined : splitCompact(jws);
  const header = parts === undefined ? undefined : parseHeader(parts.protected);
  if (parts === undefined || header?.typ !== typ)
    return err(refusal('agreement-invalid', `The ${what} is not signed.`));
  if (parts.payload !== base64url.encode(canonicalBytes(payload)))
    return err(refusal('agreement-invalid', `The signed ${what} says something else.`));
  for (const candidate of keys) {
    const jwk = publicJwk(candidate);
    if (jwk !== undefined && (await thumbprintOf(jwk)) === header.kid && (await verifyJws(parts, jwk)))
      return ok(undefined);
  }
  return err(refusal('agreement-invalid', `The ${what} is not signed by a key of the company.`));
}

/** One signature of an agreement (RFC 7515 §7.2.1 `signatures` member). */
export interface AgreementSignature {
  readonly protected: string;
  readonly signature: string;
}

/** The agent's signature. Its public key travels in the header, so that anyone can verify the agreement later. */
export async function signAgreement(
  payload: JsonObject,
  key: { readonly keyid: string; readonly publicJwk: JsonObject; readonly privateJwk: JsonObject },
): Promise<AgreementSignature> {
  const jwk = publicJwk(key.publicJwk);
  if (jwk === undefined) throw new TypeError('not an Ed25519 or P-256 key');
  const alg = jwk.kty === 'OKP' ? 'EdDSA' : 'ES256';
  const signed = await new FlattenedSign(canonicalBytes(payload))
    .setProtectedHeader({ alg, kid: key.keyid, typ: RECORD_TYPE.agreement, jwk })
    .sign(await importJWK({ ...key.privateJwk }, alg));
  return { protected: signed.protected ?? '', signature: signed.signature };
}

/** The agent's signature over exactly this agreement, by the key that signs its requests. */
export async function verifyAgreementSignature(
  payload: JsonObject,
  signature: AgreementSignature,
  expected: { readonly keyid: string },
): Promise<Result<void, Refusal>> {
  const invalid = (detail: string) => err(refusal('agreement-invalid', detail));
  const header = parseHeader(signature.protected);
  if (header?.typ !== RECORD_TYPE.agreement || header.jwk === null)
    return invalid(`The header must be {alg, kid, typ: "${RECORD_TYPE.agreement}", jwk}.`);
  const jwk = publicJwk(header.jwk);
  if (jwk === undefined) return invalid('jwk must be a public Ed25519 or P-256 key.');
  const thumbprint = await thumbprintOf(jwk);
  if (thumbprint !== expected.keyid || header.kid !== expected.keyid)
    return invalid('The key is not the one that signs your requests.');
  const parts = { ...signature, payload: base64url.encode(new TextEncoder().encode(canonicalText(payload))) };
  return (await verifyJws(parts, jwk))
    ? ok(undefined)
    : invalid('The signature is not over the agreement payload of this offer.');
}
