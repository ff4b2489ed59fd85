/** A CRM that exists only in memory and fails as its tape says: what it did is known exactly. */
import {
  type Adapter,
  AdapterError,
  type AdapterErrorCode,
  type Changed,
  type PlanStep,
  type Snapshot,
  type StepResult,
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

export interface Written {
  readonly key: string;
  readonly thing: string;
  readonly value: number;
  /** Unix ms. */
  readonly at: number;
}

const ACCOUNT = 'acc';

export function makeSimulatedCrm(tape: Tape, now: () => Date) {
  const things = new Map<string, Thing>();
  const results = new Map<string, StepResult>();
  const written: Written[] = [];
  const feed: Changed[] = [];
  /** Requests that were sent and arrive later. */
  let underway: { readonly at: number; readonly arrive: () => void }[] = [];
  let reliable = false;

  const thing = (id: string): Thing => things.get(id) ?? { version: 1, value: 0 };

  function put(id: string, value: number): number {
    const version = thing(id).version + 1;
    things.set(id, { version, value });
    const ref = { type: 'thing', by: 'id', value: id } as const;
    feed.push({ ref, version: String(version), at: now().toISOString(), cursor: String(feed.length + 1) });
    return version;
  }

  /** What the CRM does with a write that reached it: once for each key, and only on the version it was meant for. */
  function apply(key: string, id: string, value: number, version: string): StepResult {
    const first = results.get(key);
    if (first !== undefined) return { ...first, state: 'already_applied' };
    if (String(thing(id).version) !== version) throw new AdapterError('conflict', 'The record has changed.');
    const result: StepResult = {
      state: 'applied',
      ref: { type: 'thing', by: 'id', value: id },
      version: String(put(id, value)),
    };
    results.set(key, result);
    written.push({ key, thing: id, value, at: now().getTime() });
    return result;
  }

  const fails = (code: AdapterErrorCode): never => {
    throw new AdapterError(code, `A fault: ${code}.`);
  };

  function write(key: string, id: string, value: number, version: string): StepResult {
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
        const at = now().getTime() + tape.draw(10_000);
        underway.push({ at, arrive });
        return fails('unknown_outcome');
      }
      case 6:
        throw new Crash('before the write');
      case 7:
        arrive();
        throw new Crash('after the write');
      case 8: {
        underway.push({ at: now().getTime() + tape.draw(10_000), arrive });
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

  const snapshot = (id: string): Snapshot => {
    const { version, value } = thing(id);
    const ref = { type: 'thing', by: 'id', value: id } as const;
    const data = { id, account: ACCOUNT, value };
    return { ref, version: String(version), versionKind: 'counter', readAt: now().toISOString(), data };
  };

  const thingOf = ({ changes }: PlanStep) => changes[0]?.ref.value ?? '';

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
          idempotency: 'key',
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
        { thing: input['first'], to: value, on: undefined },
        { thing: input['second'], to: value, on: later },
        // The first thing again, on its day.
        { thing: input['again'], to: value + 1, on: later },
      ].flatMap(({ thing: id, ...rest }) => (typeof id === 'string' ? [{ id, ...rest }] : []));
      const left = new Map<string, number>();
      const steps = wanted.flatMap(({ id, to, on }): PlanStep[] => {
        const name = on === undefined ? id : `${id}-${to === value ? 'second' : 'again'}`;
        const { ref, version, data } = snapshot(id);
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
      return { steps, warnings: [] };
    },
    execute: async (_ctx, step) => {
      sent(step);
      const [precondition] = step.preconditions;
      return write(step.idempotencyKey, thingOf(step), Number(step.payload['value']), precondition?.version ?? '');
    },
    async verify(_ctx, step) {
      reach();
      if (!results.has(step.idempotencyKey)) return { state: 'not_applied', diff: [] };
      const after = snapshot(thingOf(step));
      const holds = after.data['value'] === step.payload['value'];
      return { state: holds ? 'applied' : 'diverged', after, diff: holds ? [] : step.changes };
    },
    async compensate(_ctx, step, done) {
      const before = Number(step.changes[0]?.from);
      return write(`${step.idempotencyKey}:undo`, thingOf(step), before, done.version);
    },
    async verifyReversal(_ctx, step) {
      reach();
      const isMade = results.has(`${step.idempotencyKey}:undo`);
      return { state: isMade ? 'applied' : 'not_applied', after: snapshot(step.id), diff: [] };
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
