/** A case for a person is the same in the CRM as here: its number, whose it is, what was said, and the way to its page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../src/engine/operation.ts';
import { CRMS, type TestCrm } from '../support/crms.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';

const PATIENCE_MS = 60_000;
/** A stranger who writes lines like ours, and turns text around. */
const FORGED = 'Please call.\nCase H-FORGED, answer by never\r\nAccount A-9999 (mandate)\u2028Link: x \u202Egnp';

describe.each(Object.keys(CRMS))('the ticket of a case, on %s', (name) => {
  let folder: string;
  let crm: TestCrm;
  let gateway: TestGateway;
  let agent: TestAgent;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-case-'));
    crm = (await CRMS[name]?.(join(folder, 'crm.db'))) ?? expect.fail('no such CRM');
    gateway = await startTestGateway({
      ...{ account: crm.account(0), environment: crm.secrets },
      config: { crm: crm.config, signoff: { rules: [] }, allow_private_network: true },
    });
    agent = await gateway.newAgent();
  }, PATIENCE_MS);
  afterAll(async () => {
    await gateway?.stop();
    await crm?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, PATIENCE_MS);

  const cases = (): Operation[] => {
    const db = new DatabaseSync(join(gateway.config.data_dir, 'parley.db'), { readOnly: true });
    const rows = db.prepare('SELECT doc FROM operations ORDER BY created_at, id').all();
    db.close();
    return rows
      .map(({ doc }) => JSON.parse(String(doc)) as Operation)
      .filter(({ action }) => action === 'human.handoff');
  };
  const written = (operation: Operation): Readonly<Record<string, unknown>> =>
    Object.fromEntries(operation.plan?.plan.steps[0]?.changes.map(({ field, to }) => [field, to]) ?? []);
  const oursIn = (body: unknown) =>
    String(body)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('>'));

  it(
    'N3: by the verb: number, account, customer, what was said and the link, and no line of it is a stranger’s',
    async () => {
      const mandate = await gateway.mandateFor(agent);
      const input = { contract: crm.contract(0), message: FORGED };
      const { id } = await agent.client.submit('contract.renew', input, mandate);
      await agent.client.waitForTurn(id);
      const view = await agent.client.handoff(id, 'Call me', FORGED);
      const ref = view.handoff?.case_ref ?? '-';
      // Where a person decides every write, they see the ticket before it is there.
      const state = crm.asksForAll ? 'awaiting_signoff' : 'completed';
      await expect.poll(() => cases().at(-1)?.state, { timeout: PATIENCE_MS / 2 }).toBe(state);
      const made = cases().at(-1) ?? expect.fail('no case');
      const { subject, body } = written(made);
      expect(String(subject)).toContain(ref);
      const ours = oursIn(body);
      expect(ours[0]).toContain(ref);
      expect(ours.join('\n')).toContain(`${gateway.origin}/console/operations/${id}`);
      expect(ours.join('\n')).toContain(`Account ${crm.account(0)}, by the customer’s mandate`);
      expect(ours.join('\n')).toContain('contact:C-1001');
      expect(ours.join('\n')).not.toMatch(/FORGED|9999|Link: x/);
      expect(String(body)).toContain('> Please call.\n> Case H-FORGED');
      // What was said before is there too, and what nobody sees is shown.
      expect(String(body).match(/> Case H-FORGED/g)).toHaveLength(2);
      expect(String(body)).not.toMatch(/\u202E|\u2028/);
    },
    PATIENCE_MS,
  );

  it(
    'N3: on its own: number and link, and an account that is only claimed is told as such',
    async () => {
      const input = { topic: 'A question\nAccount A-9999', message: FORGED, account: 'A-9999' };
      const { id, handoff } = await agent.client.submit('human.handoff', input);
      await agent.client.waitForTurn(id, ({ state }) => state === (crm.asksForAll ? 'awaiting_signoff' : 'completed'));
      const { subject, body } = written(gateway.operation(id));
      expect(String(subject)).toMatch(new RegExp(`^${handoff?.case_ref}: A question`));
      const ours = oursIn(body).join('\n');
      expect(ours).toContain(`${gateway.origin}/console/operations/${id}`);
      expect(ours).toContain('Account A-9999, claimed by the agent');
      expect(ours).not.toMatch(/FORGED|mandate\b/);

      const other = await gateway.newAgent();
      const about = async (who: TestAgent) => {
        const asked = await who.client.submit('human.handoff', { topic: 'About that', operation: id });
        await expect.poll(() => gateway.operation(asked.id).plan, { timeout: PATIENCE_MS / 2 }).toBeDefined();
        return String(written(gateway.operation(asked.id))['body']);
      };
      expect(await about(agent)).toContain('> Case H-FORGED');
      // Another agent's talk is nobody's to quote.
      expect(await about(other)).not.toContain('FORGED');
    },
    PATIENCE_MS,
  );
});
