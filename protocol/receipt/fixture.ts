/** A whole receipt made from fresh keys, for tests: every member can be changed before it is signed. */
import {
  base64url,
  CompactSign,
  calculateJwkThumbprint,
  exportJWK,
  FlattenedSign,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWK,
} from 'jose';
import { canonicalBytes, canonicalText, digest } from '../base/canonical.ts';
import type { JsonObject } from '../base/json.ts';
import { RECORD_TYPE } from '../base/names.ts';
import { formatCheckpoint } from './checkpoint.ts';
import { leafHash, nodeHash } from './merkle.ts';
import { formatNote, noteKey } from './note.ts';
import { factsDigest, type ReceiptFacts, type ReceiptFile, type ReceiptPayload, receiptPayload } from './receipt.ts';
import { formatTlogProof } from './tlog-proof.ts';

export interface TestKey {
  readonly jwk: JsonObject;
  readonly raw: Uint8Array;
  readonly thumbprint: string;
  readonly privateKey: GenerateKeyPairResult['privateKey'];
}

export async function testKey(purpose?: string): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const { x = '' }: JWK = await exportJWK(publicKey);
  const bare = { kty: 'OKP', crv: 'Ed25519', x };
  const thumbprint = await calculateJwkThumbprint(bare);
  const jwk = purpose === undefined ? bare : { ...bare, kid: thumbprint, alg: 'EdDSA', parley_purpose: purpose };
  return { jwk, raw: base64url.decode(x), thumbprint, privateKey };
}

export interface Parties {
  readonly evidence: TestKey;
  readonly log: TestKey;
  readonly agent: TestKey;
}

export async function testParties(): Promise<Parties> {
  const [evidence, log, agent] = await Promise.all([testKey('evidence'), testKey('log'), testKey()]);
  return { evidence, log, agent };
}

export const companyKeys = ({ evidence, log }: Parties) => ({ keys: [evidence.jwk, log.jwk] });

export const ORIGIN = 'gw.example/log';
const AT = '2026-11-24T12:00:00.000Z';
const OPERATION = 'op_01939f1c-0000-7000-8000-000000000001';

/** What a test changes on the way to a receipt. */
export interface Twist {
  agreed?: (payload: JsonObject) => JsonObject;
  agentSigns?: { key?: TestKey; header?: JsonObject };
  companySigns?: { key?: TestKey; header?: JsonObject };
  signatures?: (both: { protected: string; signature: string }[]) => { protected: string; signature: string }[];
  facts?: (facts: ReceiptFacts) => ReceiptFacts;
  leaf?: (leaf: JsonObject) => JsonObject;
  payload?: (payload: ReceiptPayload) => JsonObject;
  /** The payload's text as signed. */
  text?: (text: string) => string;
  receiptSigns?: { key?: TestKey; header?: JsonObject };
  origin?: string;
  logSigns?: TestKey;
  provenLeaf?: (leaf: JsonObject) => JsonObject;
}

export async function testReceipt(parties: Parties, twist: Twist = {}): Promise<ReceiptFile> {
  const base = testFacts(parties, await testAgreement(parties, twist));
  const facts = twist.facts?.(base) ?? base;
  const record = {
    type: 'transition',
    at: AT,
    operation: OPERATION,
    from: 'executing',
    to: 'completed',
    facts: factsDigest(facts),
  };
  const leaf = twist.leaf?.(record) ?? record;
  const made = receiptPayload(facts, { origin: ORIGIN, key: parties.log.thumbprint, leaf }, AT);
  const text = canonicalText(twist.payload?.(made) ?? made);
  const { key = parties.evidence, header = {} } = twist.receiptSigns ?? {};
  const receipt = await new CompactSign(new TextEncoder().encode(twist.text?.(text) ?? text))
    .setProtectedHeader({ alg: 'EdDSA', kid: key.thumbprint, typ: RECORD_TYPE.receipt, ...header })
    .sign(key.privateKey);
  return {
    receipt,
    proof: await testProof(parties, twist, twist.provenLeaf?.(leaf) ?? leaf),
    keys: companyKeys(parties),
  };
}

async function testAgreement(parties: Parties, twist: Twist): Promise<ReceiptFacts['agreement']> {
  const terms = { price: { amount: 120_000, currency: 'EUR' }, term_months: 12 };
  const agreed = {
    operation: OPERATION,
    company: 'https://gw.example',
    agent: parties.agent.thumbprint,
    offer: 'of_1',
    terms,
  };
  const payload = canonicalBytes(
    twist.agreed?.({ ...agreed, terms_digest: digest(terms) }) ?? { ...agreed, terms_digest: digest(terms) },
  );
  const sign = async (key: TestKey, header: JsonObject) => {
    const jws = new FlattenedSign(payload).setProtectedHeader({
      alg: 'EdDSA',
      kid: key.thumbprint,
      typ: RECORD_TYPE.agreement,
      ...header,
    });
    const { protected: head = '', signature } = await jws.sign(key.privateKey);
    return { protected: head, signature };
  };
  const { agentSigns = {}, companySigns = {} } = twist;
  const agentKey = agentSigns.key ?? parties.agent;
  const both = [
    await sign(agentKey, { jwk: agentKey.jwk, ...agentSigns.header }),
    await sign(companySigns.key ?? parties.evidence, companySigns.header ?? {}),
  ];
  return { payload: base64url.encode(payload), signatures: twist.signatures?.(both) ?? both };
}

function testFacts(parties: Parties, agreement: ReceiptFacts['agreement']): ReceiptFacts {
  const plan = digest('plan');
  return {
    operation: OPERATION,
    action: 'contract.renew',
    action_version: '1',
    company: 'https://gw.example',
    agent: parties.agent.thumbprint,
    principal: digest(['salt', 'contact:C-1001']),
    request: { content_digest: 'sha-256=:AAAA:', signature_input: 'sig=("@method")', signature: 'sig=:AAAA:' },
    mandate: { digest: digest('mandate'), tier: 'company' },
    agreement,
    plan_digest: plan,
    sign_offs: [
      {
        plan_digest: plan,
        decision: 'approved',
        approver: digest(['salt', 'eva']),
        via: 'page',
        decided_at: AT,
        reasons: ['total above 1000.00 EUR'],
      },
    ],
    effects: [
      {
        step: 's1',
        idempotency_key: 'k1',
        ref: { type: 'contract', by: 'id', value: 'K-1' },
        version: '8',
        state: 'applied',
      },
    ],
    output_digest: digest({ contract: 'K-1' }),
    state: 'completed',
    history: [
      { at: AT, from: null, to: 'received', event: 'submitted', by: 'agent' },
      { at: AT, from: 'awaiting_signoff', to: 'authorized', event: 'approved', by: 'person' },
      { at: AT, from: 'executing', to: 'completed', event: 'confirmed', by: 'engine' },
    ],
  };
}

/** The leaf is entry 1 of 3. */
async function testProof(parties: Parties, twist: Twist, leaf: JsonObject): Promise<string> {
  const [left, right] = [leafHash(Uint8Array.of(1)), leafHash(Uint8Array.of(2))];
  const root = nodeHash(nodeHash(left, leafHash(canonicalBytes(leaf))), right);
  const origin = twist.origin ?? ORIGIN;
  const text = formatCheckpoint({ origin, size: 3, root });
  const key = twist.logSigns ?? parties.log;
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key.privateKey, new TextEncoder().encode(text)));
  const { name, keyId } = noteKey(origin, key.raw);
  return formatTlogProof({
    index: 1,
    path: [left, right],
    checkpoint: formatNote({ text, signatures: [{ name, keyId, signature }] }),
  });
}
