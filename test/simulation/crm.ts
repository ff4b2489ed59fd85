/** A CRM that exists only in memory and fails as its tape says: what it did is known exactly. */
import {
  type Adapter,
  AdapterError,
  type AdapterErrorCode,
  type Changed,
  type PlanStep,
  type Snapshot,
  type StepResult,
  type Touched,
  type Verification,
} from '../../adapters/sdk/index.ts';

/** Chance as data: 0 is always the harmless choice, and an ended tape gives nothing else, so that a failure shrinks to what matters. */
export interface Tape {
  /** In [0, below). */
  draw(below: number): number;
  ended(): boolean;
}

/** `kill -9`: whatever the process was doing, it did no more. */
export class Crash extends Error {}

interface Thing {
  readonly version: number;
  readonly value: number;
}

/** How a write is recognised, and how soon. */
const MODES = ['key', 'lookup', 'lookup, told', 'none'] as const;
/** A request is let go of by then, and a search shows everything. */
const ARRIVES_MS_MAX = 30_000;
const SHOWN_MS_MAX = 12_000;
const SETTLES_MS = 15_000;

export interface Written {
  readonly key: string;
  readonly thing: string;
  readonly value: number;
  /** Unix ms. */
  readonly at: number;
}

const ACCOUNT = 'acc';

/** Something new under the operation's key: nothing about it is guarded by a version. */
function making(operation: string, to: number): PlanStep {
  const key = `${operation}:new`;
  const ref = { type: 'thing', by: 'external', value: key } as const;
  return {
    id: 'new',
    action: 'sim.write',
    summary: 'Make one',
    changes: [{ ref, field: 'value', label: 'Value', from: null, to }],
    preconditions: [],
    idempotencyKey: key,
    reversal: 'undo',
    payload: { value: to },
  };
}

/** What is asked about is read, also where nothing of it is written. */
function touchedBy(steps: readonly PlanStep[], about: string): readonly Touched[] {
  const written = steps.flatMap(({ changes }) =>
    changes.map(({ ref }): Touched => ({ ref, account: ACCOUNT, mode: 'write' })),
  );
  const ref = { type: 'thing', by: 'id', value: about } as const;
  const isWritten = written.some((each) => each.ref.by === 'id' && each.ref.value === about);
  return isWritten ? written : [...written, { ref, account: ACCOUNT, mode: 'read' }];
}

