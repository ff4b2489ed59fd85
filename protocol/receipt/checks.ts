/** The checks of a receipt, one function each. What they return is shown to people. */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { decodeBase64Url } from '../base/base64.ts';
import { canonicalText, digest } from '../base/canonical.ts';
import { RECORD_TYPE } from '../base/names.ts';
import { isRecord } from '../base/shape.ts';
import {
  type JwsParts,
  parseCanonicalPayload,
  parseHeader,
  publicJwk,
  type RecordHeader,
  thumbprintOf,
  verifyEd25519,
  verifyJws,
} from '../base/strict-jws.ts';
import { isChosen } from '../schedule.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { type CompanyKey, findKey, type Keyring, serves, wasValid } from './keyring.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { isKeyName, type NoteVerifier, noteKey, openNote, parseNote } from './note.ts';
import { factsDigest, factsOf, type ReceiptPayload } from './receipt.ts';
import { parseTlogProof, type TlogProof } from './tlog-proof.ts';

/** `company_key` and `log_key` are about trust: failing them leaves open who signed. All others are about the receipt itself. */
export type CheckName =
  | 'format'
  | 'company_key'
  | 'signature'
  | 'agreement'
  | 'agent_signature'
  | 'company_signature'
  | 'sign_off'
  | 'log_record'
  | 'log_proof'
  | 'log_signature'
  | 'log_key';

export interface Check {
  readonly name: CheckName;
  readonly ok: boolean;
  readonly detail: string;
}

export const check = (name: CheckName, ok: boolean, passed: string, failed: string): Check => ({
  name,
  ok,
  detail: ok ? passed : failed,
});

/** How far the key that signed at `at` may be believed. */
export function checkCompanyKey(key: CompanyKey | undefined, thumbprint: string, at: string): Check {
  const problem = keyProblem(key, at);
  return check('company_key', problem === undefined, `${thumbprint} (${key?.source})`, `${thumbprint} ${problem}`);
}

function keyProblem(key: CompanyKey | undefined, at: string): string | undefined {
  if (key === undefined) return 'is neither given nor in the receipt';
  if (key.source === 'embedded') return 'is only named by the receipt itself: give it with --keys or --key';
  return wasValid(key, Date.parse(at) / 1000) ? undefined : `was not valid at ${at}`;
}

/** Both sides signed the same terms, for this operation. */
export async function checkAgreement(payload: ReceiptPayload, ring: Keyring): Promise<Check[]> {
  const { agreement } = payload;
  if (agreement === null) return [];
  const agreed = parseCanonicalPayload(agreement.payload);
  const bound =
    isRecord(agreed) &&
    isRecord(agreed['terms']) &&
    agreed['terms_digest'] === digest(agreed['terms']) &&
    agreed['operation'] === payload.operation &&
    agreed['agent'] === payload.agent &&
    agreed['company'] === payload.company &&
    isChosen(agreed, agreement.schedule);
  const checks = [
    check(
      'agreement',
      bound,
      agreement.schedule === undefined
        ? 'its terms are those both sides signed'
        : 'its terms are those both sides signed, a package of the schedule that was offered',
      'it does not bind these terms to this operation and these parties',
    ),
  ];
  const signatures = agreement.signatures.map((each) => ({
    ...each,
    payload: agreement.payload,
    header: parseHeader(each.protected),
  }));
  const agent = signatures.find(({ header }) => header?.typ === RECORD_TYPE.agreement && header.jwk !== null);
  const company = signatures.find(({ header }) => header?.typ === RECORD_TYPE.agreement && header.jwk === null);
  if (agent === undefined || company === undefined || signatures.length !== 2) {
    return [...checks, check('agent_signature', false, '', 'an agreement carries one signature of each side')];
  }
  return [
    ...checks,
    await checkAgentSignature(agent, payload.agent),
    ...(await checkCompanySignature(company, payload.issued_at, ring)),
  ];
}

interface AgreementSignature extends JwsParts {
  readonly header: RecordHeader | undefined;
}

/** The agent's key comes with its signature; what makes it the agent's is its thumbprint. */
async function checkAgentSignature(signed: AgreementSignature, agent: string): Promise<Check> {
  const jwk = publicJwk(signed.header?.jwk ?? {});
  const isAgents = jwk !== undefined && signed.header?.kid === agent && (await thumbprintOf(jwk)) === agent;
  const verifies = isAgents && (await verifyJws(signed, jwk));
  return check(
    'agent_signature',
    verifies,
    `by the agent’s key ${agent}`,
    'the agent’s signature on the agreement does not verify',
  );
}

