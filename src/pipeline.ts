import { type Refusal, refusal } from '../protocol/base/errors.ts';
import { err, ok, type Result } from '../protocol/base/result.ts';
import { isFinalState, type State } from '../protocol/operation.ts';
import { answer, type Handler, type Reply } from './engine/ask.ts';
import { isRight } from './engine/demands.ts';
import type { Operation } from './engine/operation.ts';
import { hasWritten } from './engine/schedule.ts';
import { submit } from './engine/submit.ts';
import { type Moved, move } from './engine/transitions.ts';
import { withdraw } from './engine/withdraw.ts';
import type { Worker } from './engine/worker.ts';
import { type Ask, actionOf, type Change, notify, type StepResult, type Verb, type World } from './engine/world.ts';
import { write } from './engine/write.ts';
import { withinMandate } from './execution/authority.ts';
import { check } from './execution/check.ts';
import { answered } from './execution/complete.ts';
import { gaveUp, unread } from './execution/crm.ts';
import { mayCarryOut } from './execution/gate.ts';
import { look } from './execution/look.ts';
import { overtaking } from './execution/overtake.ts';
import { type Complete, carryOut, currentStep, finishStep, heldOff, interrupted, start } from './execution/perform.ts';
import { type Countersign, type Judge, prepare, refuse } from './execution/prepare.ts';
import { reconcile } from './execution/reconcile.ts';
import { reverse } from './execution/reverse.ts';
import { newsOf } from './execution/schedule.ts';
import { shownOf } from './execution/show.ts';
import { readSubjects, withRecords } from './execution/subjects.ts';
import { takesCases, toInbox } from './handoff/case.ts';
import { askedAlone, askedInWords, callBeside, callPerson, forPerson, handoff, isInWords } from './handoff/handoff.ts';
import { keepPromise } from './handoff/promise.ts';
import { type Settling, settle } from './handoff/settle.ts';
import { sealed } from './ledger/seal.ts';
import type { PersonsWord } from './negotiation/person.ts';
import type { Negotiation } from './negotiation/steps.ts';
import { cancel } from './signoff/cancel.ts';
import type { Approver, Decision } from './signoff/decide.ts';
import { decide, expireSignoff } from './signoff/step.ts';
import type { Seen } from './watch/rules.ts';
import { voidSignoff } from './watch/step.ts';

/** The features a gateway is composed of, each already bound to its configuration. */
export interface Features {
  readonly judge: Judge;
  readonly countersign: Countersign;
  readonly negotiation: Negotiation;
  /** Whether the company negotiates the action; if not, it goes by the definition's standard terms. */
  readonly negotiates: (action: string) => boolean;
  readonly complete: Complete;
}

/** The ways into the engine. A stranger's request, a person's decision and a recovery end in the same two tables. */
export interface Pipeline {
  ask(ask: Ask): Promise<Result<Reply, Refusal>>;
  decide(
    id: string,
    decision: Decision,
    approver: Approver,
    via: 'page' | 'webhook',
  ): Promise<Result<Operation, Refusal>>;
  /** A person's word in a talk that waits for one: an offer of theirs, or no. */
  say(id: string, word: PersonsWord, approver: Pick<Approver, 'id'>): Promise<Result<Operation, Refusal>>;
  /** A person says what became of a case. */
  settle(id: string, settling: Settling): Promise<Result<Operation, Refusal>>;
  /** A person of the company takes back what waits for its day, and says why. */
  cancel(id: string, reason: string, approver: Pick<Approver, 'id'>): Promise<Result<Operation, Refusal>>;
  /** Somebody else changed a record: a sign-off of a plan made before is void, and the operation is planned again. */
  recordSeen(id: string, seen: Seen): Promise<void>;
  /** Does one step of the company's side; `undefined` when nothing is to be done now. */
  work(operation: Operation, continuing: boolean): Promise<Change | undefined>;
}

/** In these a write is, or may be, under way. */
const SENDS: ReadonlySet<State> = new Set<State>(['executing', 'unknown', 'reconciling', 'reversing']);
const CALLS_A_PERSON: ReadonlySet<State> = new Set<State>(['needs_human']);
/** A plan that keeps changing under a person's eyes is not for a machine to chase. */
const VOIDS_MAX = 5;
const DECIDE_RACES_MAX = 8;

