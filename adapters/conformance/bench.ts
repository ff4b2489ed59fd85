import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  type Adapter,
  AdapterError,
  type AdapterManifest,
  type Capability,
  type Ctx,
  type Plan,
  type PlanRequest,
  type PlanStep,
} from '../sdk/index.ts';
import { Broken, must, notApplicable, type Outcome, pass } from './outcome.ts';
import { makeRecorder, type Sent } from './recorder.ts';
import type { AdapterOptions, Effect, FaultKind, Prepared, Rig } from './subject.ts';
import { traced } from './trace.ts';

const CALL_MS = 4_000;
/** The day of every request: around it lie the records of the simulators. */
export const ASKED_ON = '2026-11-02';

/** A fresh record, a request on it, and what the adapter plans. */
export interface Fresh {
  readonly request: PlanRequest;
  readonly about: Prepared['about'];
  readonly plan: Plan;
  readonly step: PlanStep;
}

export type Settled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: AdapterError };

/** What every rule works with: one adapter under test, its rig, and the record of what left. */
export interface Bench {
  readonly rig: Rig;
  readonly adapter: Adapter;
  readonly manifest: AdapterManifest;
  readonly recorder: ReturnType<typeof makeRecorder>;
  readonly logs: string[];
  /** What the calls of the rule under way came to, oldest first. */
  readonly trace: string[];
  make(options?: Omit<AdapterOptions, 'dispatcher' | 'sent'>): Promise<Adapter>;
  ctx(ms?: number, signal?: AbortSignal): Ctx;
  /** The next sample of an action, not yet planned. */
  prepare(action: string): Promise<{ readonly request: PlanRequest; readonly about: Prepared['about'] }>;
  /** With an adapter of its own where what happens to it must not be felt by the next. */
  fresh(action: string, adapter?: Adapter): Promise<Fresh>;
  operation(): string;
  /** The effects since now, when called later. */
  mark(): Promise<() => Promise<readonly Effect[]>>;
  /** Why the rig cannot do a fault. */
  cannot(kind: FaultKind): string | undefined;
  writes(mark: number): readonly string[];
  isWrite(sent: Sent): boolean;
}

export async function openBench(rig: Rig): Promise<Bench> {
  const recorder = makeRecorder();
  const logs: string[] = [];
  const trace: string[] = [];
  const used = new Map<string, number>();
  const make: Bench['make'] = async (options = {}) =>
    traced(
      await rig.makeAdapter({ ...options, dispatcher: recorder.dispatcher, sent: recorder.sent }),
      (line) => void trace.push(line),
    );
  const adapter = await make();
  const ctx: Bench['ctx'] = (ms = CALL_MS, signal) => ({
    clock: () => new Date(),
    signal: signal ?? AbortSignal.timeout(ms),
    log: (event, fields) => void logs.push(`${event} ${JSON.stringify(fields ?? {})}`),
  });
  const isWrite = (sent: Sent) =>
    rig.writes?.(sent.method, sent.path, sent.body) ?? !['GET', 'HEAD', 'OPTIONS'].includes(sent.method);
  const operation = () => `op_${randomUUID()}`;
  const prepare: Bench['prepare'] = async (action) => {
    const sample = rig.samples.find((each) => each.action === action);
    must(sample !== undefined, `no sample for ${action}`, 'Give the rig a sample for every action in the manifest.');
    const n = used.get(action) ?? 0;
    used.set(action, n + 1);
    const { input, terms, about } = await sample.prepare(n);
    const agreed = terms === undefined ? {} : { terms };
    const request = { operation: operation(), action, input, asked_on: ASKED_ON, ...agreed };
    return { request, about };
  };
  return {
    rig,
    adapter,
    manifest: adapter.manifest,
    recorder,
    logs,
    trace,
    make,
    ctx,
    operation,
    prepare,
    async fresh(action, by = adapter) {
      const { request, about } = await prepare(action);
      const mark = recorder.count();
      const plan = await by.plan(ctx(), request);
      const [step] = plan.steps;
      must(step !== undefined, `the plan of ${action} has no step`, 'A sample must change something.');
      const isUpdate = step.preconditions.length > 0 || step.changes.some(({ from }) => from !== null);
      must(
        !isUpdate || about !== undefined,
        `${action} changes a record its sample does not name`,
        'Give the sample `about`.',
      );
      must(
        about === undefined || recorder.count() > mark,
        'the kit saw no request leave',
        'Hand `options.dispatcher` to the HTTP client in makeAdapter.',
      );
      return { request, about, plan, step };
    },
    async mark() {
      const before = (await rig.effects()).length;
      return async () => (await rig.effects()).slice(before);
    },
    cannot: (kind) => rig.unsupported[kind],
    writes: (mark) =>
      recorder
        .since(mark)
        .filter(isWrite)
        .map(({ method, path }) => `${method} ${path.slice(0, 120)}`),
    isWrite,
  };
}

/** What a call came to; anything an adapter throws that is not an AdapterError breaks the contract. */
export async function settle<T>(call: Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    if (error instanceof AdapterError) return { ok: false, error };
    throw new Broken(`threw ${inspect(error, { depth: 0 }).slice(0, 200)}`, 'Throw only AdapterError.');
  }
}

/** What several calls came to, in one line: a rule that counts shows what it counted. */
export function tally(all: readonly Settled<{ readonly state: string }>[]): string {
  const counts = new Map<string, number>();
  for (const each of all) {
    const word = each.ok ? each.value.state : `${each.error.code} (${each.error.message.split('\n')[0]})`;
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, times]) => `${times} × ${word}`).join(', ');
}

export const said = (settled: Settled<unknown>): string => (settled.ok ? 'success' : settled.error.code);

/** Runs a check for every action that writes; `skip` gives the reason why one claims nothing here. */
export async function eachAction(
  bench: Bench,
  skip: (capability: Capability) => string | undefined,
  check: (action: string, capability: Capability) => Promise<string | undefined>,
): Promise<Outcome> {
  const done: string[] = [];
  const skipped: string[] = [];
  for (const capability of bench.manifest.capabilities) {
    const { action } = capability;
    const reason = capability.modes.includes('write') ? skip(capability) : 'declares no write';
    const late = reason ?? (await named(action, check(action, capability)));
    if (late === undefined) done.push(action);
    else skipped.push(`${action}: ${late}`);
  }
  if (done.length === 0) return notApplicable(skipped.join('; '));
  return pass([...done, ...skipped.map((each) => `(${each})`)].join(', '));
}

async function named<T>(action: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Broken) throw new Broken(`${action}: ${error.message}`, error.todo);
    if (error instanceof AdapterError)
      throw new Broken(`${action}: ${error.code}: ${error.message}`, 'A plain call on a seeded record must succeed.');
    throw error;
  }
}

/** Whether the call settles within the time; the call itself goes on. */
export async function within(ms: number, call: Promise<unknown>): Promise<boolean> {
  const settled = call.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, sleep(ms, false, { ref: false })]);
}
