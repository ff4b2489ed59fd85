import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { base64url, CompactSign, calculateJwkThumbprint, FlattenedSign } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes, digest } from '../../protocol/base/canonical.ts';
import { makeId, parseThumbprint, type Thumbprint } from '../../protocol/base/ids.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { RECORD_TYPE } from '../../protocol/base/names.ts';
import { receiptFile } from '../../protocol/receipt/receipt.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import type { Operation } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import type { KeyPurpose, Keys } from '../ports.ts';
import { makeHandle } from '../store/handle.ts';
import { LOG_SCHEMA, makeSqliteLog } from '../store/log-sqlite.ts';
import { leafBytes } from './leaf.ts';
import { issueReceipt, receiptFacts } from './receipts.ts';
import { makeLedger } from './sequencer.ts';
import { logSigner } from './signer.ts';

const COMPANY = 'https://gw.example';
const LOG = 'gw.example/log';
const NOW = new Date('2026-11-24T12:00:00Z');

interface Pair {
  readonly privateKey: KeyObject;
  readonly jwk: JsonObject;
  readonly kid: Thumbprint;
}

async function pair(): Promise<Pair> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicKey.export({ format: 'jwk' }).x ?? '' };
  return { privateKey, jwk, kid: parseThumbprint(await calculateJwkThumbprint(jwk)) ?? expect.fail('no thumbprint') };
}

let agent: Pair;
let keys: Keys;

beforeAll(async () => {
  agent = await pair();
  const [answers, evidence, log, mandates] = [await pair(), await pair(), await pair(), await pair()];
  const [cards, webhooks] = [await pair(), await pair()];
  const pairs: { readonly [P in KeyPurpose]: Pair } = { answers, evidence, log, mandates, cards, webhooks };
  keys = {
    kid: (purpose) => pairs[purpose].kid,
    sign: (purpose, bytes) => new Uint8Array(sign(null, bytes, pairs[purpose].privateKey)),
    jws: (purpose, typ, payload) =>
      new CompactSign(canonicalBytes(payload))
        .setProtectedHeader({ alg: 'EdDSA', kid: pairs[purpose].kid, typ })
        .sign(pairs[purpose].privateKey),
    jwks: () => ({
      keys: Object.entries(pairs).map(([purpose, { jwk, kid }]) => ({
        ...jwk,
        kid,
        alg: 'EdDSA',
        parley_purpose: purpose,
      })),
    }),
  };
});

async function signedAgreement(operation: string, signers: readonly ('agent' | 'company')[]) {
  const terms = { term_months: 12 };
  const payload = { operation, company: COMPANY, agent: agent.kid, offer: 'of_1', terms, terms_digest: digest(terms) };
  const bytes = canonicalBytes(payload);
  const company = (await keys.jws('evidence', RECORD_TYPE.agreement, payload)).split('.');
  const { protected: head = '', signature } = await new FlattenedSign(bytes)
    .setProtectedHeader({ alg: 'EdDSA', kid: agent.kid, typ: RECORD_TYPE.agreement, jwk: agent.jwk })
    .sign(agent.privateKey);
  const all = {
    agent: { protected: head, signature },
    company: { protected: company[0] ?? '', signature: company[2] ?? '' },
  };
  return {
    payload,
    offer: makeId('of', '01939f1c-0000-7000-8000-000000000002'),
    signatures: signers.map((signer) => all[signer]),
  };
}

