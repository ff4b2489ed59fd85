import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { type Bench, eachAction, said, settle, within } from '../bench.ts';
import { must, notApplicable, pass } from '../outcome.ts';
import type { Rule } from '../rule.ts';
import type { FaultKind } from '../subject.ts';

const BEFORE = ['refuse', '500-before', 'hang'] as const;
const AFTER = ['reset-after', '500-after', 'hang-after', 'bad-schema'] as const;
/** The answer is lost with the commit made: what no adapter that claims idempotency may leave untried. */
const LOST = ['reset-after', '500-after', 'hang-after'] as const;
/** How long a caller waits for an answer that does not come. */
const HANG_MS = 300;
const COMMIT_MS_MAX = 5_000;
const always = () => undefined;

export const verifyDecides: Rule = {
  number: 7,
  title: 'crash or timeout around a write: verify decides, one effect',
  run: (bench) => {
    const died = new Set<'changes' | 'makes'>();
    return eachAction(
      bench,
      ({ idempotency }) => (idempotency === 'none' ? 'declares idempotency none' : undefined),
      async (action) => {
        const { rig } = bench;
        must(
          LOST.some((kind) => bench.cannot(kind) === undefined),
          'the rig cannot lose an answer after the commit',
          'An adapter that claims idempotency proves it: support one of reset-after, 500-after, hang-after.',
        );
        for (const kind of [...BEFORE, ...AFTER]) {
          if (bench.cannot(kind) !== undefined) continue;
          await lost(bench, action, kind);
        }
        if (rig.process !== undefined && bench.cannot('hang-after') === undefined)
          await killed(bench, action, rig.process, died);
        return undefined;
      },
    );
  },
};

async function lost(bench: Bench, action: string, kind: FaultKind): Promise<void> {
  const { adapter, ctx, rig } = bench;
  const { step } = await bench.fresh(action);
  const since = await bench.mark();
  await rig.fault({ op: 'write', kind });
  const stop = new AbortController();
  const call = settle(adapter.execute(kind === 'hang-after' ? ctx(0, stop.signal) : ctx(HANG_MS), step));
  if (kind === 'hang-after') await committed(since, call);
  stop.abort();
  const done = await call;
  await rig.clearFaults();
  const happened = (await since()).length > 0;
  must(happened || !done.ok, `${kind}: success, and nothing changed`, 'Only the CRM’s own answer is a success.');
  must(
    done.ok || done.error.code === 'unknown_outcome' || (!happened && done.error.code === 'retryable'),
    `${kind}: ${said(done)}, and the write ${happened ? 'happened' : 'did not happen'}`,
    'A write that was sent and has no usable answer is unknown_outcome.',
  );
  await decided(bench, step, happened, kind, since);
}

async function decided(
  { adapter, ctx }: Bench,
  step: Parameters<Bench['adapter']['execute']>[1],
  happened: boolean,
  when: string,
  since: () => Promise<readonly unknown[]>,
): Promise<void> {
  const { state } = await adapter.verify(ctx(), step);
  const truth = happened ? 'applied' : 'not_applied';
  must(state === truth, `${when}: verify says ${state}, the truth is ${truth}`, 'Look the key up at the CRM.');
  const effects = (await since()).length;
  const again = await settle(adapter.execute(ctx(), step));
  must(again.ok, `${when}: the next execute says ${said(again)}`, 'A repeat with the same key succeeds.');
  const now = (await since()).length;
  must(happened ? now === effects : now > 0, `${when}: ${now} effects after the repeat`, 'Send the step’s own key.');
}

async function committed(since: () => Promise<readonly unknown[]>, call: Promise<unknown>): Promise<void> {
  let isOver = false;
  void call.then(() => {
    isOver = true;
  });
  for (let waited = 0; waited < COMMIT_MS_MAX && !isOver && (await since()).length === 0; waited += 10) await sleep(10);
}

/** The process itself dies with the change committed and the answer unsent: once for each kind of write, as a restart takes long and
 * a lost answer is tried for every action. */
