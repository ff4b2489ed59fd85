/** A gateway that is killed while customers work with it, and the count of what its CRM has seen. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { freePort, gatewayProcess } from '../../demo/process.ts';
import { isFinalState, type OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { type Client, makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';
import { APPROVER, testConfig, testMandate } from '../support/config.ts';
import type { TestCrm } from '../support/crms.ts';
import { approveSigned } from '../support/person.ts';

/** What goes wrong in one round. */
export interface Trouble {
  /** What happens to the next writes in the CRM. `delay`: it has the request and has not yet done it. `-after`: it has done it. */
  readonly faults: readonly string[];
  /** What happens to so many reads from then on: which of the CRM's own read faults, by number. */
  readonly reads: readonly number[];
  /** While the agents talk, while people think, while the CRM is written: `kill -9` after so many milliseconds, and a start. */
  readonly kills: readonly { readonly during: 'talk' | 'thought' | 'write'; readonly afterMs: number }[];
}

export interface Counted {
  readonly operations: number;
  readonly kills: number;
  /** Operations acknowledged and not completed, or completed and not in the CRM: what became of each. */
  readonly lost: readonly string[];
  /** Operations with more writes than an undisturbed one, and writes of no known operation. */
  readonly doubled: readonly string[];
  readonly unproven: readonly string[];
  /** Receipts that say something else than the CRM's own ledger. */
  readonly untrue: readonly string[];
  /** Operations that a person has to settle: only where a write can no more than be looked up. */
  readonly asked: readonly string[];
}

const FAULT_MS = 400;
const RENEWALS = 4;
/** Where some wait for a person, others are renewed. */
const CONTRACTS = 40;
const CASES = 2;
const ANSWER_TRIES = 120;
const PATIENCE_MS = 30_000;
const ASKS_MAX = 5;
/** Where a write that was not found is looked for, for minutes, the round goes on, and it is counted in the end. */
const LOOKUP_PATIENCE_MS = 8_000;
const LAST_PATIENCE_MS = 240_000;
const OPEN = ['authorized', 'executing', 'unknown', 'reconciling', 'needs_human'];
const RULES = [
  {
    name: 'long',
    when: 'action == "contract.renew" && terms.term_months > 24',
    role: 'approver',
    reason: 'The term is longer than two years.',
  },
];

export const anyTrouble: fc.Arbitrary<Trouble> = fc.record({
  faults: fc.array(fc.constantFrom('delay', 'hang-after', '500-after', 'reset-after', '500-before', 'refuse', '429'), {
    maxLength: 5,
  }),
  reads: fc.array(fc.nat({ max: 2 }), { maxLength: 3 }),
  kills: fc.uniqueArray(
    fc.record({
      during: fc.constantFrom('talk' as const, 'thought' as const, 'write' as const),
      afterMs: fc.integer({ min: 0, max: 700 }),
    }),
    { minLength: 1, maxLength: 2, selector: ({ during }) => during },
  ),
});

export type CrashRig = Awaited<ReturnType<typeof makeCrashRig>>;

