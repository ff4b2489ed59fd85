import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyReceipt } from '../../protocol/receipt-verify.ts';
import { type Client, makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';
import { grantMandate } from '../../src/demo/agent.ts';
import { approveAsPerson } from '../../src/demo/approver.ts';
import { type Stage, setStage } from '../../src/demo/setting.ts';

const ISS = 'https://nordwind.example';
const CONTRACT = 'K-1001';
const LIMIT_MS = 60_000;

let stage: Stage;
let client: Client;
let mandate: string;
let keys: unknown;
let agreed = 0;

beforeAll(async () => {
  const [agent, principal] = [await newAgentKey(), await newAgentKey()];
  const key = { ...principal.publicJwk, kid: principal.keyid };
  stage = await setStage({
    principal: { iss: ISS, key, subjects: ['contact:C-1001'], accounts: ['A-1001'] },
    faults: true,
  });
  client = makeClient({ gateway: stage.origin, key: agent, journal: memoryJournal() });
  await client.register({ name: 'Crash test' });
  mandate = await grantMandate(principal, agent, { iss: ISS, maxTermMonths: 36 });
  keys = (await client.discover())['keys'];
}, LIMIT_MS);

afterAll(() => stage?.strike());

/** A renewal up to the moment a person is asked; every one differs, so that each has something to write. */
async function agree(): Promise<{ readonly id: string; readonly signoff: string }> {
  agreed += 1;
  const opening = await client.submit(
    'contract.renew',
    { contract: CONTRACT, proposal: { term_months: 36, seats: 25 + agreed } },
    mandate,
  );
  const talk = await client.waitForTurn(opening.id);
  const offer = talk.offers?.at(-1);
  if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(talk)}`);
  await client.accept(talk, offer);
  const asked = await client.waitForTurn(opening.id, ({ state }) => state === 'awaiting_signoff');
  return { id: opening.id, signoff: asked.signoff?.id ?? '' };
}

const approve = (signoff: string) =>
  approveAsPerson(stage.origin, `${stage.origin}/console/signoffs/${signoff}`, stage.approver);

async function expectWrittenOnce(id: string): Promise<void> {
  const ended = await client.waitForTurn(id);
  expect(ended.state).toBe('completed');
  const written = (await stage.crm.ledger()).filter(({ external_id }) => external_id.startsWith(id));
  expect(written).toHaveLength(1);
  const receipt = await verifyReceipt(await client.receipt(id), { keys: { keys } });
  expect(receipt.checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(receipt.verdict).toBe('valid');
}

describe('kill -9 in the middle of an execution', () => {
  // `delay`: the CRM has the request and has not yet done it. `hang-after`: it has done it and the answer never comes.
  it.each([
    ['delay', 30],
    ['delay', 250],
    ['hang-after', 200],
    ['500-after', 5],
    ['reset-after', 5],
  ] as const)(
    'CRM fault %s, killed after %i ms: nothing lost, nothing doubled',
    async (kind, afterMs) => {
      const { id, signoff } = await agree();
      await stage.crm.fault({ op: 'write', kind, ms: 400 });
      const approved = approve(signoff);
      await approved;
      await sleep(afterMs);
      await stage.kill();
      await stage.start();
      await expectWrittenOnce(id);
    },
    LIMIT_MS,
  );

  it(
    'at once after the approval was acknowledged',
    async () => {
      const { id, signoff } = await agree();
      await approve(signoff);
      await stage.kill();
      await stage.start();
      await expectWrittenOnce(id);
    },
    LIMIT_MS,
  );

  it(
    'while the person is thinking: the sign-off survives',
    async () => {
      const { id, signoff } = await agree();
      await stage.kill();
      await stage.start();
      await approve(signoff);
      await expectWrittenOnce(id);
    },
    LIMIT_MS,
  );

  it(
    'without a kill, a CRM that answers 500 after writing is read, not written again',
    async () => {
      const { id, signoff } = await agree();
      await stage.crm.fault({ op: 'write', kind: '500-after' });
      await approve(signoff);
      await expectWrittenOnce(id);
      const history = await client.read(id);
      expect(history.state).toBe('completed');
    },
    LIMIT_MS,
  );
});
