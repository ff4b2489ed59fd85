/** What every binding does with an operation: one way to ask, one way to read. Bindings only differ in how they spell it. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { parseId } from '../../protocol/base/ids.ts';
import type { Json } from '../../protocol/base/json.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { isFinalState } from '../../protocol/operation.ts';
import { type ReceiptFile, receiptFile } from '../../protocol/receipt/receipt.ts';
import type { Reply } from '../engine/ask.ts';
import { commitment } from '../engine/commitment.ts';
import type { Operation, Push } from '../engine/operation.ts';
import { ownerOf } from '../engine/owner.ts';
import { ownOperation } from '../engine/submit.ts';
import { orUnavailable } from '../engine/unavailable.ts';
import type { Worker } from '../engine/worker.ts';
import type { Verb, World } from '../engine/world.ts';
import type { Caller } from '../identity/signature/authenticate.ts';
import type { Pipeline } from '../pipeline.ts';
import type { AgentPage } from '../ports.ts';
import { idempotencyKey } from './idempotency-key.ts';

export interface OperationsDeps {
  readonly world: World;
  readonly pipeline: Pipeline;
  readonly worker: Pick<Worker, 'waitBeyond' | 'changed' | 'ended'>;
  readonly proofOf: (operation: Operation) => Promise<string | null>;
}

/** A request to change something, as a binding read it from its wire. */
export interface Asked {
  readonly verb: Verb;
  /** The action's name for `submit`, the operation's id otherwise. */
  readonly target: string;
  readonly key: unknown;
  readonly body: Json;
  readonly conversation?: string;
}

export type Operations = ReturnType<typeof makeOperations>;

const PUSHES_MAX = 4;

export function makeOperations({ world, pipeline, worker, proofOf }: OperationsDeps) {
  /** What belongs to others looks the same as what does not exist. */
  function own(caller: Caller, id: string): Result<Operation, Refusal> {
    return parseId('op', id) === undefined ? err(refusal('not-found')) : ownOperation(world, caller, id);
  }

  /** A read spends the request's nonce by itself: nothing else would. */
  async function spend(caller: Caller): Promise<Result<void, Refusal>> {
    const { nonce } = caller;
    return orUnavailable(async () => {
      const fresh = nonce === undefined || (await world.store.spend(nonce));
      return fresh ? ok(undefined) : err(refusal('signature-replayed'));
    });
  }

  return {
    own,

    async ask(caller: Caller, { verb, target, key, body, conversation }: Asked): Promise<Result<Reply, Refusal>> {
      if (verb !== 'submit' && parseId('op', target) === undefined) return err(refusal('not-found'));
      const checked = idempotencyKey(key);
      if (!checked.ok) return checked;
      const { evidence, profile: _profile, ...who } = caller;
      const { contentDigest: digest, signature, signatureInput } = evidence;
      const asked = {
        caller: { ...who, evidence: { digest, signature, signatureInput } },
        verb,
        target,
        key: checked.value,
        body,
        ...(conversation === undefined ? {} : { conversation }),
      };
      return orUnavailable(() => pipeline.ask(asked));
    },

    async read(caller: Caller, id: string): Promise<Result<Operation, Refusal>> {
      const spent = await spend(caller);
      return spent.ok ? own(caller, id) : spent;
    },

    /** One page, last changed first. */
    async list(caller: Caller, page: AgentPage) {
      const spent = await spend(caller);
      return spent.ok ? ok(world.store.ofAgent(ownerOf(caller), page)) : spent;
    },

    /** The operation once its version exceeds `version`, or as it is after `waitMs`. */
    async beyond(operation: Operation, version: number, waitMs: number): Promise<Operation> {
      return (await worker.waitBeyond(operation.id, version, waitMs)) ?? operation;
    },

    /** The gateway stops: whoever waits goes. */
    get ended(): boolean {
      return worker.ended;
    },

    /** The operation once nothing happens unless the agent moves, or as it is after `waitMs`. */
    async settled(operation: Operation, waitMs: number, stop: (seen: Operation) => boolean = () => false) {
      const until = performance.now() + waitMs;
      let seen = operation;
      while (!isSettled(seen) && !stop(seen) && !worker.ended) {
        const left = until - performance.now();
        if (left <= 0) break;
        seen = (await worker.waitBeyond(seen.id, seen.version, left)) ?? seen;
      }
      return seen;
    },

    async receipt(operation: Operation): Promise<Result<ReceiptFile, Refusal>> {
      if (operation.receipt === undefined)
        return err(refusal('wrong-state', 'The operation has not ended: it has no receipt yet.'));
      return ok(receiptFile(operation.receipt, await proofOf(operation), world.keys.jwks()));
    },

    /** Replaces where the agent wants to be told of changes. */
    async setPushes(
      caller: Caller,
      id: string,
      change: (pushes: readonly Push[]) => readonly Push[],
    ): Promise<Result<Operation, Refusal>> {
      for (;;) {
        const found = own(caller, id);
        if (!found.ok) return found;
        const pushes = change(found.value.pushes ?? []);
        if (pushes.length > PUSHES_MAX) return err(refusal('schema-violation', `At most ${PUSHES_MAX} addresses.`));
        const next = { ...found.value, pushes, version: found.value.version + 1 };
        const record = {
          type: 'push.set',
          at: world.clock.now().toISOString(),
          operation: next.id,
          version: next.version,
          addresses: commitment(
            next.salt,
            pushes.map((push) => ({ ...push })),
          ),
        };
        const unit = { operations: [{ next, expected: found.value.version }], records: [record] };
        const committed = await orUnavailable(async () => ok(await world.store.commit(unit)));
        if (!committed.ok) return committed;
        if (!committed.value.ok) continue;
        worker.changed(id);
        return ok(next);
      }
    },
  };
}

/** Nothing will happen soon unless the agent moves. */
export function isSettled(operation: Operation): boolean {
  return (
    isFinalState(operation.state) ||
    operation.state === 'needs_human' ||
    operation.state === 'scheduled' ||
    (operation.state === 'negotiating' && operation.negotiation?.turn === 'agent')
  );
}
