/** The engine on a clock that a test turns, with one contract in a CRM made of recipe, planner and a map. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Adapter, AdapterError, type Capability } from '../../adapters/sdk/index.ts';
import { parseMapping } from '../../adapters/sdk/mapping.ts';
import { payloadOf, type ReadRecord } from '../../adapters/sdk/payload.ts';
import { planByRecipe } from '../../adapters/sdk/planner.ts';
import { parseRecipe } from '../../adapters/sdk/recipe.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import { err, ok } from '../../protocol/base/result.ts';
import type { MandateFacts } from '../../protocol/mandate/mandate.ts';
import type { Operation } from '../../src/engine/operation.ts';
import type { Action, Verb, World } from '../../src/engine/world.ts';
import { write } from '../../src/engine/write.ts';
import { complete } from '../../src/execution/complete.ts';
import { type Features, makePipeline } from '../../src/pipeline.ts';
import { loadCompanyKeys } from '../../src/platform/company-keys.ts';
import { makeIds } from '../../src/platform/world-sources.ts';
import type { Outgoing } from '../../src/ports.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

const DAY_MS = 86_400_000;
const keys = await loadCompanyKeys(join(mkdtempSync(join(tmpdir(), 'parley-dated-')), 'keys.json'));
const AGENT = 'A'.repeat(43) as Operation['agent']['keyid'];
const field = (name: string, kind: string): JsonObject => ({ field: name, label: name, kind });
const mapping = parseMapping(
  {
    marker: 'Key',
    types: {
      contract: {
        object: 'Contract',
        account: 'Account',
        fields: { seats: field('Seats', 'whole'), changes_on: field('On', 'day'), note: field('Note', 'whole') },
      },
    },
  },
  /^[A-Za-z]+$/,
);

const mark: JsonObject = {
  id: 'mark',
  summary: "'Note the change'",
  update: { record: 'contract', set: { changes_on: 'input.on' } },
};
const apply: JsonObject = {
  id: 'apply',
  on: 'input.on',
  summary: "'Change to ' + string(input.seats) + ' seats'",
  update: { record: 'contract', set: { seats: 'input.seats', changes_on: 'null' } },
};

export interface DatedOptions {
  /** A mark is written at once, and taken away again on the day. */
  readonly marks?: boolean;
  readonly asks?: boolean;
  readonly timeZone?: string;
  readonly start: string;
  readonly idempotency?: Capability['idempotency'];
  readonly mandateEnds?: string;
  /** Both sides have signed. */
  readonly agreed?: boolean;
  /** Of the action's own, and of others that only others ask for. */
  readonly rules?: Partial<Action['rules']>;
  readonly others?: Readonly<Record<string, Partial<Action['rules']>>>;
}

