import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { OperationView } from '../../protocol/operation.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { type SmallDisk, smallDisk } from '../support/small-disk.ts';

const DISK_MIB = 8;
/** Requests that write, until the log that is written ahead finds no room for one more. */
const WRITES_MAX = 3_000;

let disk: SmallDisk | undefined;
let gateway: TestGateway | undefined;
afterEach(async () => {
  disk?.clear();
  await gateway?.stop();
  disk?.remove();
  [disk, gateway] = [undefined, undefined];
});

/** What the gateway answered with, in order; `wait` is not waited for in these tests. */
function seen(statuses: (readonly [status: number, problem: string, retryAfter: string | null])[]): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const text = await response.clone().text();
    statuses.push([response.status, /"type":"([^"]*)"/.exec(text)?.[1] ?? '', response.headers.get('retry-after')]);
    return response;
  };
}

async function started(): Promise<{ gateway: TestGateway; disk: SmallDisk }> {
  disk = smallDisk(DISK_MIB);
  if (disk === undefined) throw new Error('no disk');
  gateway = await startTestGateway({ faults: true, config: { data_dir: join(disk.path, 'data') } });
  return { gateway, disk };
}

async function opened(gateway: TestGateway, agent: TestAgent): Promise<OperationView> {
  const mandate = await gateway.mandateFor(agent);
  const opening = await agent.client.submit(
    'contract.renew',
    { contract: 'K-1001', proposal: { term_months: 36 } },
    mandate,
  );
  return agent.client.waitForTurn(opening.id);
}

const written = async ({ crm }: TestGateway, id: string) =>
  (await crm.ledger()).filter(({ external_id }) => external_id.startsWith(id));

/** Writes through the front door until it answers 507. */
async function exhaust(gateway: TestGateway, disk: SmallDisk): Promise<void> {
  disk.fill();
  const statuses: Parameters<typeof seen>[0] = [];
  const agent = await gateway.newAgent({ registered: false, fetch: seen(statuses) });
  for (let n = 0; n < WRITES_MAX; n += 1) {
    void agent.client.register({ name: `Agent ${n} ${'x'.repeat(100)}` }).catch(() => undefined);
    await sleep(3);
    if (n % 50 === 0) disk.fill();
    if (statuses.some(([status]) => status === 507)) return;
  }
  throw new Error(`never full: ${JSON.stringify(statuses.slice(-3))}`);
}

const probe = smallDisk(1);
probe?.remove();

describe.skipIf(probe === undefined)('a gateway on a disk that fills', () => {
  it('E9: refuses every change before any effect, goes on reading, also after a start, and recovers by itself', {
    timeout: 120_000,
  }, async () => {
    const begun = await started();
    const statuses: Parameters<typeof seen>[0] = [];
    const agent = await begun.gateway.newAgent({ fetch: seen(statuses) });
    const talk = await opened(begun.gateway, agent);
    const { gateway, disk } = begun;
    await exhaust(gateway, disk);
    expect(gateway.log.some(({ event }) => event === 'store.full')).toBe(true);

    statuses.length = 0;
    const late = agent.client.submit('human.handoff', { topic: 'Help', message: 'Please call', urgency: 'normal' });
    late.catch(() => undefined);
    await expect.poll(() => statuses.length).toBeGreaterThan(0);
    expect(statuses[0]).toEqual([507, 'urn:parley:problem:insufficient-storage', '10']);
    expect((await agent.client.read(talk.id)).state).toBe(talk.state);

    disk.clear();
    // The client's own repetition, with the same key.
    const taken = await late;
    expect(gateway.log.some(({ event }) => event === 'store.room')).toBe(true);
    expect((await agent.client.waitForTurn(taken.id)).state).not.toBe('received');
    await expect.poll(async () => (await written(gateway, taken.id)).length).toBe(1);
    expect(gateway.log.filter(({ event }) => /fatal|bug/.test(event))).toEqual([]);
  });

  it('E9: starts with no room and answers reads, or waits for room, and never ends over it', {
    timeout: 120_000,
  }, async () => {
    const begun = await started();
    const { gateway, disk } = begun;
    const agent = await gateway.newAgent();
    const talk = await opened(gateway, agent);
    await exhaust(gateway, disk);
    const again = gateway.restart().then(() => true);
    disk.fill();
    const up = await Promise.race([again, sleep(3_000).then(() => false)]);
    if (up) expect((await agent.client.read(talk.id)).state).toBe(talk.state);
    disk.clear();
    expect(await again).toBe(true);
    expect((await agent.client.read(talk.id)).state).toBe(talk.state);
    await agent.client.withdraw(talk.id);
    expect(gateway.log.filter(({ event }) => /fatal|bug/.test(event))).toEqual([]);
  });

  it('E9: writes nothing whose intent found no room, and settles by reading what was written when its outcome found none', {
    timeout: 120_000,
  }, async () => {
    const begun = await started();
    const { gateway, disk } = begun;
    const agent = await gateway.newAgent();
    const help = { topic: 'Help', message: 'Please call', urgency: 'normal' };
    await gateway.crm.fault({ op: 'write', kind: 'delay', ms: 6_000 });
    // Its intent is stored, and the CRM takes its time; meanwhile the disk fills.
    const first = await agent.client.submit('human.handoff', help);
    await expect.poll(async () => (await agent.client.read(first.id)).state).toBe('executing');
    await exhaust(gateway, disk);
    // The CRM has done it; nobody could note so.
    await expect.poll(async () => (await written(gateway, first.id)).length).toBe(1);
    await sleep(1_500);
    expect((await agent.client.read(first.id)).state).toBe('executing');
    expect(await gateway.crm.ledger()).toHaveLength(1);
    disk.clear();
    const ended = await agent.client.waitForTurn(first.id);
    expect(ended.state).toBe('completed');
    expect(await written(gateway, first.id)).toHaveLength(1);
    expect(gateway.log.filter(({ event }) => /fatal|bug/.test(event))).toEqual([]);
  });
});
