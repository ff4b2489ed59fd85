/** What happens between an adapter and its CRM: somebody edits, a proxy answers, an index is behind, a request arrives late. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { PlanStep } from '../../sdk/index.ts';
import { type Bench, eachAction, said, settle, tally } from '../bench.ts';
import { must } from '../outcome.ts';
import type { Reply, Sent } from '../recorder.ts';
import type { Rule } from '../rule.ts';

const GUARD = 'Send the planned version as the write’s own condition: what is compared before it may have changed.';

/** 18 */
export const editIsNotWrittenOver: Rule = {
  number: 18,
  title: 'an edit between the last read and the write is not written over',
  run: (bench) =>
    eachAction(
      bench,
      ({ conflict }) => (conflict === 'none' ? 'declares conflict none' : undefined),
      async (action, { conflict }) => {
        const { about } = await bench.prepare(action);
        if (about === undefined) return 'changes no existing record';
        await edited(bench, action, conflict);
        // What is only detected afterwards cannot be kept from happening twice.
        if (conflict !== 'detect') await raced(bench, action);
        return undefined;
      },
    ),
};

async function edited(bench: Bench, action: string, conflict: string): Promise<void> {
  const { adapter, ctx, rig, recorder } = bench;
  const { step, about } = await bench.fresh(action);
  if (about === undefined) return;
  const since = await bench.mark();
  let isEdited = false;
  recorder.between((sent) => {
    if (isEdited || !bench.isWrite(sent)) return undefined;
    isEdited = true;
    return rig.edit(about.ref, about.edit).then(() => undefined);
  });
  const done = await settle(adapter.execute(ctx(), step));
  recorder.between(undefined);
  // Its requests do not pass here.
  if (!isEdited) return;
  if (conflict === 'detect' && done.ok) {
    const { state } = await adapter.verify(ctx(), step);
    // What others wrote beside it stands, or it is told.
    const record = await rig.record(about.ref);
    const stands = Object.entries(about.edit).every(([field, value]) => isDeepStrictEqual(record[field], value));
    must(
      state === 'diverged' || stands,
      `an edit before the write is gone, and verify says ${state}`,
      'Declared detect: say diverged.',
    );
    return;
  }
  must(said(done) === 'conflict', `edited before the write, execute says ${said(done)}`, GUARD);
  must((await since()).length === 0, 'the edit was written over', GUARD);
}

/** Two operations, each with its own key, on one version: not both. */
async function raced(bench: Bench, action: string): Promise<void> {
  const { adapter, ctx } = bench;
  const { step } = await bench.fresh(action);
  const other: PlanStep = { ...step, idempotencyKey: `${bench.operation()}:${step.id}` };
  const all = await Promise.all([step, other].map((each) => settle(adapter.execute(ctx(), each))));
  const applied = all.filter((each) => each.ok && each.value.state === 'applied').length;
  must(applied <= 1, `two on one version, at once: ${tally(all)}`, GUARD);
}

const PROXY: Reply = {
  status: 404,
  headers: { 'content-type': 'text/html' },
  body: '<html><head><title>404 Not Found</title></head><body>nginx</body></html>',
};
const LOOK = 'Believe that something is not there only in the CRM’s own words; anything else is an error.';
const HELD_MS = 300;

/** 19 */
export const strangersAreNoWord: Rule = {
  number: 19,
  title: 'what a proxy, a late index or a late request says is not believed',
  run: (bench) =>
    eachAction(
      bench,
      ({ idempotency }) => (idempotency === 'none' ? 'declares idempotency none' : undefined),
      async (action, { idempotency }) => {
        const before = bench.recorder.dispatched();
        await proxied(bench, action);
        if (bench.recorder.dispatched() === before) return 'its requests do not pass the kit';
        // A lookup may be behind: that is what `settlesWithinMs` is for, and the gateway waits for it.
        if (idempotency === 'lookup') return undefined;
        await behind(bench, action);
        await heldUp(bench, action);
        return undefined;
      },
    ),
};

/** A write was done; then something in between answers every read. */
async function proxied(bench: Bench, action: string): Promise<void> {
  const { adapter, ctx, recorder } = bench;
  const { step, about } = await bench.fresh(action);
  await adapter.execute(ctx(), step);
  const since = await bench.mark();
  recorder.between((sent) => (bench.isWrite(sent) ? undefined : Promise.resolve(PROXY)));
  const looked = await settle(adapter.verify(ctx(), step));
  const read = about === undefined ? undefined : await settle(adapter.read(ctx(), about.ref));
  const again = await settle(adapter.execute(ctx(), step));
  recorder.between(undefined);
  const state = looked.ok ? looked.value.state : 'unknown';
  must(state === 'unknown' || state === 'applied', `a proxy’s 404 makes verify say ${state}`, LOOK);
  must(
    read === undefined || read.ok || read.error.code !== 'not_found',
    'a proxy’s 404 makes a read say not_found',
    LOOK,
  );
  const effects = (await since()).length;
  must(effects === 0, `behind a proxy’s 404 a repeat (${said(again)}) wrote again`, LOOK);
}

/** Reads are answered as they were before the write: whoever claims a key that the CRM keeps unique writes once all the same. */
async function behind(bench: Bench, action: string): Promise<void> {
  const { adapter, ctx, recorder } = bench;
  const { step } = await bench.fresh(action);
  const old = new Map<string, Reply>();
  recorder.hears((sent, reply) => void (bench.isWrite(sent) ? undefined : old.set(keyOf(sent), reply)));
  await adapter.verify(ctx(), step);
  recorder.hears(undefined);
  await adapter.execute(ctx(), step);
  const since = await bench.mark();
  recorder.between((sent) => {
    const reply = bench.isWrite(sent) ? undefined : old.get(keyOf(sent));
    return reply === undefined ? undefined : Promise.resolve(reply);
  });
  const again = await settle(adapter.execute(ctx(), step));
  recorder.between(undefined);
  must(
    (await since()).length === 0,
    `with reads that are behind, a repeat (${said(again)}) wrote again`,
    'A search that may be behind is no key: let the CRM keep the key unique, or declare idempotency lookup.',
  );
}

const keyOf = ({ method, path, body = '' }: Sent): string => `${method} ${path} ${body}`;

/** The first request is held up on its way, given up on and repeated; then it arrives. */
async function heldUp(bench: Bench, action: string): Promise<void> {
  const { adapter, ctx, recorder } = bench;
  const { step } = await bench.fresh(action);
  const since = await bench.mark();
  let arrive: (() => Promise<void>) | undefined;
  recorder.between((sent, again) => {
    if (arrive !== undefined || !bench.isWrite(sent)) return undefined;
    arrive = again;
    return sleep(2 * HELD_MS, undefined);
  });
  await settle(adapter.execute(ctx(HELD_MS), step));
  recorder.between(undefined);
  const second = await settle(adapter.execute(ctx(), step));
  const effects = (await since()).length;
  if (arrive === undefined || !second.ok) return;
  await arrive();
  const now = (await since()).length;
  must(
    now === effects,
    `a request that arrived late wrote again: ${now} effects instead of ${effects}`,
    'Send the step’s own key with every write, and let the CRM keep it unique.',
  );
}
