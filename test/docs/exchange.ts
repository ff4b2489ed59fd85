/** protocol/vectors/exchange.json: one talk, byte for byte. It changes only where the format does, and then SPEC.md does too. Keys are made from published words: nobody may trust them. Ed25519 (RFC 8032) signs the same bytes alike, so the file is the same each time. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { base64url } from 'jose';
import { canonicalBytes, canonicalText, digest } from '../../protocol/base/canonical.ts';
import { contentDigest } from '../../protocol/base/digest.ts';
import { parseThumbprint } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { RECORD_TYPE } from '../../protocol/base/names.ts';
import { type PublicJwk, publicJwk, thumbprintOf } from '../../protocol/base/strict-jws.ts';
import { issueMandate, presentMandate } from '../../protocol/mandate/mandate.ts';
import { agreementPayload, type OfferContent, offerPayload, signAgreement, termsDigest } from '../../protocol/offer.ts';
import { formatCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { leafHash, nodeHash } from '../../protocol/receipt/merkle.ts';
import { formatVerifierKey, noteKey, signNote } from '../../protocol/receipt/note.ts';
import { factsDigest, type ReceiptFacts, receiptPayload } from '../../protocol/receipt/receipt.ts';
import { formatTlogProof } from '../../protocol/receipt/tlog-proof.ts';
import { type Signable, signatureBase } from '../../protocol/signature/base.ts';
import { labelledSignatures } from '../../protocol/signature/fields.ts';
import { type SignableRequest, type SignKey, signRequest, signResponse } from '../../protocol/signature/signature.ts';

const COMPANY = 'https://gateway.example';
const AUTHORITY = 'gateway.example';
const LOG = 'gateway.example/log';
const OPERATION = 'op_01939f1c-0000-8000-8000-000000000001';
const OFFER = 'of_01939f1c-0000-7000-8000-000000000002';
const PATH = `/operations/${OPERATION}`;

interface VectorKey extends SignKey {
  readonly jwk: PublicJwk;
  readonly d: string;
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

async function keyOf(label: string): Promise<VectorKey> {
  // RFC 8410 §7: the fixed head of a PKCS #8 Ed25519 key, then its seed.
  const head = Buffer.from('302e020100300506032b657004220420', 'hex');
  const seed = digestOf(`parley vectors: ${label}`);
  const key: KeyObject = createPrivateKey({ key: Buffer.concat([head, seed]), format: 'der', type: 'pkcs8' });
  const jwk = publicJwk(createPublicKey(key).export({ format: 'jwk' }) as JsonObject);
  const kid = jwk === undefined ? undefined : parseThumbprint(await thumbprintOf(jwk));
  if (jwk === undefined || kid === undefined) throw new Error('no key');
  return { alg: 'ed25519', kid, jwk, d: seed.toString('base64url'), sign: (data) => sign(null, data, key) };
}

const nonceOf = (label: string): string => digestOf(`nonce: ${label}`).subarray(0, 18).toString('base64url');
const at = (seconds: number): Date => new Date(Date.parse('2026-12-01T09:00:00Z') + seconds * 1_000);

/** The text that is signed, from the fields that were made. */
function baseOf(message: Signable, fields: { readonly signatureInput: string; readonly signature: string }): string {
  const [label] = labelledSignatures(fields.signatureInput, fields.signature, () => true) ?? [];
  const base = label === undefined ? undefined : signatureBase(label.covered, message, label.text);
  if (base?.ok !== true) throw new Error('no base');
  return base.value;
}

const linesOf = (headers: Readonly<Record<string, string>>) =>
  new Map(Object.entries(headers).map(([name, value]) => [name, [value]] as const));

interface Sent {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  readonly now: Date;
}

/** A signed request, with the text that its signature is over. */
function requestOf(key: SignKey, { name, method, target, headers: more = {}, body, now }: Sent) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string> = {
    ...(text === undefined
      ? {}
      : {
          'content-type': 'application/json',
          'content-digest': contentDigest(new TextEncoder().encode(text)),
        }),
    ...more,
  };
  const message: SignableRequest = { method, scheme: 'https', authority: AUTHORITY, target, headers: linesOf(headers) };
  const fields = signRequest(message, text !== undefined, { key, now, nonce: nonceOf(name) });
  const signed: Record<string, string> = {
    ...headers,
    'signature-input': fields.signatureInput,
    signature: fields.signature,
  };
  return {
    method,
    target,
    headers: signed,
    ...(text === undefined ? {} : { body: text }),
    base: baseOf(message, fields),
  };
}

type Request = ReturnType<typeof requestOf>;

