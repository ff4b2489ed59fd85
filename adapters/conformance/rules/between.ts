/** What happens between an adapter and its CRM: somebody edits, a proxy answers, an index is behind, a request arrives late. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { PlanStep } from '../../sdk/index.ts';
import { type Bench, eachAction, said, settle, tally, within } from '../bench.ts';
import { must } from '../outcome.ts';
import type { Reply, Sent } from '../recorder.ts';
import type { Rule } from '../rule.ts';

/** More than any step sends. */
const SENT_MAX = 6;
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

/** Somebody edits right before the first thing that a write sends, before the second, and so on: a guard may come late, and hold. */
async function edited(bench: Bench, action: string, conflict: string): Promise<void> {
  for (let nth = 1; nth <= SENT_MAX; nth += 1) {
    const wasSent = await editedBefore(bench, action, { conflict, nth });
    // What is only detected is detected after the whole.
    if (!wasSent || conflict === 'detect') return;
  }
}

/** Whether so much was sent that it came to the edit. */
async function editedBefore(
  bench: Bench,
  action: string,
  { conflict, nth }: { readonly conflict: string; readonly nth: number },
): Promise<boolean> {
  const { adapter, ctx, rig, recorder } = bench;
  const { step, about } = await bench.fresh(action);
  if (about === undefined) return false;
  const since = await bench.mark();
  const edit: Edit = { state: 'not begun', isBefore: false };
  let writes = 0;
  recorder.between((sent) => {
    if (!bench.isWrite(sent)) return undefined;
    writes += 1;
    return writes === nth ? begin(edit, async () => rig.edit(about.ref, about.edit), since) : undefined;
  });
  const done = await settle(adapter.execute(ctx(), step));
  recorder.between(undefined);
  await edit.made;
  if (edit.state === 'not begun') return false;
  // Held off until the write was whole: it comes after it.
  if (edit.state === 'refused') await rig.edit(about.ref, about.edit);
  const record = await rig.record(about.ref);
  const stands = Object.entries(about.edit).every(([field, value]) => isDeepStrictEqual(record[field], value));
  if (conflict === 'detect' && done.ok) {
    const { state } = await adapter.verify(ctx(), step);
    // What others wrote beside it stands, or it is told.
    must(
      state === 'diverged' || stands,
      `an edit before the write is gone, and verify says ${state}`,
      'Declared detect: say diverged.',
    );
    return true;
  }
  if (!edit.isBefore) return true;
  must(said(done) === 'conflict', `edited before the write, execute says ${said(done)}`, GUARD);
  must((await since()).length === 0, 'the edit was written over', GUARD);
  return true;
}

interface Edit {
  state: 'not begun' | 'under way' | 'made' | 'refused';
  /** Nothing was written when it was made. */
  isBefore: boolean;
  made?: Promise<void>;
}

/** A write that holds the record keeps the edit waiting, and cannot be waited for in turn. */
async function begin(
  edit: Edit,
  make: () => Promise<void>,
  since: () => Promise<readonly unknown[]>,
): Promise<undefined> {
  const hadEffect = (await since()).length > 0;
  edit.state = 'under way';
  const ended = (state: 'made' | 'refused') => () => {
    edit.state = state;
  };
  edit.made = make().then(ended('made'), ended('refused'));
  await within(HELD_MS, edit.made);
  edit.isBefore = !hadEffect && isMade(edit);
  return undefined;
}

const isMade = ({ state }: Edit): boolean => state === 'made';

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
        const isKept = idempotency !== 'lookup';
        // Nobody answers in the place of what is not asked over HTTP.
        if (bench.recorder.dispatched() > before) await behind(bench, action, isKept);
        await heldUp(bench, action, isKept);
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

/** Reads are answered as they were before the write: whoever claims a key that the CRM keeps unique writes once all the same, and nobody
 * takes what is behind for somebody else's change. */
async function behind(bench: Bench, action: string, isKept: boolean): Promise<void> {
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
  const looked = await settle(adapter.verify(ctx(), step));
  // A lookup may be behind: that is what `settlesWithinMs` is for, and the gateway waits for it.
  const again = isKept ? await settle(adapter.execute(ctx(), step)) : undefined;
  recorder.between(undefined);
  const state = looked.ok ? looked.value.state : 'unknown';
  must(
    state !== 'diverged',
    'with reads that are behind, verify says diverged',
    'What is older than the write is no change.',
  );
  must(
    again === undefined || (await since()).length === 0,
    `with reads that are behind, a repeat (${again === undefined ? '' : said(again)}) wrote again`,
    'A search that may be behind is no key: let the CRM keep the key unique, or declare idempotency lookup.',
  );
}

const keyOf = ({ method, path, body = '' }: Sent): string => `${method} ${path} ${body}`;

/** The first request is held up on its way, given up on and, where that is harmless, repeated; then it arrives. */
async function heldUp(bench: Bench, action: string, isKept: boolean): Promise<void> {
  const { adapter, ctx, recorder } = bench;
  const { step } = await bench.fresh(action);
  const since = await bench.mark();
  let arrive: (() => Promise<void>) | undefined;
  recorder.between((sent, again = async () => sleep(3 * HELD_MS)) => {
    if (arrive !== undefined || !bench.isWrite(sent)) return undefined;
    arrive = again;
    return sleep(2 * HELD_MS, undefined);
  });
  await settle(adapter.execute(ctx(HELD_MS), step));
  recorder.between(undefined);
  const second = isKept ? await settle(adapter.execute(ctx(), step)) : undefined;
  const effects = (await since()).length;
  if (arrive === undefined || second?.ok === false) return;
  await arrive();
  const now = (await since()).length;
  if (!isKept) {
    const looked = await settle(adapter.verify(ctx(), step));
    const state = looked.ok ? looked.value.state : looked.error.code;
    must(now === 0 || state === 'applied', `of a request that arrived late verify says ${state}`, LOOK);
    return;
  }
  must(
    now === effects,
    `a request that arrived late wrote again: ${now} effects instead of ${effects}`,
    'Send the step’s own key with every write, and let the CRM keep it unique.',
  );
}