export function makeSimulatedCrm(tape: Tape, now: () => Date) {
  const things = new Map<string, Thing>();
  const results = new Map<string, StepResult>();
  const mode = MODES[tape.draw(MODES.length)] ?? 'key';
  /** When a search begins to show a key. */
  const shownAt = new Map<string, number>();
  /** Things as they were before their last change, for readers that are behind. */
  const earlier = new Map<string, Thing>();
  const written: Written[] = [];
  const feed: Changed[] = [];
  /** Requests that were sent and arrive later. */
  let underway: { readonly at: number; readonly arrive: () => void }[] = [];
  let reliable = false;

  const thing = (id: string): Thing => things.get(id) ?? { version: 1, value: 0 };

  function put(id: string, value: number): number {
    const version = thing(id).version + 1;
    earlier.set(id, thing(id));
    things.set(id, { version, value });
    const ref = { type: 'thing', by: 'id', value: id } as const;
    feed.push({ ref, version: String(version), at: now().toISOString(), cursor: String(feed.length + 1) });
    return version;
  }

  /** What the CRM does with a write that reached it: once for each key where it keeps them, and only on the version it was meant for.
   * What makes something has none. */
  function apply(key: string, id: string, value: number, version: string | undefined): StepResult {
    const first = results.get(key);
    if (first !== undefined && mode === 'key') return { ...first, state: 'already_applied' };
    if (version !== undefined && String(thing(id).version) !== version)
      throw new AdapterError('conflict', 'The record has changed.');
    const result: StepResult = {
      state: 'applied',
      ref: { type: 'thing', by: 'id', value: id },
      version: String(put(id, value)),
    };
    results.set(key, result);
    if (!shownAt.has(key)) shownAt.set(key, now().getTime() + (reliable ? 0 : tape.draw(SHOWN_MS_MAX)));
    written.push({ key, thing: id, value, at: now().getTime() });
    return result;
  }

  const fails = (code: AdapterErrorCode): never => {
    throw new AdapterError(code, `A fault: ${code}.`);
  };

  function write(key: string, id: string, value: number, version: string | undefined): StepResult {
    const arrive = () => apply(key, id, value, version);
    switch (reliable ? 0 : tape.draw(12)) {
      case 1:
        return fails('retryable');
      case 2:
        return fails('rate_limited');
      case 3:
        return fails('unknown_outcome');
      case 4:
        arrive();
        return fails('unknown_outcome');
      case 5: {
        const at = now().getTime() + tape.draw(ARRIVES_MS_MAX);
        underway.push({ at, arrive });
        return fails('unknown_outcome');
      }
      case 6:
        throw new Crash('before the write');
      case 7:
        arrive();
        throw new Crash('after the write');
      case 8: {
        underway.push({ at: now().getTime() + tape.draw(ARRIVES_MS_MAX), arrive });
        throw new Crash('with the write on its way');
      }
      case 9:
        return fails('invalid');
      case 10:
        arrive();
        return fails('bug');
      default:
        return arrive();
    }
  }

  function reach(): void {
    const luck = reliable ? 0 : tape.draw(15);
    if (luck === 1) fails('retryable');
    if (luck === 2) fails('unauthorised');
    if (luck === 3) throw new Crash('while reading');
  }

  const isBehind = () => !reliable && tape.draw(8) === 1;
  const snapshot = (id: string, behind = false): Snapshot => {
    const { version, value } = behind ? (earlier.get(id) ?? thing(id)) : thing(id);
    const ref = { type: 'thing', by: 'id', value: id } as const;
    const data = { id, account: ACCOUNT, value };
    return { ref, version: String(version), versionKind: 'counter', readAt: now().toISOString(), data };
  };

  const thingOf = ({ changes }: PlanStep) => changes[0]?.ref.value ?? '';

  /** What a reader can tell of a write: by its key, and without keys by what the record says. */
  function seen(key: string, step: PlanStep, to: number, planned: string | undefined): Verification {
    const isBlind = mode === 'none' && planned !== undefined;
    const isShown =
      mode === 'key' ? results.has(key) : (shownAt.get(key) ?? Number.POSITIVE_INFINITY) <= now().getTime();
    if (!isBlind && !isShown) return { state: 'not_applied', diff: [] };
    const id = planned === undefined ? (results.get(key)?.ref.value ?? '') : thingOf(step);
    const after = snapshot(id, isBehind());
    if (after.data['value'] === to) return { state: 'applied', after, diff: [] };
    if (isBlind) return { state: 'not_applied', after, diff: [] };
    const isOld = after.version === planned || after.version < (results.get(key)?.version ?? '');
    return isOld ? { state: 'unknown', diff: [] } : { state: 'diverged', after, diff: step.changes };
  }

  const adapter: Adapter = {
    manifest: {
      name: 'simulated',
      version: '1',
      title: 'Simulated',
      capabilities: [
        {
          action: 'sim.write',
          version: '1',
          objects: ['thing'],
          modes: ['read', 'write'],
          idempotency: mode === 'lookup, told' ? 'lookup' : mode,
          ...(mode === 'lookup, told' ? { settlesWithinMs: SETTLES_MS } : {}),
          conflict: 'etag',
          reversal: 'undo',
          preview: 'computed',
          stability: 'ga',
        },
      ],
    },
    health: async () => ({ ok: true, latencyMs: 0 }),
    discover: async () => adapter.manifest.capabilities,
    async read(_ctx, ref) {
      reach();
      return snapshot(ref.value);
    },
    async plan(_ctx, { operation, input, done = [] }) {
      reach();
      const later = typeof input['later'] === 'string' ? input['later'] : undefined;
      const value = Number(input['value']);
      const wanted = [
        // What only makes something is about its thing, and leaves it as it is.
        { thing: input['keeps'] === true ? undefined : input['first'], to: value, on: undefined },
        { thing: input['second'], to: value, on: later },
        // The first thing again, on its day.
        { thing: input['again'], to: value + 1, on: later },
      ].flatMap(({ thing: id, ...rest }) => (typeof id === 'string' ? [{ id, ...rest }] : []));
      const left = new Map<string, number>();
      const steps = wanted.flatMap(({ id, to, on }): PlanStep[] => {
        const name = on === undefined ? id : `${id}-${to === value ? 'second' : 'again'}`;
        const { ref, version, data } = snapshot(id, isBehind());
        const from = left.get(id) ?? Number(data['value']);
        if (done.some((each) => each.id === name) || from === to) return [];
        left.set(id, to);
        return [
          {
            id: name,
            action: 'sim.write',
            summary: `Set ${id}`,
            changes: [{ ref, field: 'value', label: 'Value', from, to }],
            preconditions: [{ ref, version }],
            idempotencyKey: `${operation}:${name}`,
            reversal: 'undo',
            ...(on === undefined ? {} : { not_before: on }),
            payload: { value: to },
          },
        ];
      });
      if (input['makes'] === true && !done.some((each) => each.id === 'new')) steps.push(making(operation, value));
      return { steps, touched: touchedBy(steps, String(input['first'])), warnings: [] };
    },
    execute: async (_ctx, step) => {
      sent(step);
      const [precondition] = step.preconditions;
      const { idempotencyKey: key, payload } = step;
      // What is made is another thing each time.
      const id = precondition === undefined ? `${key}#${written.length}` : thingOf(step);
      return write(key, id, Number(payload['value']), precondition?.version);
    },
    async verify(_ctx, step) {
      reach();
      return seen(step.idempotencyKey, step, Number(step.payload['value']), step.preconditions[0]?.version);
    },
    async compensate(_ctx, step, done) {
      const before = Number(step.changes[0]?.from);
      return write(`${step.idempotencyKey}:undo`, done.ref.value, before, done.version);
    },
    async verifyReversal(_ctx, step, done) {
      reach();
      return seen(`${step.idempotencyKey}:undo`, step, Number(step.changes[0]?.from), done.version);
    },
    async *changes(_ctx, _type, cursor) {
      reach();
      yield* feed.slice(Number(cursor ?? 0));
    },
  };
  /** Called with every step the moment it is sent. */
  let sent: (step: PlanStep) => void = () => undefined;

  return {
    adapter,
    mode,
    written: written as readonly Written[],
    onSent(listener: (step: PlanStep) => void): void {
      sent = listener;
    },
    /** A person at the CRM. */
    edit: (id: string, value: number) => void put(id, value),
    /** What arrives by now. A refused late write is nobody's news. */
    settle(): void {
      const due = underway.filter(({ at }) => at <= now().getTime());
      underway = underway.filter((each) => !due.includes(each));
      for (const { arrive } of due) {
        try {
          arrive();
        } catch {
          // The sender has long stopped listening.
        }
      }
    },
    heal(): void {
      reliable = true;
    },
  };
}