export async function makeCrashRig(open: (db: string) => Promise<TestCrm>) {
  const directory = mkdtempSync(join(tmpdir(), 'parley-crash-'));
  const crm = await open(join(directory, 'crm.db'));
  const [agent, principal] = [await newAgentKey(), await newAgentKey()];
  const origin = `http://127.0.0.1:${await freePort()}`;
  const subject = `contact:${crm.contact}`;
  const accounts = [...new Set(Array.from({ length: CONTRACTS }, (_, n) => crm.account(n)))];
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const config = {
    ...testConfig({ origin, crm: crm.config, principal, subjects: [subject], accounts }),
    webhooks: [{ name: 'desk', url: 'http://127.0.0.1:9/' }],
    signoff: { rules: RULES, answers_by: ['desk'] },
    // Often enough to be under way when the process is killed.
    watch: { poll_seconds: 1 },
  };
  const path = join(directory, 'parley.json');
  writeFileSync(path, JSON.stringify(config));
  const gateway = gatewayProcess(path, { ...crm.secrets, PARLEY_WEBHOOK_SECRET_DESK: secret });
  await gateway.start();
  const client: Client = makeClient({ gateway: origin, key: agent, journal: memoryJournal() });
  await client.register({ name: 'Crash test' });
  const mandate = await testMandate(principal, agent, subject, {
    actions: ['contract.renew', 'refund.request'],
    accounts,
  });
  const keys = { keys: (await client.discover())['keys'] };
  const known = new Set<string>();
  let rounds = 0;
  let writes = (await crm.ledger()).length;

  /** Never waits for ever: an operation that does not move is what this looks for. */
  async function settled(
    id: string,
    seen?: (view: OperationView) => boolean,
    patienceMs = PATIENCE_MS,
  ): Promise<OperationView> {
    const waited = client.waitForTurn(id, seen);
    const late = sleep(patienceMs).then(() => client.read(id));
    return Promise.race([waited, late]);
  }

  /** A renewal up to the moment a person is asked; every one differs, so that each has something to write. */
  async function agree(n: number): Promise<OperationView> {
    await crm.lapse(n);
    const proposal = { term_months: 36, seats: 25 + ((rounds + n) % 400) };
    const opening = await client.submit('contract.renew', { contract: crm.contract(n), proposal }, mandate);
    const talk = await settled(opening.id);
    const offer = talk.offers?.at(-1);
    if (offer === undefined) throw new Error(`no offer: ${JSON.stringify(talk)}`);
    await client.accept(talk, offer);
    return asked(talk);
  }

  /** Money back, up to the moment a person is asked. */
  async function claim(order: string): Promise<OperationView> {
    const amount = { amount: 1, currency: 'EUR' };
    const input = { order, want: 'refund', reason: 'It arrived broken.', amount };
    return asked(await client.submit('refund.request', input, mandate));
  }

  async function asked({ id }: OperationView): Promise<OperationView> {
    const view = await settled(id, ({ state }) => state === 'awaiting_signoff');
    if (view.state !== 'awaiting_signoff') throw new Error(`nobody is asked: ${JSON.stringify(view)}`);
    return view;
  }

  /** A person's signed answer, repeated until it is taken: people do that too. */
  async function approve({ id: operation, signoff }: OperationView): Promise<void> {
    const plan = { id: String(signoff?.id), plan_digest: String(signoff?.plan_digest), approver: APPROVER.id };
    for (let tries = 0; tries < ANSWER_TRIES; tries += 1) {
      const status = await approveSigned(origin, secret, plan);
      if (status === 200) return;
      // The plan is another since: whoever is asked again looks again.
      if (status === 410) {
        const anew = await settled(operation, ({ state }) => state === 'awaiting_signoff');
        return anew.state === 'awaiting_signoff' && anew.signoff?.id !== signoff?.id ? approve(anew) : undefined;
      }
      if (status !== 0 && status < 500) throw new Error(`the approval was refused: ${status}`);
      await sleep(250);
    }
    throw new Error('the approval was never taken');
  }

  async function killed<T>(work: Promise<T>, afterMs: number | undefined): Promise<T> {
    if (afterMs === undefined) return work;
    // Observed later; a failure in between is not unhandled.
    work.catch(() => undefined);
    await sleep(afterMs);
    await gateway.kill();
    await gateway.start();
    return work;
  }

  /** Renewals, refunds and cases side by side, through one trouble. */
  async function round({ faults, reads, kills }: Trouble): Promise<Counted> {
    rounds += 1;
    const when = (phase: string) => kills.find(({ during }) => during === phase)?.afterMs;
    const numbers = Array.from({ length: CONTRACTS }, (_, n) => n)
      .filter((n) => !taken.has(n))
      .slice(0, RENEWALS);
    const talks = Promise.all([...numbers.map(agree), ...crm.orders.map(claim)]);
    const agreed = await killed(talks, when('talk'));
    await killed(Promise.resolve(), when('thought'));
    for (const kind of faults) await crm.fault({ op: 'write', kind, ms: FAULT_MS });
    for (const kind of reads.flatMap((each) => crm.readFaults[each] ?? []))
      await crm.fault({ op: 'read', kind, ms: FAULT_MS });
    const topic = `Round ${rounds}`;
    const open = async (): Promise<OperationView> => {
      const view = await client.submit('human.handoff', { topic, message: 'Please call', urgency: 'normal' });
      if (!crm.asksForAll) return view;
      const waiting = await asked(view);
      await approve(waiting);
      return waiting;
    };
    const cases = Promise.all(Array.from({ length: CASES }, open));
    const writing = Promise.all([...agreed.map(approve), cases]);
    await killed(writing, when('write'));
    await crm.clearFaults();
    const all = [...agreed, ...(await cases)];
    const patienceMs = crm.isLookedUp ? LOOKUP_PATIENCE_MS : PATIENCE_MS;
    const now = await Promise.all(all.map(({ id }) => decided(id, patienceMs)));
    const unsettled = crm.isLookedUp ? now.filter(({ state }) => OPEN.includes(state)) : [];
    pending.push(...unsettled);
    for (const [at, n] of numbers.entries()) if (unsettled.some(({ id }) => id === agreed[at]?.id)) taken.add(n);
    for (const { id } of all) known.add(id);
    // Who was told by the CRM that the record cannot take the action was refused, not forgotten.
    const isBehind = reads.some((each) => crm.readFaults[each] === 'stale-read');
    const refused = isBehind ? now.filter(({ state }) => state === 'rejected') : [];
    const counted = await count(
      now.filter((each) => !unsettled.includes(each)),
      refused,
    );
    return { ...counted, operations: all.length, kills: kills.length };
  }

  /** A read from before the last change voids what was approved at the last gate: people are asked again, and say yes again. */
  async function decided(id: string, patienceMs: number): Promise<OperationView> {
    for (let asks = 0; ; asks += 1) {
      const view = await settled(id, (each) => isOver(each) || each.state === 'awaiting_signoff', patienceMs);
      if (view.state !== 'awaiting_signoff' || asks === ASKS_MAX) return view;
      await approve(view);
    }
  }

  /** What was left open on the way, when everything had its time. */
  async function last(): Promise<Counted> {
    const ended = await Promise.all(pending.splice(0).map(({ id }) => settled(id, isOver, LAST_PATIENCE_MS)));
    return { ...(await count(ended)), operations: 0, kills: 0 };
  }

  async function count(
    ended: readonly OperationView[],
    refused: readonly OperationView[] = [],
  ): Promise<Omit<Counted, 'operations' | 'kills'>> {
    const ledger = await crm.ledger();
    const lost: string[] = [];
    const doubled: string[] = [];
    const unproven: string[] = [];
    const untrue: string[] = [];
    const asked: string[] = [];
    for (const view of ended) {
      const { id, action, state } = view;
      const types = ledger.filter(({ key }) => key.startsWith(id)).map(({ type }) => type);
      const expected = refused.includes(view) ? [] : (usual.get(action) ?? types);
      const story = `${action} ${id} ${state}: ${types.join(' ') || 'nothing'} written`;
      if (state === 'needs_human' && crm.isLookedUp) asked.push(story);
      else if ((state !== 'completed' && !refused.includes(view)) || beyond(expected, types).length > 0)
        lost.push(story);
      if (beyond(types, expected).length > 0) doubled.push(story);
      if (types.length > 0 && state === 'completed') usual.set(action, expected);
    }
    for (const { key, type } of ledger.slice(writes))
      if (![...known].some((id) => key.startsWith(id)))
        doubled.push(`${type} ${key}: of no operation that was asked for`);
    writes = ledger.length;
    for (const { id } of ended.filter(({ state }) => isFinalState(state))) {
      const file = await client.receipt(id);
      const receipt = await verifyReceipt(file, { keys });
      if (receipt.verdict !== 'valid')
        unproven.push(`${id}: ${JSON.stringify(receipt.checks.filter(({ ok }) => !ok))}`);
      const told = effectsOf(file.receipt);
      const held = [...new Set(ledger.flatMap(({ key }) => (key.startsWith(id) ? [key] : [])))];
      if (told.toSorted().join() !== held.toSorted().join())
        untrue.push(`${id}: receipted ${told.join(' ') || 'nothing'}, written ${held.join(' ') || 'nothing'}`);
    }
    return { lost, doubled, unproven, untrue, asked };
  }

  const isOver = ({ state }: OperationView) => isFinalState(state) || state === 'needs_human';
  const pending: OperationView[] = [];
  /** Contracts with an operation that is not over. */
  const taken = new Set<number>();
  /** What an undisturbed operation of each action writes. */
  const usual = new Map<string, readonly string[]>();
  const stop = async () => {
    await gateway.stop();
    await crm.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const first = await round({ faults: [], reads: [], kills: [] });
    const writesNothing = [...usual.values()].some((each) => each.length === 0);
    const { lost, doubled, unproven, untrue, asked } = first;
    if (writesNothing || [lost, doubled, unproven, untrue, asked].some((each) => each.length > 0))
      throw new Error(`undisturbed, and yet: ${JSON.stringify(first)}`);
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    name: crm.name,
    usual: Object.fromEntries(usual),
    round,
    last,
    stop,
  };
}

/** The keys of what a receipt says was written and not taken back, as they are. */
function effectsOf(receipt: string): string[] {
  const payload: { effects: readonly { idempotency_key: string }[] } = JSON.parse(
    Buffer.from(receipt.split('.')[1] ?? '', 'base64url').toString('utf8'),
  );
  return [...new Set(payload.effects.map(({ idempotency_key: key }) => key))];
}

/** What is left of these when each of those has taken its like away. */
function beyond(these: readonly string[], those: readonly string[]): readonly string[] {
  const left = [...these];
  for (const each of those) {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}
