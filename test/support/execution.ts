/** The company's side of an operation on a virtual clock, in front of a CRM that does as it is told and whose truth is known. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Adapter,
  AdapterError,
  type AdapterErrorCode,
  type Capability,
  type PlanStep,
  type Snapshot,
  type StepResult,
  type Verification,
} from '../../adapters/sdk/index.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok } from '../../protocol/base/result.ts';
import { isFinalState, type State } from '../../protocol/operation.ts';
import type { MandateFacts, Operation } from '../../src/engine/operation.ts';
import type { Action, World } from '../../src/engine/world.ts';
import { toUnit } from '../../src/engine/write.ts';
import { complete } from '../../src/execution/complete.ts';
import { callPerson } from '../../src/handoff/handoff.ts';
import { receiptFacts } from '../../src/ledger/receipts.ts';
import { type Features, makePipeline } from '../../src/pipeline.ts';
import { loadCompanyKeys } from '../../src/platform/company-keys.ts';
import { makeIds } from '../../src/platform/world-sources.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

const keys = await loadCompanyKeys(join(mkdtempSync(join(tmpdir(), 'parley-execution-')), 'keys.json'));
const START_MS = Date.UTC(2026, 10, 1);

/** What one call of the CRM comes to. `lost`: written (after so long) and not answered. */
export type Turn =
  | 'ok'
  | { readonly fail: AdapterErrorCode; readonly retryAfterMs?: number }
  | { readonly lost: number | 'never' }
  | { readonly say: Verification['state'] };

export interface Written {
  readonly key: string;
  readonly atMs: number;
}

