import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicJwk } from '../../protocol/base/strict-jws.ts';
import { issueMandate } from '../../protocol/mandate/mandate.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { rotateKey } from '../../src/cli/keys.ts';
import { loadCompanyKeys, PURPOSES } from '../../src/platform/company-keys.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let agent: TestAgent;
beforeAll(async () => {
  gateway = await startTestGateway();
  agent = await gateway.newAgent();
}, 60_000);
afterAll(() => gateway?.stop());

async function helped(): Promise<string> {
  const { id } = await agent.client.submit('human.handoff', {
    topic: 'Help',
    message: 'Please call',
    urgency: 'normal',
  });
  await agent.client.waitForTurn(id);
  return id;
}

const published = async () =>
  (await (await fetch(`${gateway.origin}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string; parley_purpose: string; nbf?: number; exp?: number }[];
  };

/** A mandate of the company's own, as an operator issues it. */
async function companyMandate(folder: string): Promise<string> {
  const keys = await loadCompanyKeys(`${folder}/keys.json`);
  const holder = publicJwk(agent.key.publicJwk);
  if (holder === undefined) throw new Error('no key');
  return issueMandate({
    key: { alg: 'ed25519', kid: keys.kid('mandates'), sign: (bytes) => keys.sign('mandates', bytes) },
    issuer: gateway.origin,
    subject: 'contact:C-1001',
    agent: holder,
    jti: randomBytes(9).toString('hex'),
    now: new Date(),
    expiresAt: new Date(Date.now() + 86_400_000),
    constraints: { actions: ['contract.renew'], accounts: ['A-1001'] },
  });
}

describe('a key of the company', () => {
  it('E16: is replaced for every purpose, and what the old one signed still verifies', {
    timeout: 90_000,
  }, async () => {
    const first = await helped();
    const receipt = await agent.client.receipt(first);
    const mandate = await companyMandate(gateway.config.data_dir);
    const before = await published();
    expect(before.keys.every(({ exp }) => exp === undefined)).toBe(true);

    await gateway.restart(async (folder) => {
      for (const purpose of PURPOSES) expect((await rotateKey(folder, purpose)).ok).toBe(true);
      // Twice in a row: the one between was never used.
      expect((await rotateKey(folder, 'evidence')).ok).toBe(true);
    });
    const after = await published();
    const old = after.keys.filter(({ kid }) => before.keys.some((each) => each.kid === kid));
    expect(old.map(({ parley_purpose }) => parley_purpose).sort()).toEqual([...PURPOSES].sort());
    expect(old.every(({ exp }) => typeof exp === 'number')).toBe(true);
    expect(after.keys).toHaveLength(2 * PURPOSES.length);

    // The same agent, with a client that knows nothing of before.
    const fresh = await gateway.newAgent();
    const { id } = await fresh.client.submit('human.handoff', { topic: 'Help', message: 'Again', urgency: 'normal' });
    await fresh.client.waitForTurn(id);
    const receipts = [receipt, await fresh.client.receipt(id)];
    for (const each of receipts) expect((await verifyReceipt(each, { keys: after })).verdict).toBe('valid');
    // The agent it was issued to, which knew the old keys.
    const opened = await agent.client.submit('contract.renew', { contract: 'K-1001' }, mandate);
    expect((await agent.client.waitForTurn(opened.id)).state).toBe('negotiating');

    // A receipt dated after its key's end is refused.
    const gone = { keys: after.keys.map((key) => (key.exp === undefined ? key : { ...key, exp: 1 })) };
    expect((await verifyReceipt(receipt, { keys: gone })).verdict).not.toBe('valid');
  });

  it('E16: is not replaced under a running gateway', async () => {
    await expect(rotateKey(gateway.config.data_dir, 'log')).rejects.toThrow('another gateway process');
  });
});