function answerOf(
  key: SignKey,
  request: Request,
  { status, body, now }: { status: number; body: JsonObject; now: Date },
) {
  const text = JSON.stringify(body);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-digest': contentDigest(new TextEncoder().encode(text)),
  };
  const { method, target } = request;
  const message = {
    status,
    headers: linesOf(headers),
    request: { method, scheme: 'https', authority: AUTHORITY, target, headers: linesOf(request.headers) },
  };
  const fields = signResponse(message, 'parley', { key, now, nonce: nonceOf(`answer to ${request.base}`) });
  const signed: Record<string, string> = {
    ...headers,
    'signature-input': fields.signatureInput,
    signature: fields.signature,
  };
  return { status, headers: signed, body: text, base: baseOf(message, fields) };
}

/** Compact JWS over the JCS bytes of a payload. */
function recordOf(key: SignKey, typ: string, payload: object): string {
  const head = base64url.encode(JSON.stringify({ alg: 'EdDSA', kid: key.kid, typ }));
  const signed = `${head}.${base64url.encode(canonicalBytes(payload))}`;
  return `${signed}.${base64url.encode(key.sign(new TextEncoder().encode(signed)))}`;
}

export async function exchangeVectors() {
  const agent = await keyOf('agent');
  const [answers, evidence, log, mandates] = await Promise.all(['answers', 'evidence', 'log', 'mandates'].map(keyOf));
  if (!answers || !evidence || !log || !mandates) throw new Error('no keys');
  const jwks = {
    keys: Object.entries({ answers, evidence, log, mandates }).map(([parley_purpose, { jwk, kid }]) => ({
      ...jwk,
      kid,
      alg: 'EdDSA',
      parley_purpose,
    })),
  };

  const registration = requestOf(agent, {
    name: 'registration',
    method: 'POST',
    target: '/agents',
    body: { name: 'Example agent', jwk: { ...agent.jwk } },
    now: at(0),
  });

  const key = 'k-5b1d7c0e9a3f4d2b8c6e';
  const mandate = await issueMandate({
    key: mandates,
    issuer: COMPANY,
    subject: 'contact:C-1001',
    agent: agent.jwk,
    jti: 'm-01939f1c',
    now: at(-60),
    expiresAt: at(86_400),
    constraints: {
      actions: ['contract.renew'],
      accounts: ['A-1001'],
      max_total: { amount: 1_200_000, currency: 'EUR' },
    },
  });
  const presented = await presentMandate(mandate, { key: agent, audience: COMPANY, nonce: key, now: at(1) });
  const submission = requestOf(agent, {
    name: 'submission',
    method: 'POST',
    target: '/actions/contract.renew',
    headers: { 'idempotency-key': `"${key}"` },
    body: { mandate: presented, input: { contract: 'K-1001' } },
    now: at(1),
  });
  const viewed = { id: OPERATION, action: 'contract.renew', action_version: '1.0.0' };
  const received = {
    ...viewed,
    state: 'received',
    version: 1,
    created_at: at(1).toISOString(),
    updated_at: at(1).toISOString(),
    next: [
      { rel: 'wait', method: 'GET', href: PATH },
      { rel: 'handoff', method: 'POST', href: `${PATH}/handoff` },
    ],
  };
  const accepted = answerOf(answers, submission, { status: 202, body: received, now: at(1) });
  const reading = requestOf(agent, {
    name: 'reading',
    method: 'GET',
    target: PATH,
    headers: { prefer: 'wait=20', 'if-none-match': '"1"' },
    now: at(2),
  });

  const terms = {
    unit_price: { amount: 4900, currency: 'EUR' },
    term_months: 12,
    seats: 40,
    start_date: '2027-01-01',
    notice_days: 60,
  };
  const parties = {
    operation: OPERATION,
    action: 'contract.renew',
    actionVersion: '1.0.0',
    company: COMPANY,
    agent: agent.kid,
  };
  const offered: OfferContent = {
    id: OFFER as OfferContent['id'],
    parent: null,
    terms,
    terms_digest: termsDigest(terms),
    firmness: 'binding',
    made_at: at(2).toISOString(),
    expires_at: at(902).toISOString(),
    facts: { revision: '7', digest: digest(['salt', { unit_price: { amount: 4900, currency: 'EUR' } }]) },
    reasons: [{ code: 'binding', params: { until: at(902).toISOString() }, words: '' }],
  };
  const offer = { payload: offerPayload({ ...parties, offer: offered }), jws: '' };
  offer.jws = recordOf(evidence, RECORD_TYPE.offer, offer.payload);

  const agreed = agreementPayload({ ...parties, offer: offered });
  const ours = await signAgreement(agreed, {
    keyid: agent.kid,
    publicJwk: { ...agent.jwk },
    privateJwk: { ...agent.jwk, d: agent.d },
  });
  const theirs = recordOf(evidence, RECORD_TYPE.agreement, agreed).split('.');
  const acceptance = requestOf(agent, {
    name: 'acceptance',
    method: 'POST',
    target: `${PATH}/accept`,
    headers: { 'idempotency-key': '"k-0f6a2d8b4c1e4f7a9b3d"' },
    body: { offer: OFFER, terms_digest: offered.terms_digest, agreement: { ...ours } },
    now: at(3),
  });

  const plan = digest({ note: 'the plan, as the CRM would be changed' });
  const facts: ReceiptFacts = {
    operation: OPERATION,
    action: 'contract.renew',
    action_version: '1.0.0',
    company: COMPANY,
    agent: agent.kid,
    principal: digest(['salt', 'contact:C-1001']),
    request: {
      content_digest: submission.headers['content-digest'] ?? '',
      signature_input: submission.headers['signature-input'] ?? '',
      signature: submission.headers['signature'] ?? '',
    },
    mandate: {
      digest: `sha-256:${digestOf(presented.slice(0, presented.lastIndexOf('~') + 1)).toString('base64url')}`,
      tier: 'company',
    },
    agreement: {
      payload: base64url.encode(canonicalBytes(agreed)),
      signatures: [{ ...ours }, { protected: theirs[0] ?? '', signature: theirs[2] ?? '' }],
    },
    plan_digest: plan,
    sign_offs: [
      {
        plan_digest: plan,
        decision: 'approved',
        approver: digest(['salt', 'maria']),
        via: 'page',
        decided_at: at(60).toISOString(),
        reasons: ['The total is above 10,000 EUR.'],
      },
    ],
    effects: [
      {
        step: 'renew',
        idempotency_key: `${OPERATION}:renew`,
        ref: { type: 'contract', by: 'id', value: 'K-1001' },
        version: '8',
        state: 'applied',
      },
    ],
    output_digest: digest({ contract: 'K-1001' }),
    state: 'completed',
    history: [
      { at: at(1).toISOString(), from: null, to: 'received', event: 'submitted', by: 'agent' },
      { at: at(2).toISOString(), from: 'received', to: 'negotiating', event: 'offered', by: 'company' },
      { at: at(3).toISOString(), from: 'negotiating', to: 'agreed', event: 'accepted', by: 'agent' },
      { at: at(4).toISOString(), from: 'agreed', to: 'awaiting_signoff', event: 'asked', by: 'engine' },
      { at: at(60).toISOString(), from: 'awaiting_signoff', to: 'authorized', event: 'approved', by: 'person' },
      { at: at(61).toISOString(), from: 'authorized', to: 'executing', event: 'started', by: 'engine' },
      { at: at(62).toISOString(), from: 'executing', to: 'completed', event: 'confirmed', by: 'engine' },
    ],
  };
  const leaf = {
    type: 'transition',
    at: at(62).toISOString(),
    operation: OPERATION,
    version: 7,
    action: 'contract.renew',
    from: 'executing',
    to: 'completed',
    event: 'confirmed',
    by: 'engine',
    facts: factsDigest(facts),
  };
  const payload = receiptPayload(facts, { origin: LOG, key: log.kid, leaf }, at(62).toISOString());
  // The leaf is entry 1 of 3.
  const entry = leafHash(canonicalBytes(leaf));
  const path = [leafHash(Uint8Array.of(1)), leafHash(Uint8Array.of(2))] as const;
  const root = nodeHash(nodeHash(path[0], entry), path[1]);
  const noteOf = noteKey(LOG, base64url.decode(log.jwk.x));
  const checkpoint = signNote(formatCheckpoint({ origin: LOG, size: 3, root }), {
    ...noteOf,
    sign: (message) => log.sign(message),
  });
  const receipt = recordOf(evidence, RECORD_TYPE.receipt, payload);
  const proof = formatTlogProof({ index: 1, path, checkpoint });

  return {
    comment:
      'One talk in the profile parley/1, byte for byte (SPEC.md). Private keys are made from published words: trust none of them. `base` is the text a signature is over, `text` the JCS text of a payload.',
    agent: { jwk: { ...agent.jwk, d: agent.d }, keyid: agent.kid },
    company: { origin: COMPANY, jwks, verifier_key: formatVerifierKey(noteOf) },
    registration,
    mandate,
    submission,
    answer: accepted,
    reading,
    offer: {
      terms,
      terms_text: canonicalText(terms),
      terms_digest: offered.terms_digest,
      text: canonicalText(offer.payload),
      jws: offer.jws,
    },
    agreement: {
      text: canonicalText(agreed),
      header: new TextDecoder().decode(base64url.decode(ours.protected)),
      ...ours,
    },
    acceptance,
    receipt: {
      leaf: canonicalText(leaf),
      leaf_hash: base64url.encode(entry),
      facts_digest: leaf.facts,
      checkpoint,
      file: { receipt, proof, keys: jwks },
    },
  };
}