/** Records `r1`, `r2`… that are changed, and tickets that are made. */
export function makeTellableCrm(now: () => number, guarantees: Partial<Capability>, isKeyed: boolean) {
  const ledger: Written[] = [];
  const records = new Map<string, { version: number; value: string }>();
  const results = new Map<string, StepResult>();
  const sent: string[] = [];
  let underway: { readonly at: number; readonly arrive: () => void }[] = [];
  const turns: Record<'execute' | 'verify' | 'compensate' | 'reversal' | 'plan', Turn[]> = {
    execute: [],
    verify: [],
    compensate: [],
    reversal: [],
    plan: [],
  };
  /** How long after it was made a write is found. */
  let indexMs = 0;
  const record = (id: string) => records.get(id) ?? { version: 1, value: 'old' };
  const refused = (code: AdapterErrorCode, retryAfterMs?: number) =>
    new AdapterError(code, `Told to fail: ${code}.`, retryAfterMs === undefined ? {} : { retryAfterMs });

  function settle(): void {
    const due = underway.filter(({ at }) => at <= now());
    underway = underway.filter(({ at }) => at > now());
    for (const { arrive } of due) arrive();
  }

  function apply(key: string, step: PlanStep, to: 'to' | 'from', version: string | undefined): StepResult {
    const [change] = step.changes;
    const first = results.get(key);
    if (isKeyed && first !== undefined) return { ...first, state: 'already_applied' };
    const isMade = change?.ref.by === 'external';
    const id = isMade ? `ticket-${ledger.length}` : (change?.ref.value ?? '');
    const before = record(id);
    if (!isMade && String(before.version) !== version) throw refused('conflict');
    const after = { version: before.version + 1, value: String(change?.[to]) };
    records.set(id, after);
    ledger.push({ key, atMs: now() });
    const result: StepResult = {
      state: 'applied',
      ref: { type: change?.ref.type ?? '', by: 'id', value: id },
      version: String(after.version),
    };
    results.set(key, result);
    return result;
  }

  async function written(turn: Turn | undefined, work: () => StepResult): Promise<StepResult> {
    settle();
    if (turn === undefined || turn === 'ok' || 'say' in turn) return work();
    if ('fail' in turn) throw refused(turn.fail, turn.retryAfterMs);
    const { lost } = turn;
    if (lost !== 'never') {
      const arrive = () => {
        try {
          work();
        } catch {
          // Nobody hears of a refusal that comes late.
        }
      };
      if (lost === 0) arrive();
      else underway.push({ at: now() + lost, arrive });
    }
    throw refused('unknown_outcome');
  }

  const snapshot = (id: string): Snapshot => ({
    ref: { type: 'record', by: 'id', value: id },
    version: String(record(id).version),
    versionKind: 'counter',
    readAt: new Date(now()).toISOString(),
    data: { id, account: 'acc', value: record(id).value },
  });

  function seen(turn: Turn | undefined, key: string): Verification {
    settle();
    if (turn !== undefined && turn !== 'ok' && 'fail' in turn) throw refused(turn.fail);
    if (turn !== undefined && turn !== 'ok' && 'say' in turn) return { state: turn.say, diff: [] };
    const found = ledger.find((each) => each.key === key && each.atMs + indexMs <= now());
    const result = results.get(key);
    if (found === undefined || result === undefined) return { state: 'not_applied', diff: [] };
    return { state: 'applied', after: { ...snapshot(result.ref.value), ref: result.ref }, diff: [] };
  }

  const adapter: Adapter = {
    manifest: {
      name: 'tellable',
      version: '1.0.0',
      title: 'Tellable',
      capabilities: [
        {
          action: 'sim.write',
          version: '1',
          objects: ['record'],
          modes: ['read', 'write'],
          idempotency: 'key',
          conflict: 'etag',
          reversal: 'undo',
          preview: 'computed',
          stability: 'ga',
          ...guarantees,
        },
      ],
    },
    health: async () => ({ ok: true, latencyMs: 0 }),
    discover: async () => adapter.manifest.capabilities,
    read: async (_ctx, ref) => snapshot(ref.value),
    async plan(_ctx, { operation, input }) {
      settle();
      const turn = turns.plan.shift();
      if (turn !== undefined && turn !== 'ok' && 'fail' in turn) throw refused(turn.fail, turn.retryAfterMs);
      const named = Array.isArray(input['steps']) ? input['steps'].map(String) : [];
      const steps = named.map((id): PlanStep => {
        const isMade = id.startsWith('ticket');
        const key = `${operation}:${id}`;
        const ref = isMade
          ? ({ type: 'ticket', by: 'external', value: key } as const)
          : ({ type: 'record', by: 'id', value: id } as const);
        const from = isMade ? null : record(id).value;
        return {
          id,
          action: 'sim.write',
          summary: id,
          changes: [{ ref, field: 'value', label: 'Value', from, to: 'new' }],
          preconditions: isMade ? [] : [{ ref, version: String(record(id).version) }],
          idempotencyKey: key,
          reversal: 'undo',
          payload: {},
        };
      });
      return { steps, warnings: [] };
    },
    async execute(_ctx, step) {
      sent.push(step.idempotencyKey);
      return written(turns.execute.shift(), () =>
        apply(step.idempotencyKey, step, 'to', step.preconditions[0]?.version),
      );
    },
    verify: async (_ctx, step) => seen(turns.verify.shift(), step.idempotencyKey),
    async compensate(_ctx, step, done) {
      sent.push(`${step.idempotencyKey}:undo`);
      return written(turns.compensate.shift(), () => apply(`${step.idempotencyKey}:undo`, step, 'from', done.version));
    },
    verifyReversal: async (_ctx, step) => seen(turns.reversal.shift(), `${step.idempotencyKey}:undo`),
  };
  return {
    adapter,
    turns,
    sent: sent as readonly string[],
    ledger: ledger as readonly Written[],
    settle,
    indexAfter(ms: number): void {
      indexMs = ms;
    },
    edit: (id: string, value: string) => void records.set(id, { version: record(id).version + 1, value }),
  };
}

const action: Action = {
  definition: {
    name: 'sim.write',
    version: '1',
    title: 'Write',
    kind: 'write',
    risk: 'R1',
    mandate: 'required',
    negotiable: [],
    default_signoff: 'policy',
  },
  rules: {
    subjects: [],
    requires: [],
    acrossAccounts: false,
    claims: [],
    raise: [],
    standardTerms: null,
    commits: {},
    price: null,
    shows: new Map(),
    result: new Map(),
  },
  checkInput: (value) => ok(value as JsonObject),
  checkTerms: (value) => ok(value as JsonObject),
  checkPartialTerms: (value) => ok(value as JsonObject),
  checkOutput: (value) => ok(value as JsonObject),
};

const mandate: MandateFacts = {
  jti: 'm',
  issuer: 'i',
  tier: 'principal',
  subject: 'contact:c',
  digest: 'd',
  expiresAt: START_MS / 1_000 + 86_400 * 365,
  constraints: { actions: ['sim.write'], accounts: ['acc'] },
};

export type ExecutionBench = ReturnType<typeof makeExecutionBench>;