async function checkCompanySignature(signed: AgreementSignature, at: string, ring: Keyring): Promise<Check[]> {
  const kid = signed.header?.kid ?? '';
  const key = findKey(ring, kid, 'evidence');
  const known = checkCompanyKey(key, kid, at);
  if (key === undefined) return [known];
  const verifies = await verifyJws(signed, key.jwk);
  const done = check(
    'company_signature',
    verifies,
    `by the company’s key ${kid}`,
    'the company’s signature on the agreement does not verify',
  );
  return known.ok ? [done] : [known, done];
}

/** Where a person let the write through, it was this plan they approved. */
export function checkSignoff(payload: ReceiptPayload): Check[] {
  const gate = payload.history.findLast(({ event }) => event === 'approved' || event === 'cleared');
  if (payload.effects.length === 0 || gate?.event !== 'approved') return [];
  const approved = payload.sign_offs.some(
    ({ decision, plan_digest, approver }) =>
      decision === 'approved' && plan_digest === payload.plan_digest && approver !== null,
  );
  return [
    check(
      'sign_off',
      approved,
      `a person approved plan ${payload.plan_digest}`,
      'no approval is for the plan that was carried out',
    ),
  ];
}

/** The log's record of the last transition commits to every fact of the receipt. */
export function checkLogRecord(payload: ReceiptPayload): Check {
  const { leaf } = payload.log;
  const bound =
    leaf['operation'] === payload.operation &&
    leaf['to'] === payload.state &&
    leaf['facts'] === factsDigest(factsOf(payload));
  return check(
    'log_record',
    bound,
    'the log record commits to this receipt',
    'the log record is not about these facts',
  );
}

/** The record is in the log that the company signed. */
export async function checkLog(payload: ReceiptPayload, proofText: string, ring: Keyring): Promise<Check[]> {
  const proof = parseTlogProof(proofText);
  const note = proof === undefined || proof.extra !== undefined ? undefined : parseNote(proof.checkpoint);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  const { origin, leaf } = payload.log;
  if (proof === undefined || note === undefined || checkpoint?.origin !== origin || !isKeyName(origin)) {
    return [check('log_proof', false, '', 'the proof is malformed or of another log')];
  }
  const included = provesLeaf(proof, checkpoint, leaf);
  const checks = [
    check(
      'log_proof',
      included,
      `entry ${proof.index} of ${checkpoint.size}`,
      'the record is not in the log at this checkpoint',
    ),
  ];

  const opened = await openNote(note, logVerifiers(ring, origin));
  if (!opened.ok && opened.error === 'bad-signature') {
    return [...checks, check('log_signature', false, '', 'the checkpoint’s signature does not verify')];
  }
  const signer = opened.ok ? opened.value.signer.companyKey : undefined;
  if (signer !== undefined) checks.push(check('log_signature', true, `checkpoint signed by ${origin}`, ''));
  // A key that the receipt's signed payload names needs no trust of its own.
  const known = signer !== undefined && (signer.source !== 'embedded' || signer.thumbprint === payload.log.key);
  return [
    ...checks,
    check('log_key', known, `${signer?.thumbprint}`, 'the checkpoint is signed by a key that is not known'),
  ];
}

function provesLeaf(
  proof: TlogProof,
  head: { readonly size: number; readonly root: Uint8Array },
  leaf: unknown,
): boolean {
  const hash = leafHash(utf8ToBytes(canonicalText(leaf)));
  return verifyInclusion({ index: proof.index, size: head.size, path: proof.path }, hash, head.root);
}

function logVerifiers(ring: Keyring, name: string): (NoteVerifier & { readonly companyKey: CompanyKey })[] {
  return ring.flatMap((companyKey) => {
    const { jwk } = companyKey;
    const raw = jwk.kty === 'OKP' && serves(companyKey, 'log') ? decodeBase64Url(jwk.x) : undefined;
    if (raw?.length !== 32) return [];
    return [
      { ...noteKey(name, raw), companyKey, verify: (message, signature) => verifyEd25519(jwk, message, signature) },
    ];
  });
}