async function killed(
  bench: Bench,
  action: string,
  simulator: NonNullable<Bench['rig']['process']>,
  died: Set<'changes' | 'makes'>,
): Promise<void> {
  const { adapter, ctx, rig } = bench;
  const { step, about } = await bench.fresh(action);
  const kind = about === undefined ? 'makes' : 'changes';
  if (died.has(kind)) return;
  died.add(kind);
  const since = await bench.mark();
  await rig.fault({ op: 'write', kind: 'hang-after' });
  const call = settle(adapter.execute(ctx(), step));
  await committed(since, call);
  await simulator.kill();
  const done = await call;
  await simulator.restart();
  must(said(done) === 'unknown_outcome', `kill: ${said(done)}`, 'A lost connection after sending is unknown_outcome.');
  await decided(bench, step, true, 'kill', since);
}

export const refusalsAreBounded: Rule = {
  number: 10,
  title: '429, 401 and 500 are told apart and never hammered',
  async run(bench) {
    await expired(bench);
    const kinds = (['429', '429-bare', '401', '500-before'] as const).filter(
      (kind) => bench.cannot(kind) === undefined,
    );
    if (kinds.length === 0) return notApplicable('the rig can order none of 429, 401, 500');
    return eachAction(bench, always, async (action) => {
      for (const kind of kinds) {
        await refused(bench, action, kind, 'write');
        await refused(bench, action, kind, 'read');
      }
      return undefined;
    });
  },
};

/** A token that ended is renewed, or the next call has a new one; the write happens once. */
async function expired(bench: Bench): Promise<void> {
  const { rig, adapter, ctx } = bench;
  if (rig.expire === undefined) return;
  for (const { action, modes, idempotency } of bench.manifest.capabilities) {
    if (!modes.includes('write')) continue;
    const { step, about } = await bench.fresh(action);
    const since = await bench.mark();
    await rig.expire();
    const first = await settle(adapter.execute(ctx(), step));
    must(
      first.ok || first.error.code === 'unauthorised',
      `${action}: with an expired token execute says ${said(first)}`,
      'Sign in again; where that write may not be repeated, throw unauthorised.',
    );
    const done = first.ok ? first : await settle(adapter.execute(ctx(), step));
    must(done.ok, `${action}: after an expired token execute still says ${said(done)}`, 'Drop a refused token.');
    const effects = (await since()).length;
    const again = await settle(adapter.execute(ctx(), step));
    must(
      effects > 0 && (idempotency === 'none' || !again.ok || (await since()).length === effects),
      `${action}: ${(await since()).length} effects around an expired token`,
      'One write, whatever the token.',
    );
    if (about === undefined) continue;
    await rig.expire();
    const seen = await settle(adapter.read(ctx(), about.ref));
    must(seen.ok, `${action}: with an expired token a read says ${said(seen)}`, 'Sign in again, once.');
  }
}

const SAYS = {
  '429': ['rate_limited'],
  '429-bare': ['rate_limited'],
  '401': ['unauthorised'],
  '500-before': ['retryable', 'unknown_outcome'],
} as const;
/** One try, one after a refreshed token or a short wait, and a lookup. */
const SENT_MAX = 4;

async function refused(bench: Bench, action: string, kind: keyof typeof SAYS, op: 'read' | 'write'): Promise<void> {
  const { ctx, rig, recorder } = bench;
  // One that was told to wait does wait, and the next case would wait with it.
  const adapter = await bench.make();
  const { step, about } = await bench.fresh(action, adapter);
  if (op === 'read' && about === undefined) return;
  const since = await bench.mark();
  const mark = recorder.count();
  await rig.fault({ op, kind, count: 100 });
  const call: Promise<unknown> = op === 'write' ? adapter.execute(ctx(), step) : adapter.verify(ctx(), step);
  const done = await settle(call);
  await rig.clearFaults();
  // What asks first and writes then is told no where it writes.
  const sent = recorder.since(mark).filter((each) => op === 'read' || bench.isWrite(each)).length;
  must(sent <= SENT_MAX, `${kind} for ever at a ${op}: ${sent} requests`, 'Do not retry; refresh a token once.');
  must(
    !done.ok && SAYS[kind].some((code) => code === done.error.code),
    `${kind} at a ${op}: ${said(done)}`,
    `Throw ${SAYS[kind].join(' or ')}.`,
  );
  must(
    kind !== '429' || (done.error.retryAfterMs ?? 0) > 0,
    'a 429 with Retry-After loses it',
    'Set retryAfterMs from the header.',
  );
  must((await since()).length === 0, `${kind} at a ${op} had an effect`, 'A refused write is not tried another way.');
}