export function makeExecutionBench(
  guarantees: Partial<Capability> = {},
  /** The customer's: nobody's leave is asked. */
  /** A person decides what is planned anew with a part written. */
  { right = false, asksAgain = false }: { readonly right?: boolean; readonly asksAgain?: boolean } = {},
) {
  const asked: Action = right ? { ...action, definition: { ...action.definition, default_signoff: 'never' } } : action;
  let nowMs = START_MS;
  const isKeyed = !['lookup', 'none'].includes(guarantees.idempotency ?? 'key');
  const crm = makeTellableCrm(() => nowMs, guarantees, isKeyed);
  const clock = { now: () => new Date(nowMs) };
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
  let ended: Refusal | undefined;
  const world: World = {
    clock,
    ids,
    log: () => undefined,
    store,
    keys,
    crm: crm.adapter,
    actions: {
      action: (name) => (name === 'sim.write' ? asked : undefined),
      checkEnvelope: (_verb, value) => ok(value as JsonObject),
    },
    mandates: {
      accept: async () => err(refusal('mandate-missing')),
      ended: async () =>
        ended === undefined ? [] : [{ words: 'It has ended.', refusal: ended, bounds: 'everything' }],
    },
    settings: {
      origin: 'http://127.0.0.1:1',
      company: 'C',
      timeZone: 'UTC',
      logOrigin: 'log',
      human: { channel: 'tel:1', respondWithinMinutes: 15, hours: 'always' },
      endpoints: [],
      signoffLifetimeSeconds: 14_400,
      observationDays: 0,
    },
  };
  const features: Features = {
    judge: ({ state, attempts }) => ({
      required: asksAgain && state === 'agreed' && attempts.length > 0,
      role: 'approver',
      reasons: [],
    }),
    countersign: async () => undefined,
    // Nothing is negotiated here.
    negotiation: {} as unknown as Features['negotiation'],
    negotiates: () => false,
    complete: (operation, attempts) => complete(world, operation, attempts),
  };
  const pipeline = makePipeline(world, features, { wake: () => undefined, changed: () => undefined });
  /** Operations whose last step this very process has done, with nothing in between. */
  const continuing = new Set<string>();

  async function submit(steps: readonly string[]): Promise<string> {
    const done = await pipeline.ask({
      caller: {
        keyid: 'A'.repeat(43) as Operation['agent']['keyid'],
        proof: 'signature',
        via: 'sim',
        grant: mandate,
        evidence: { digest: 'd', signature: 's', signatureInput: 'i' },
      },
      verb: 'submit',
      target: 'sim.write',
      key: `key-${ids.secret(12)}`,
      body: { input: { steps } },
    });
    if (!done.ok) throw new Error(JSON.stringify(done.error));
    return done.value.operation;
  }

  async function handoff(id: string): Promise<Operation> {
    const done = callPerson(world, read(id), 'company', 'Help');
    await store.commit(toUnit(done));
    return read(id);
  }

  const read = (id: string): Operation => {
    const operation = store.operation(id);
    if (operation === undefined) throw new Error('no such operation');
    return operation;
  };

  /** One step of the company's side, where one is due. */
  async function step(id: string): Promise<boolean> {
    const before = read(id);
    if (before.dueAt === null || before.dueAt > nowMs) {
      continuing.delete(id);
      return false;
    }
    const change = await pipeline.work(before, continuing.has(id));
    if (change === undefined) return false;
    const committed = await store.commit(toUnit(change));
    if (!committed.ok) throw new Error(`not committed: ${committed.reason}`);
    continuing.add(id);
    return true;
  }

  /** Works until the operation is in one of these states, or nothing is left to wait for; the clock jumps over every wait. */
  async function run(id: string, until: readonly State[] = []): Promise<Operation> {
    for (let steps = 0; steps < 500; steps += 1) {
      const operation = read(id);
      if (until.includes(operation.state) || isFinalState(operation.state) || operation.dueAt === null)
        return operation;
      if (!(await step(id))) nowMs = Math.max(nowMs, operation.dueAt);
    }
    return read(id);
  }

  return {
    world,
    crm,
    store,
    submit,
    handoff,
    step,
    run,
    read,
    now: () => nowMs,
    wait(ms: number): void {
      nowMs += ms;
      crm.settle();
    },
    revoke(as: Refusal = refusal('mandate-revoked')): void {
      ended = as;
    },
    /** The process dies and another one takes over. */
    restart: () => continuing.clear(),
    pipeline,
    effects: (id: string) => receiptFacts(read(id), 'https://x').effects,
  };
}
