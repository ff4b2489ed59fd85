import { beforeAll, describe, expect, it } from 'vitest';
import { digest } from '../base/canonical.ts';
import { companyKeys, type Parties, type Twist, testKey, testParties, testReceipt } from './fixture.ts';
import { type ReceiptTrust, verifyReceipt } from './verify.ts';

let parties: Parties;
let stranger: Awaited<ReturnType<typeof testKey>>;

beforeAll(async () => {
  parties = await testParties();
  stranger = await testKey('evidence');
});

const given = (): ReceiptTrust => ({ keys: companyKeys(parties) });
const failed = async (file: unknown, trust: ReceiptTrust) => {
  const { verdict, checks } = await verifyReceipt(file, trust);
  return [verdict, ...checks.filter(({ ok }) => !ok).map(({ name }) => name)];
};

describe('a receipt', () => {
  it('is valid under the company’s keys, and says what it says', async () => {
    const { verdict, checks, payload } = await verifyReceipt(await testReceipt(parties), given());
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      'format',
      'company_key',
      'signature',
      'agreement',
      'agent_signature',
      'company_signature',
      'sign_off',
      'log_record',
      'log_proof',
      'log_signature',
      'log_key',
    ]);
    expect(verdict).toBe('valid');
    expect(payload).toMatchObject({ action: 'contract.renew', state: 'completed' });
  });

  it('is valid under a pinned thumbprint: its own copies of the keys then count, the log’s through the signed payload', async () => {
    const file = await testReceipt(parties);
    expect(await failed(file, { pinned: [parties.evidence.thumbprint] })).toEqual(['valid']);
    expect(await failed({ ...file, keys: { keys: [] } }, { pinned: [parties.evidence.thumbprint] })).toEqual([
      'unknown-key',
      'company_key',
      'company_key',
      'log_key',
    ]);
  });

  it('is of an unknown key without trust, even when all is right', async () => {
    const file = await testReceipt(parties);
    expect(await failed(file, {})).toEqual(['unknown-key', 'company_key', 'company_key']);
    expect(await failed(file, { keys: { keys: [stranger.jwk] } })).toEqual([
      'unknown-key',
      'company_key',
      'company_key',
    ]);
    expect(await failed(file, { pinned: [parties.log.thumbprint] })).toEqual([
      'unknown-key',
      'company_key',
      'company_key',
    ]);
    expect(await failed(file, { keys: 'nonsense' })).toEqual(['unknown-key', 'company_key', 'company_key']);
    expect((await verifyReceipt(file, {})).payload).toBeUndefined();
  });

  it('cannot vouch for a stranger’s keys by carrying them', async () => {
    const forged: Parties = { ...parties, evidence: stranger };
    expect(await failed(await testReceipt(forged), given())).toEqual(['unknown-key', 'company_key', 'company_key']);
    const kid = { receiptSigns: { key: stranger, header: { kid: parties.evidence.thumbprint } } };
    expect(await failed(await testReceipt(parties, kid), given())).toEqual(['invalid', 'signature']);
  });

  it('needs a key of the right purpose, valid when it was issued', async () => {
    const file = await testReceipt(parties);
    const keysWith = (more: object) => ({ keys: { keys: [{ ...parties.evidence.jwk, ...more }, parties.log.jwk] } });
    expect(await failed({ ...file, keys: { keys: [] } }, keysWith({ parley_purpose: 'answers' }))).toEqual([
      'unknown-key',
      'company_key',
      'company_key',
    ]);
    const issued = Date.parse('2026-11-24T12:00:00Z') / 1000;
    expect(await failed(file, keysWith({ nbf: issued, exp: issued }))).toEqual(['valid']);
    expect(await failed(file, keysWith({ nbf: issued + 1 }))).toEqual(['unknown-key', 'company_key', 'company_key']);
    expect(await failed(file, keysWith({ exp: issued - 1 }))).toEqual(['unknown-key', 'company_key', 'company_key']);
  });

  it('without a log proof is accepted only on request', async () => {
    const file = { ...(await testReceipt(parties)), proof: null };
    expect(await failed(file, given())).toEqual(['invalid', 'log_proof']);
    expect(await failed(file, { ...given(), allowUnlogged: true })).toEqual(['valid']);
  });
});