const CANARY = 'parley-canary-5d1c0a77e9b34f62';

export const secretsStay: Rule = {
  number: 13,
  title: 'no secret in logs or errors',
  async run(bench) {
    const { rig, adapter, ctx, logs } = bench;
    const errors: unknown[] = [];
    const keep = (call: Promise<unknown>) => call.catch((error: unknown) => errors.push(error));
    const stranger = await bench.make({ token: CANARY });
    for (const { action } of bench.manifest.capabilities.filter(({ modes }) => modes.includes('write'))) {
      const { step, about, request } = await bench.fresh(action);
      await keep(stranger.health(ctx()));
      await keep(stranger.plan(ctx(), request));
      await keep(stranger.execute(ctx(), step));
      await keep(stranger.verify(ctx(), step));
      if (about !== undefined) await keep(stranger.read(ctx(), about.ref));
      for (const kind of ['500-before', 'bad-schema', 'reset-after', '401'] as const) {
        if (bench.cannot(kind) !== undefined) continue;
        await rig.fault({ op: 'any', kind });
        await keep(adapter.execute(ctx(), step));
        await rig.clearFaults();
      }
    }
    const text = [...logs, ...errors.map((error) => inspect(error, { depth: 8, maxStringLength: null }))].join('\n');
    must(errors.length > 0, 'a wrong token is accepted', 'makeAdapter must use options.token.');
    for (const secret of [CANARY, ...rig.secrets])
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
        must(
          !text.includes(form),
          'a token is in a log line or an error',
          'Put no headers, tokens or bodies into messages, fields or causes.',
        );
    return pass(`${errors.length} errors, ${logs.length} log lines`);
  },
};

export const abortIsHonoured: Rule = {
  number: 14,
  title: 'an abort ends every call within a second',
  async run(bench) {
    const reason = bench.cannot('hang');
    if (reason !== undefined) return notApplicable(`the rig cannot hang: ${reason}`);
    const { rig, recorder } = bench;
    const patient = await bench.make({ timeoutMs: 5_000 });
    const slow = bench.cannot('slow') === undefined ? (['hang', 'slow'] as const) : (['hang'] as const);
    return eachAction(bench, always, async (action) => {
      const { step, about, request } = await bench.fresh(action);
      const calls: Record<string, (ctx: ReturnType<Bench['ctx']>) => Promise<unknown>> = {
        execute: (ctx) => patient.execute(ctx, step),
        verify: (ctx) => patient.verify(ctx, step),
        ...(about === undefined
          ? {}
          : { read: (ctx) => patient.read(ctx, about.ref), plan: (ctx) => patient.plan(ctx, request) }),
      };
      for (const [name, call] of Object.entries(calls))
        for (const kind of slow) {
          await rig.fault({ op: 'any', kind, ms: 400 });
          const ended = await within(1_050, call(bench.ctx(0, AbortSignal.timeout(50))));
          await rig.clearFaults();
          must(
            ended,
            `${name} goes on a second after the abort (${kind})`,
            'Pass ctx.signal to every request and wait.',
          );
        }
      const mark = recorder.count();
      await settle(patient.execute(bench.ctx(0, AbortSignal.abort()), step));
      must(recorder.count() === mark, 'an aborted call still sends', 'Check the signal before sending.');
      return undefined;
    });
  },
};

export const partIsNotWhole: Rule = {
  number: 16,
  title: 'a partial success inside 200 is reported',
  async run(bench) {
    const reason = bench.cannot('partial');
    if (reason !== undefined) return notApplicable(`the rig cannot apply a part: ${reason}`);
    return eachAction(bench, always, async (action) => {
      const { adapter, ctx, rig } = bench;
      const { step } = await bench.fresh(action);
      if (step.changes.length < 2) return 'changes one value, which has no part';
      await rig.fault({ op: 'write', kind: 'partial' });
      await settle(adapter.execute(ctx(), step));
      await rig.clearFaults();
      const { state, diff } = await adapter.verify(ctx(), step);
      must(state !== 'applied', 'verify says applied of what was done in part', 'Compare every planned value.');
      must(
        state !== 'diverged' || diff.length > 0,
        'diverged with no difference',
        'Name the values that are not there.',
      );
      return undefined;
    });
  },
};
