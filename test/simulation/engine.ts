/** The engine on a virtual clock, with a CRM that fails and a process that dies: one run of everything that can be chosen. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { essenceOf } from '../../adapters/sdk/dated.ts';
import { AdapterError } from '../../adapters/sdk/index.ts';
import { digest } from '../../protocol/base/canonical.ts';
import { refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { isFinalState } from '../../protocol/operation.ts';
import type { Operation } from '../../src/engine/operation.ts';
import type { Ask, World } from '../../src/engine/world.ts';
import { write } from '../../src/engine/write.ts';
import { complete } from '../../src/execution/complete.ts';
import { makeMandates } from '../../src/identity/mandate/mandates.ts';
import { type Features, makePipeline } from '../../src/pipeline.ts';
import { loadCompanyKeys } from '../../src/platform/company-keys.ts';
import { makeIds } from '../../src/platform/world-sources.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { makeSqliteWatches } from '../../src/store/watches-sqlite.ts';
import { makeFollower } from '../../src/watch/follow.ts';
import { claimedWrong, drawClaims } from './claims.ts';
import { Crash, makeSimulatedCrm, type Tape } from './crm.ts';
import { endedWrong, lateOn, mine, receiptedWrong, same, unsettled } from './judge.ts';
import { drawGift, passedWrong, passesLimit } from './limits.ts';
import { ACTIONS, AGENT, COMMITTED, facts, GROUNDS, HOUR_MS, START_MS } from './setting.ts';

/** Few enough for several operations on one. */
const THINGS = ['t0', 't1'];
const OPERATIONS_MAX = 4;
const CHOICES = 12;
/** Rounds of an hour in which everything that was begun must end, once nothing fails any more. */
const CALM_ROUNDS = 200;
/** How many days ahead what is asked for may be. */
const DAYS_AHEAD = 4;

const keys = await loadCompanyKeys(join(mkdtempSync(join(tmpdir(), 'parley-sim-')), 'keys.json'));

const aboutSame = (a: Operation, b: Operation | undefined) => a.input['first'] === b?.input['first'];
const needsPerson = ({ input }: Operation) => input['asks'] === true;