/** Each is signed as the company would sign it: only the relation between the parts is wrong. */
const TWISTS: readonly [what: string, twist: () => Twist, fails: readonly string[]][] = [
  ['a log record of another operation', () => ({ leaf: (leaf) => ({ ...leaf, operation: 'op_x' }) }), ['log_record']],
  ['a log record of another state', () => ({ leaf: (leaf) => ({ ...leaf, to: 'failed' }) }), ['log_record']],
  [
    'a log record that commits to other facts',
    () => ({ leaf: (leaf) => ({ ...leaf, facts: digest('x') }) }),
    ['log_record'],
  ],
  ['a proof of another leaf', () => ({ provenLeaf: (leaf) => ({ ...leaf, at: 'later' }) }), ['log_proof']],
  ['a checkpoint of another log', () => ({ origin: 'other.example/log' }), ['log_proof']],
  [
    'terms that are not those of their digest',
    () => ({ agreed: (agreed) => ({ ...agreed, terms: { price: 1 } }) }),
    ['agreement'],
  ],
  [
    'an agreement on another operation',
    () => ({ agreed: (agreed) => ({ ...agreed, operation: 'op_x' }) }),
    ['agreement'],
  ],
  [
    'an agreement of another company',
    () => ({ agreed: (agreed) => ({ ...agreed, company: 'https://x.example' }) }),
    ['agreement'],
  ],
  [
    'an agreement of another agent',
    () => ({ agreed: (agreed) => ({ ...agreed, agent: stranger.thumbprint }) }),
    ['agreement'],
  ],
  ['an agreement signed by another agent', () => ({ agentSigns: { key: stranger } }), ['agent_signature']],
  [
    'another agent under the agent’s kid',
    () => ({ agentSigns: { key: stranger, header: { kid: parties.agent.thumbprint } } }),
    ['agent_signature'],
  ],
  [
    'the agent’s key over another’s signature',
    () => ({ agentSigns: { key: stranger, header: { kid: parties.agent.thumbprint, jwk: parties.agent.jwk } } }),
    ['agent_signature'],
  ],
  [
    'another signature under the company’s kid',
    () => ({ companySigns: { key: stranger, header: { kid: parties.evidence.thumbprint } } }),
    ['company_signature'],
  ],
  ['an agreement header of another type', () => ({ agentSigns: { header: { typ: 'JWT' } } }), ['agent_signature']],
  [
    'an agreement without the company’s signature',
    () => ({ signatures: (both) => both.slice(0, 1) }),
    ['agent_signature'],
  ],
  ['an agreement without the agent’s signature', () => ({ signatures: (both) => both.slice(1) }), ['agent_signature']],
  [
    'an agreement with a third signature',
    () => ({ signatures: (both) => [...both, ...both.slice(1)] }),
    ['agent_signature'],
  ],
  [
    'approval of another plan',
    () => ({ facts: (facts) => ({ ...facts, plan_digest: digest('other') }) }),
    ['sign_off'],
  ],
  [
    'a rejected plan carried out',
    () => ({
      facts: (facts) => ({ ...facts, sign_offs: facts.sign_offs.map((each) => ({ ...each, decision: 'rejected' })) }),
    }),
    ['sign_off'],
  ],
  ['no sign-off behind the approval', () => ({ facts: (facts) => ({ ...facts, sign_offs: [] }) }), ['sign_off']],
  ['a member twice', () => ({ text: (text) => text.replace('{', '{"state":"failed",') }), ['format']],
  ['spaces', () => ({ text: (text) => text.replace(':', ': ') }), ['format']],
  ['another type', () => ({ payload: (payload) => ({ ...payload, type: 'urn:parley:receipt:2' }) }), ['format']],
  ['an unexpected member', () => ({ payload: (payload) => ({ ...payload, more: 1 }) }), ['format']],
  ['a missing member', () => ({ payload: ({ effects: _effects, ...rest }) => rest }), ['format']],
  ['a header of another type', () => ({ receiptSigns: { header: { typ: 'parley-offer+jws' } } }), ['format']],
  ['a key in its header', () => ({ receiptSigns: { header: { jwk: parties.evidence.jwk } } }), ['format']],
  ['an unexpected header', () => ({ receiptSigns: { header: { jku: 'https://x.example' } } }), ['format']],
];

describe('a receipt that the company signed over', () => {
  it.each(TWISTS)('%s is invalid', async (_what, twist, fails) => {
    expect(await failed(await testReceipt(parties, twist()), given())).toEqual(['invalid', ...fails]);
  });

  it('a checkpoint signed by a key nobody knows leaves the log open', async () => {
    expect(await failed(await testReceipt(parties, { logSigns: stranger }), given())).toEqual([
      'unknown-key',
      'log_key',
    ]);
  });

  it('a checkpoint signed by a key that only the file carries leaves the log open', async () => {
    const other = await testKey('log');
    const file = await testReceipt(parties, { logSigns: other });
    const carried = { ...file, keys: { keys: [...companyKeys(parties).keys, other.jwk] } };
    expect(await failed(carried, given())).toEqual(['unknown-key', 'log_key']);
    expect(await failed(carried, { keys: carried.keys })).toEqual(['valid']);
  });

  it('a checkpoint signed by an evidence key is not the log’s', async () => {
    expect(await failed(await testReceipt(parties, { logSigns: parties.evidence }), given())).toEqual([
      'unknown-key',
      'log_key',
    ]);
  });
});