async function executing(): Promise<Operation> {
  const id = makeId('op', '01939f1c-0000-7000-8000-000000000001');
  const at = NOW.toISOString();
  const planDigest = digest('plan');
  return {
    id,
    version: 7,
    state: 'executing',
    action: 'contract.renew',
    actionVersion: '1',
    createdAt: at,
    updatedAt: at,
    dueAt: 0,
    salt: 'c2FsdA',
    agent: { keyid: agent.kid, via: 'registered' },
    mandate: {
      jti: 'm1',
      issuer: COMPANY,
      tier: 'company',
      subject: 'contact:C-1001',
      digest: digest('m'),
      expiresAt: 0,
      constraints: { actions: [], accounts: [] },
    },
    request: { digest: 'sha-256=:AAAA:', signature: 'sig=:AAAA:', signatureInput: 'sig=("@method")' },
    input: { contract: 'K-1', message: 'call me, Jane Roe' },
    messages: [{ at, by: 'agent', text: 'call me, Jane Roe' }],
    agreement: await signedAgreement(id, ['agent', 'company']),
    plan: {
      plan: {
        steps: [
          {
            id: 's1',
            action: 'x',
            summary: '',
            changes: [],
            preconditions: [],
            idempotencyKey: 'k1',
            reversal: 'none',
            payload: {},
          },
        ],
        warnings: [],
      },
      digest: planDigest,
      plannedAt: at,
    },
    signoffs: [
      {
        id: makeId('so', '01939f1c-0000-7000-8000-000000000003'),
        askedAt: at,
        expiresAt: at,
        planDigest,
        reasons: ['total above limit'],
        role: 'sales',
        decision: { kind: 'approved', at, by: 'eva', via: 'page', reason: 'Jane is nice' },
      },
    ],
    attempts: [
      {
        step: 's1',
        intentAt: at,
        result: { state: 'applied', ref: { type: 'contract', by: 'id', value: 'K-1' }, version: '8' },
      },
    ],
    tries: 0,
    history: [
      { at, from: null, to: 'received', event: 'submitted', by: 'agent' },
      { at, from: 'awaiting_signoff', to: 'authorized', event: 'approved', by: 'person' },
    ],
  };
}

const issuer = () => ({ keys, company: COMPANY, logOrigin: LOG });

describe('a receipt', () => {
  it('of an ended operation verifies offline, with its proof from the log', async () => {
    const { next, record: transition } = move(await executing(), 'confirmed', 'engine', NOW, {
      output: { contract: 'K-1' },
    });
    const { record, receipt } = await issueReceipt(next, transition, issuer());

    const db = new DatabaseSync(':memory:');
    db.exec(LOG_SCHEMA);
    db.prepare('INSERT INTO records (operation, leaf) VALUES (?, ?)').run(next.id, leafBytes(record));
    const ledger = makeLedger(makeSqliteLog(makeHandle(db, { fatal: () => expect.fail() })), logSigner(keys, LOG));
    await ledger.step(NOW);
    const proof = (await ledger.proveRecord(record))?.text ?? null;
    db.close();

    const file: unknown = JSON.parse(JSON.stringify(receiptFile(receipt, proof, keys.jwks())));
    const { verdict, checks, payload } = await verifyReceipt(file, { keys: keys.jwks() });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(verdict).toBe('valid');
    expect(payload).toMatchObject({
      state: 'completed',
      effects: [{ step: 's1', idempotency_key: 'k1', version: '8' }],
    });
  });

  it('carries no personal data: no free text, no principal, no approver', async () => {
    const facts = JSON.stringify(receiptFacts(await executing(), COMPANY));
    for (const personal of ['Jane', 'C-1001', 'eva', 'c2FsdA']) expect(facts).not.toContain(personal);
  });

  it('names no agreement that only one side signed', async () => {
    const operation = await executing();
    const half = { ...operation, agreement: await signedAgreement(operation.id, ['agent']) };
    expect(receiptFacts(half, COMPANY).agreement).toBeNull();
    expect(receiptFacts(operation, COMPANY).agreement?.payload).toBe(
      base64url.encode(canonicalBytes(operation.agreement?.payload)),
    );
  });
});

describe('log records', () => {
  it('must fit an entry bundle and have a value for every member', () => {
    const record = { type: 't', at: NOW.toISOString() };
    expect(() => leafBytes({ ...record, text: 'x'.repeat(65_536) })).toThrow(RangeError);
    expect(() => leafBytes({ ...record, missing: undefined })).toThrow(TypeError);
  });
});

describe('the log’s signer', () => {
  it('needs the log’s key in the key set', () => {
    expect(logSigner(keys, LOG).name).toBe(LOG);
    expect(() => logSigner({ ...keys, jwks: () => ({ keys: [] }) }, LOG)).toThrow(RangeError);
  });
});