/** Runs what the tape says, then lets everything end. Gives what must not be. */
export async function simulate(tape: Tape): Promise<readonly string[]> {
  let nowMs = START_MS;
  let revokedAt: number | undefined;
  /** Since when nobody can read what was revoked. */
  let closedAt: number | undefined;
  /** When policy began to want a person for everything. */
  let strictAt: number | undefined;
  const clock = { now: () => new Date(nowMs) };
  const wrong: string[] = [];
  const crm = makeSimulatedCrm(tape, clock.now);
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  let count = 0;
  const ids = makeIds(clock, (bytes) => {
    count += 1;
    const made = new Uint8Array(bytes);
    new DataView(made.buffer).setUint32(bytes - 4, count);
    return made;
  });
  const world: World = {
    clock,
    ids,
    log: () => undefined,
    store,
    keys,
    crm: crm.adapter,
    actions: {
      action: (name) => ACTIONS.get(name),
      checkEnvelope: (_verb, value) => ok(value as JsonObject),
    },
    mandates: makeMandates({
      issuers: new Map([['i', { tier: 'principal', keys: [], subjects: ['contact:c'], accounts: ['acc'] }]]),
      store,
      statusList: { check: async () => ok(undefined) },
      origin: 'http://127.0.0.1:1',
      unreadable: () => (closedAt === undefined ? undefined : 'a line'),
    }),
    settings: {
      origin: 'http://127.0.0.1:1',
      company: 'C',
      timeZone: 'UTC',
      logOrigin: 'log',
      human: { channel: 'tel:1', respondWithinMinutes: 15, hours: 'always' },
      endpoints: [],
      signoffLifetimeSeconds: 14_400,
      observationDays: 1,
    },
  };
  const never = async () => err(refusal('not-found'));
  const features: Features = {
    judge: (operation, _plan, terms) => ({
      required: strictAt !== undefined || needsPerson(operation) || passesLimit(world, operation, terms),
      role: 'approver',
      reasons: [],
    }),
    countersign: async () => undefined,
    // Nothing is negotiated here.
    negotiation: { counter: never, accept: never, personCounters: never } as unknown as Features['negotiation'],
    negotiates: () => false,
    complete: (operation, attempts) => complete(world, operation, attempts),
  };
  const pipeline = makePipeline(world, features, { wake: () => undefined, changed: () => undefined });
  const watches = makeSqliteWatches(store.db);
  const newFollower = () => makeFollower({ world, watches, recordSeen: pipeline.recordSeen });
  let follower = newFollower();
  /** Operations whose write this very process began. */
  let continuing = new Set<string>();

  crm.onSent((step) => {
    const id = step.idempotencyKey.slice(0, step.idempotencyKey.lastIndexOf(':'));
    const now = store.operation(id);
    const attempt = now?.attempts.at(-1);
    const agreed = now?.plan?.plan.steps.find((each) => each.id === step.id);
    const planned = attempt?.as ?? agreed;
    if (now?.state !== 'executing' || attempt?.step !== step.id) wrong.push(`${id}: sent without a recorded intent`);
    if (agreed !== undefined && planned !== undefined && !same(essenceOf(agreed), essenceOf(planned)))
      wrong.push(`${id}: sent on its day what was not agreed on`);
    if (nowMs < Date.parse(step.not_before ?? '')) wrong.push(`${id}: sent before its day`);
    if (now === undefined || planned === undefined || !same(planned, step))
      wrong.push(`${id}: sent what was not planned`);
    const approved = now?.signoffs.some(
      ({ planDigest, decision }) => decision?.kind === 'approved' && planDigest === now.plan?.digest,
    );
    if (now !== undefined && now.plan?.digest !== digest(now.plan?.plan))
      wrong.push(`${id}: the plan is not what was digested`);
    // The last time this step's write was allowed: a later step, and one that is made again, is begun by itself.
    const started = Date.parse(now?.attempts.at(-1)?.intentAt ?? '');
    const asks = now !== undefined && (needsPerson(now) || (strictAt !== undefined && started > strictAt));
    if (asks && approved !== true) wrong.push(`${id}: sent without a person’s yes to this plan`);
    if (revokedAt !== undefined && started > revokedAt) wrong.push(`${id}: begun after the mandate was revoked`);
    const beside = all().filter(
      (each) => each.id !== id && each.action === 'sim.agree' && COMMITTED.has(each.state) && aboutSame(each, now),
    );
    if (now?.action === 'sim.agree' && beside.length > 0) wrong.push(`${id}: sent beside ${beside[0]?.id}`);
    if (closedAt !== undefined && started > closedAt)
      wrong.push(`${id}: begun while nobody could say what was revoked`);
  });

  /** Everything that lived in the process is gone. */
  function crash(): void {
    continuing = new Set();
    follower = newFollower();
  }

  async function orCrash(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (thrown) {
      if (!(thrown instanceof Crash)) throw thrown;
      crash();
    }
  }

  /** A round that one record ends early is begun again at the next. */
  const follow = () =>
    follower.follow().catch((thrown: unknown) => {
      if (!(thrown instanceof AdapterError && thrown.code === 'retryable')) throw thrown;
    });

  async function workOn(operation: Operation): Promise<void> {
    const change = await pipeline.work(operation, continuing.has(operation.id));
    if (change === undefined) return;
    if (tape.draw(20) === 1) throw new Crash('before the commit');
    const written = await write(store, change);
    if (written.ok && written.value.committed.ok) continuing.add(operation.id);
    else continuing.delete(operation.id);
    if (tape.draw(20) === 1) throw new Crash('after the commit');
  }

  const ask = (verb: Ask['verb'], target: string, body: JsonObject) =>
    pipeline.ask({
      caller: {
        keyid: AGENT as Operation['agent']['keyid'],
        proof: 'signature',
        via: 'sim',
        grant: facts,
        evidence: { digest: 'd', signature: 's', signatureInput: 'i' },
      },
      verb,
      target,
      key: `key-${ids.secret(12)}`,
      body,
    });

  const pick = <T>(list: readonly T[]): T | undefined => list[tape.draw(Math.max(1, list.length))];
  const all = () => store.newest(OPERATIONS_MAX * 2).filter(({ action: name }) => ACTIONS.has(name));

  async function decide(kind: 'approved' | 'rejected'): Promise<void> {
    const operation = pick(all().filter(({ signoffs }) => signoffs.length > 0));
    // Sometimes an old one, as from a page left open.
    const signoff = operation?.signoffs[operation.signoffs.length - 1 - tape.draw(operation.signoffs.length)];
    if (operation === undefined || signoff === undefined) return;
    const decision = { signoff: signoff.id, planDigest: signoff.planDigest, kind };
    await pipeline.decide(operation.id, decision, { id: 'p', roles: ['approver'] }, 'page');
  }

  async function one(): Promise<void> {
    crm.settle();
    switch (tape.draw(CHOICES)) {
      case 1:
        nowMs += 1_000 * (1 + tape.draw(20));
        return;
      case 2:
        nowMs += HOUR_MS * (1 + tape.draw(5));
        return;
      case 3: {
        if (all().length >= OPERATIONS_MAX) return;
        const [first, second] = [pick(THINGS), tape.draw(2) === 1 ? pick(THINGS) : undefined];
        const later = tape.draw(2) === 1 ? { later: dayAfter(nowMs, tape.draw(DAYS_AHEAD)) } : {};
        const again = 'later' in later && tape.draw(2) === 1 ? { again: first ?? 't0' } : {};
        const makes = tape.draw(3) === 1 ? { makes: true, keeps: tape.draw(2) === 1 } : {};
        const other = { ...makes, ...(second === undefined || second === first ? {} : { second }), ...later, ...again };
        await ask('submit', tape.draw(3) === 1 ? 'sim.agree' : 'sim.write', {
          input: {
            first: first ?? 't0',
            ...other,
            value: 1 + tape.draw(3),
            asks: tape.draw(2) > 0,
            ...drawClaims(tape),
            ...drawGift(tape),
          },
        });
        return;
      }
      case 4:
        return crm.edit(pick(THINGS) ?? 't0', tape.draw(4));
      case 5:
      case 6:
        return decide('approved');
      case 7:
        return tape.draw(3) === 1 ? decide('rejected') : undefined;
      case 8: {
        const operation = pick(all());
        if (operation !== undefined && tape.draw(4) === 1)
          await ask(tape.draw(2) === 0 ? 'withdraw' : 'handoff', operation.id, {});
        else if (operation !== undefined && tape.draw(8) === 1) await pipeline.cancel(operation.id, 'No.', { id: 'p' });
        return;
      }
      case 9:
        return orCrash(follow);
      case 10:
        switch (tape.draw(30)) {
          case 1: {
            revokedAt ??= nowMs;
            const { kind, id } = pick(GROUNDS) ?? { kind: 'mandate', id: 'm' };
            return store.revoke(kind, id, clock.now().toISOString(), 'sim');
          }
          case 2:
            strictAt ??= nowMs;
            return;
          case 3:
          case 4:
            closedAt = closedAt === undefined ? nowMs : undefined;
            return;
          default:
            return;
        }
      default: {
        const due = pick(store.due(nowMs, OPERATIONS_MAX));
        if (due !== undefined) await orCrash(() => workOn(due));
      }
    }
  }

  while (!tape.ended()) await one();

  // Nothing fails any more, and people answer.
  closedAt = undefined;
  crm.heal();
  // Not what its day has come for and something else still keeps waiting.
  const waiting = all().filter(
    ({ state, schedule }) => state === 'scheduled' && Date.parse(schedule?.at ?? '') > nowMs,
  );
  for (let round = 0; round < CALM_ROUNDS && all().some(unsettled); round += 1) {
    nowMs += HOUR_MS;
    crm.settle();
    await follow();
    for (let steps = 0; steps < 100; steps += 1) {
      const [due] = store.due(nowMs, 1);
      if (due === undefined) break;
      await orCrash(() => workOn(due));
    }
  }
  nowMs += 30 * 24 * HOUR_MS;
  crm.settle();
  await follow();

  for (const operation of all())
    wrong.push(
      ...endedWrong(
        operation,
        crm.written.map(({ key }) => key),
        crm.mode !== 'none',
      ),
      // Without keys, what a record says is all there is to see.
      ...(crm.mode === 'none' ? [] : receiptedWrong(operation, crm.written)),
    );
  wrong.push(...waiting.flatMap(({ id, version }) => lateOn(store.operation(id), version, crm.written)));
  const keysWritten = crm.written.map(({ key }) => key);
  // Without keys, what somebody else wrote may pass for the taking back.
  const believedBack = crm.mode === 'none' ? all().filter(({ state }) => state === 'reversed') : [];
  const standing = keysWritten.filter((key) => !believedBack.some(({ id }) => mine(key, id)));
  wrong.push(...claimedWrong(store, all(), standing), ...passedWrong(all(), standing));
  const receipts = all().filter(({ state, receipt }) => isFinalState(state) && receipt === undefined);
  wrong.push(...receipts.map(({ id }) => `${id}: ended without a receipt`));
  store.close();
  return wrong;
}

/** The day so many days after this one, `2027-06-01`. */
const dayAfter = (ms: number, days: number): string => new Date(ms + days * 24 * HOUR_MS).toISOString().slice(0, 10);