export function makePipeline(world: World, features: Features, worker: Pick<Worker, 'wake' | 'changed'>): Pipeline {
  const { judge, countersign, negotiation, negotiates, complete } = features;
  const { personCounters } = negotiation;
  const deciding = { countersign, personCounters, mayCarryOut: (each: Operation) => mayCarryOut(world, each) };

  /** What an agent may ask, and the step that decides it. */
  const VERBS: Record<Verb, Handler> = {
    submit: submitAny,
    offers: sealing(negotiation.counter),
    accept: sealing(negotiation.accept),
    withdraw: sealing(withdraw),
    handoff: sealing((_world, ask) => handoff(world, ask)),
  };

  /** What the company's side does in each state when the operation is due. A final state is never due. */
  const WORK: Record<State, ((operation: Operation, continuing: boolean) => Promise<Change>) | null> = {
    received: open,
    negotiating: negotiation.due,
    agreed: async (operation) =>
      voided(operation) >= VOIDS_MAX
        ? giveToPerson(operation, 'The record keeps changing')
        : promised(operation, await prepare(world, judge, countersign, operation)),
    awaiting_signoff: async (operation) => expireSignoff(world, operation),
    authorized: gate,
    scheduled: gate,
    executing: async (operation, continuing) => change(operation, await execute(operation, continuing)),
    unknown: async (operation) =>
      change(operation, move(operation, 'looking', 'engine', world.clock.now(), { tries: operation.tries })),
    reconciling: async (operation) => change(operation, await reconcile(world, complete, operation)),
    reversing: async (operation, continuing) => change(operation, await reverse(world, operation, continuing)),
    needs_human: null,
    completed: null,
    rejected: null,
    declined: null,
    withdrawn: null,
    expired: null,
    handed_off: null,
    failed: null,
    reversed: null,
  };

  /** The one way to a write. */
  async function gate(operation: Operation): Promise<Change> {
    const started: Change = {
      ...change(operation, await start(world, judge, complete, operation)),
      otherwise: (held) => ok(change(operation, heldOff(world, operation, held))),
    };
    return operation.state === 'authorized' ? promised(operation, started) : started;
  }

  async function promised(operation: Operation, done: Change): Promise<Change> {
    const seen = async () => {
      const looked = await look(world, operation);
      return looked.ok ? looked.value.operation : undefined;
    };
    return keepPromise(world, { operation, look: seen }, done);
  }

  /** A verb that may end the operation: if it does, with a receipt. */
  function sealing(handle: Handler): Handler {
    return async (_world, ask) => {
      const decided = await handle(world, ask);
      return decided.ok ? ok(await sealed(world, decided.value)) : decided;
    };
  }

  async function submitAny(_world: World, ask: Ask): Promise<StepResult> {
    return isInWords(ask) ? askedInWords(world, ask, () => submitOne(ask)) : submitOne(ask);
  }

  async function submitOne(ask: Ask): Promise<StepResult> {
    const result = await submit(world, ask);
    if (!result.ok || actionOf(world, result.value.next)?.definition.kind !== 'handoff') return result;
    return ok(askedAlone(world, ask, result.value));
  }

  /** The first look at what was asked: the records must exist and be the principal's; then an answer, a talk or a plan. */
  async function open(operation: Operation): Promise<Change> {
    const kind = actionOf(world, operation)?.definition.kind;
    const allowed = await withinMandate(world, operation, null);
    if (!allowed.ok) return refuse(world, operation, allowed.error);
    const talks = kind === 'write' && negotiates(operation.action);
    // What the company itself puts to a customer is agreed on in a talk, or not at all.
    if (!talks && operation.history[0]?.by !== 'agent') return refuse(world, operation, refusal('forbidden'));
    if (kind === 'write' && !talks && !hasTerms(operation)) return refuse(world, operation, NOT_OFFERED());
    if (kind === 'handoff' && !takesCases(world, operation)) return toInbox(world, operation);
    if (kind === 'handoff' || (kind === 'write' && !talks)) return prepare(world, judge, countersign, operation);
    let reads: Awaited<ReturnType<typeof readSubjects>>;
    try {
      reads = await readSubjects(world, operation);
    } catch (thrown) {
      return change(operation, unread(world, operation, thrown));
    }
    if (!reads.ok) return refuse(world, operation, reads.error);
    if (kind === 'read') return answered(world, operation, { shown: shownOf(world, operation, reads.value) });
    if (kind === 'check') {
      const { operation: found, correction } = check(world, operation, reads.value);
      return correction === null ? answered(world, found, {}) : prepare(world, judge, countersign, correction);
    }
    const revision = reads.value[0]?.snapshot.version ?? null;
    const opened = await negotiation.open({ operation: withRecords(operation, reads.value), revision });
    return opened.ok ? opened.value : refuse(world, operation, opened.error);
  }

  /** Without a policy, and without terms of its own, nobody can say what would be written. */
  function hasTerms(operation: Operation): boolean {
    const action = actionOf(world, operation);
    return action === undefined || action.definition.negotiable.length === 0 || action.rules.standardTerms !== null;
  }

  async function execute(operation: Operation, continuing: boolean) {
    if (currentStep(operation).attempt.result !== undefined) return finishStep(world, complete, operation);
    // Found executing without having begun it here: an earlier process died, or lost a race, with the write under way.
    return continuing ? carryOut(world, complete, operation) : interrupted(world, operation);
  }

  /** A right that the CRM is too long away for: a person knows of it meanwhile. */
  function lateRight(operation: Operation, done: Change): Change {
    if (gaveUp(operation) || !gaveUp(done.next) || isFinalState(done.next.state) || !isRight(world, operation))
      return done;
    return callBeside(world, done, 'A customer’s right waits for the CRM');
  }

  async function giveToPerson(operation: Operation, topic: string): Promise<Change> {
    // A part is written: it stays an operation that a person has to settle.
    if (hasWritten(operation)) return change(operation, move(operation, 'stuck', 'engine', world.clock.now(), {}));
    return callPerson(world, operation, 'engine', topic);
  }

  /** A person's word on an operation, decided again on the fresh one where it loses a race. */
  async function byPerson(
    id: string,
    decided: (operation: Operation) => Promise<Result<Change | 'already', Refusal>>,
  ): Promise<Result<Operation, Refusal>> {
    for (let race = 0; race < DECIDE_RACES_MAX; race += 1) {
      const operation = world.store.operation(id);
      if (operation === undefined) return err(refusal('not-found'));
      const wanted = await decided(operation);
      if (!wanted.ok) return wanted;
      if (wanted.value === 'already') return ok(operation);
      const written = await write(world.store, await sealed(world, wanted.value));
      if (!written.ok) return written;
      if (written.value.committed.ok) {
        worker.changed(operation.id);
        return ok(written.value.change.next);
      }
    }
    return err(refusal('conflict'));
  }

  return {
    async ask(ask) {
      const replied = await answer(world, ask, VERBS[ask.verb]);
      if (replied.ok && !replied.value.replayed) worker.changed(replied.value.operation);
      if (!replied.ok && replied.error.code === 'offer-facts-changed') worker.changed(ask.target);
      return replied;
    },

    decide: (id, decision, approver, via) =>
      byPerson(id, (operation) => decide(world, deciding, operation, decision, approver, via)),

    say: (id, word, approver) => byPerson(id, (operation) => negotiation.personDecides(operation, word, approver.id)),
    settle: (id, settling) => byPerson(id, async (operation) => settle(world, operation, settling)),
    cancel: (id, reason, approver) =>
      byPerson(id, async (operation) => cancel(world, operation, { reason, approver: approver.id })),

    async recordSeen(id, seen) {
      for (let race = 0; race < DECIDE_RACES_MAX; race += 1) {
        const operation = world.store.operation(id);
        const done = operation === undefined ? undefined : voidSignoff(world, operation, seen);
        if (done === undefined) return;
        const written = await write(world.store, done);
        if (written.ok && written.value.committed.ok) return worker.changed(id);
      }
    },

    async work(operation, continuing) {
      const step = WORK[operation.state];
      if (step === null) return undefined;
      const done = lateRight(operation, await step(operation, continuing));
      const { state } = done.next;
      const news = newsOf(world, operation, done.next);
      if (!CALLS_A_PERSON.has(state)) {
        const told = { ...done, outgoing: [...(done.outgoing ?? []), ...news] };
        return overtaking(world, await sealed(world, told));
      }
      const topic = SENDS.has(operation.state)
        ? 'The outcome of a write could not be settled'
        : 'What was agreed on could not be carried out';
      // Whose only matter is the person has been given a case and a time already.
      const isCase = actionOf(world, operation)?.definition.kind === 'handoff';
      const next = isCase && done.next.handoff !== undefined ? done.next : forPerson(world, done.next, topic);
      return {
        ...done,
        next,
        outgoing: [...(done.outgoing ?? []), ...notify(world, 'operation.needs_human', { operation: next.id, topic })],
      };
    },
  };
}

function change(
  from: Operation,
  { next, record, holds = [] }: Pick<Moved, 'next' | 'record'> & Pick<Change, 'holds'>,
): Change {
  return { next, expected: from.version, records: [record], holds };
}

const NOT_OFFERED = () => refusal('not-found', 'This action is no longer offered.');

function voided(operation: Operation): number {
  return operation.history.filter(({ event }) => event === 'voided' || event === 'conflicted').length;
}