export async function datedEngine(options: DatedOptions) {
  const { marks = false, asks = false, timeZone = 'UTC', idempotency = 'key', agreed = false } = options;
  let nowMs = Date.parse(options.start);
  let revoked: Refusal | undefined;
  let down: AdapterError | undefined;
  const clock = { now: () => new Date(nowMs) };
  if (!mapping.ok) throw new Error(mapping.error.join());
  const recipe = parseRecipe(
    {
      action: 'seats.change',
      records: { contract: { type: 'contract', id: 'input.contract' } },
      require: [{ that: 'records.contract.changes_on == null', else: 'Another change is agreed on.' }],
      steps: marks ? [mark, apply] : [apply],
    },
    mapping.value,
  );
  if (!recipe.ok) throw new Error(recipe.error.join());
  let record: ReadRecord = {
    ref: { type: 'contract', by: 'id', value: 'K-1' },
    version: '1',
    data: { id: 'K-1', account: 'A-1', seats: 10, changes_on: null, note: null },
  };
  const written: { readonly key: string; readonly at: string }[] = [];
  const put = (values: JsonObject) => {
    record = { ...record, version: String(Number(record.version) + 1), data: { ...record.data, ...values } };
  };
  const snapshot = () => ({ ...record, versionKind: 'counter' as const, readAt: clock.now().toISOString() });
  const reach = () => {
    if (down !== undefined) throw down;
  };
  const found = (key: string) => written.some((each) => each.key === key);
  const crm: Adapter = {
    manifest: {
      name: 'dated',
      version: '1',
      title: 'Dated',
      capabilities: [
        {
          action: 'seats.change',
          version: '1',
          objects: ['contract'],
          modes: ['read', 'write'],
          idempotency,
          conflict: 'etag',
          reversal: 'undo',
          preview: 'computed',
          stability: 'ga',
        },
      ],
    },
    health: async () => ({ ok: true, latencyMs: 0 }),
    discover: async () => crm.manifest.capabilities,
    async read() {
      reach();
      return snapshot();
    },
    async plan(_ctx, request) {
      reach();
      return planByRecipe(recipe.value, mapping.value, request, async () => record);
    },
    async execute(_ctx, step) {
      reach();
      if (step.preconditions[0]?.version !== record.version) throw new AdapterError('conflict', 'It has changed.');
      put(payloadOf(step).update?.values ?? {});
      written.push({ key: step.idempotencyKey, at: clock.now().toISOString() });
      return { state: 'applied', ref: record.ref, version: record.version };
    },
    async verify(_ctx, step) {
      reach();
      return { state: found(step.idempotencyKey) ? 'applied' : 'not_applied', after: snapshot(), diff: [] };
    },
    async compensate(_ctx, step) {
      put(Object.fromEntries(step.changes.map(({ field: name, from }) => [name, from])));
      written.push({ key: `${step.idempotencyKey}:undo`, at: clock.now().toISOString() });
      return { state: 'applied', ref: record.ref, version: record.version };
    },
  };
  const action: Action = {
    definition: {
      name: 'seats.change',
      version: '1',
      title: 'Seats',
      kind: 'write',
      risk: 'R1',
      mandate: 'required',
      negotiable: [],
      default_signoff: 'policy',
    },
    rules: {
      subjects: [{ name: 'contract', type: 'contract', id: ({ input }) => input['contract'], shared: false }],
      raise: [],
      requires: [],
      claims: [],
      acrossAccounts: false,
      standardTerms: null,
      commits: {},
      price: null,
      shows: new Map(),
      result: new Map(),
      ...options.rules,
    },
    checkInput: (value) => ok(value as JsonObject),
    checkTerms: (value) => ok(value as JsonObject),
    checkPartialTerms: (value) => ok(value as JsonObject),
    checkOutput: (value) => ok(value as JsonObject),
  };
  const facts: MandateFacts = {
    jti: 'm',
    issuer: 'i',
    tier: 'principal',
    subject: 'contact:c',
    digest: 'd',
    expiresAt: Date.parse(options.mandateEnds ?? '2099-01-01T00:00:00Z') / 1_000,
    constraints: { actions: ['seats.change', 'human.handoff'], accounts: ['A-1'] },
  };
  const store = openSqliteStore(':memory:', (error) => {
    throw error;
  });
  const world: World = {
    clock,
    ids: makeIds(clock),
    log: () => undefined,
    store,
    keys,
    crm,
    actions: {
      action(name) {
        const other = options.others?.[name];
        if (other !== undefined) return { ...action, rules: { ...action.rules, ...other } };
        return name === 'seats.change' || name === 'human.handoff' ? action : undefined;
      },
      checkEnvelope: (_verb, value) => ok(value as JsonObject),
    },
    mandates: {
      accept: async () => err(refusal('mandate-missing')),
      ended: async ({ mandate }, now) => {
        const over =
          now.getTime() < (mandate?.expiresAt ?? 0) * 1_000 ? revoked : refusal('mandate-invalid', 'Expired.');
        return over === undefined ? [] : [{ words: over.code, refusal: over, bounds: 'everything' }];
      },
    },
    settings: {
      origin: 'http://127.0.0.1:1',
      company: 'C',
      timeZone,
      logOrigin: 'log',
      human: { channel: 'tel:1', respondWithinMinutes: 15, hours: 'always' },
      endpoints: ['desk'],
      signoffLifetimeSeconds: 14_400,
      observationDays: 0,
    },
  };
  const never = async () => err(refusal('not-found'));
  const signed = { payload: {}, offer: 'of_1' as never, signatures: [{}, {}] };
  const pipeline = makePipeline(
    world,
    {
      judge: () => ({ required: asks, role: 'approver', reasons: [] }),
      countersign: async () => (agreed ? signed : undefined),
      negotiation: { counter: never, accept: never, personCounters: never } as unknown as Features['negotiation'],
      negotiates: () => false,
      complete: (operation, attempts) => complete(world, operation, attempts),
    },
    { wake: () => undefined, changed: () => undefined },
  );
  const sent: Outgoing[] = [];
  const continuing = new Set<string>();

  const ask = (verb: Verb, target: string, body: JsonObject) =>
    pipeline.ask({
      caller: {
        keyid: AGENT,
        proof: 'signature',
        via: 'test',
        grant: facts,
        evidence: { digest: 'd', signature: 's', signatureInput: 'i' },
      },
      verb,
      target,
      key: world.ids.secret(12),
      body,
    });

  /** Works on everything that is due now. */
  async function work(): Promise<void> {
    for (let steps = 0; steps < 100; steps += 1) {
      const [due] = store.due(nowMs, 1);
      if (due === undefined) return;
      const change = await pipeline.work(due, continuing.has(due.id));
      if (change === undefined) return;
      const done = await write(store, change);
      if (!done.ok || !done.value.committed.ok) continue;
      sent.push(...(done.value.change.outgoing ?? []));
      continuing.add(due.id);
    }
    throw new Error('it goes round in circles');
  }

  return {
    written: written as readonly { readonly key: string; readonly at: string }[],
    record: () => record.data,
    edit: put,
    work,
    ask,
    world,
    pipeline,
    types: () => sent.map(({ type }) => type),
    operation(id: string): Operation {
      const found = store.operation(id);
      if (found === undefined) throw new Error('no such operation');
      return found;
    },
    async submit(input: JsonObject): Promise<string> {
      const replied = await ask('submit', 'seats.change', { input: { contract: 'K-1', ...input } });
      if (!replied.ok) throw new Error(replied.error.code);
      await work();
      return replied.value.operation;
    },
    async approve(id: string) {
      const signoff = store.operation(id)?.signoffs.at(-1);
      if (signoff === undefined) throw new Error('nobody was asked');
      const decision = { signoff: signoff.id, planDigest: signoff.planDigest, kind: 'approved' } as const;
      const decided = await pipeline.decide(id, decision, { id: 'p', roles: ['approver'] }, 'page');
      await work();
      return decided;
    },
    /** Turns the clock and works, an hour at a time as a process would. */
    async until(at: string): Promise<void> {
      while (nowMs < Date.parse(at)) {
        nowMs = Math.min(nowMs + DAY_MS / 24, Date.parse(at));
        await work();
      }
    },
    jump(at: string): void {
      nowMs = Date.parse(at);
    },
    restart: () => continuing.clear(),
    revoke(refused: Refusal = refusal('mandate-revoked')) {
      revoked = refused;
    },
    fail(code: 'retryable' | 'not_found' | undefined): void {
      down = code === undefined ? undefined : new AdapterError(code, `A fault: ${code}.`);
    },
  };
}
