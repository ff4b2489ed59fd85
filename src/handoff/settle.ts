import { type Refusal, refusal, toProblem } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { CASE_OUTCOMES, type CaseOutcome } from '../../protocol/operation.ts';
import { isOpenCase } from '../engine/case.ts';
import { commitment } from '../engine/commitment.ts';
import type { Operation } from '../engine/operation.ts';
import { notCarriedOut, personsWords } from '../engine/persons-words.ts';
import { type EngineEvent, move } from '../engine/transitions.ts';
import { type Change, notify, type World } from '../engine/world.ts';
import { withHandoff } from './handoff.ts';

/** The topic of what the machine left to people without a case. */
const UNSETTLED = 'The machine could not settle it';

/** What a person says became of a case. */
export interface Settling {
  readonly outcome: string;
  /** In words made for the customer's agent. */
  readonly message: string;
  /** For the company's people alone. */
  readonly note: string;
  /** Id from configuration. */
  readonly approver: string;
}

/** What there is to say of it. Whether a write happened that the machine could not find out, it did or it did not. */
export function outcomesOf({ state }: Pick<Operation, 'state'>): readonly CaseOutcome[] {
  return CASE_OUTCOMES.filter((each) => state !== 'needs_human' || each !== 'otherwise');
}

/** The way out of every case: a person says what became of it. The agent is told, and the receipt says so. */
export function settle(
  world: World,
  operation: Operation,
  { outcome: said, message: words, note, approver }: Settling,
): Result<Change, Refusal> {
  const { handoff } = operation.handoff === undefined ? withHandoff(world, operation, UNSETTLED) : operation;
  if (handoff === undefined || !isOpenCase(operation)) return err(refusal('wrong-state', 'No case of it is open.'));
  const outcome = outcomesOf(operation).find((each) => each === said);
  if (outcome === undefined) return err(refusal('schema-violation', 'Say what became of it.'));
  const told = personsWords(words);
  if (!told.ok) return told;
  const message = told.value;
  const now = world.clock.now();
  const inside = note.trim().toWellFormed();
  const settled = {
    at: now.toISOString(),
    by: approver,
    outcome,
    ...(message === '' ? {} : { message }),
    ...(inside === '' ? {} : { note: inside }),
  };
  const event = eventOf(operation, outcome);
  const problem = event === 'failed' ? { problem: toProblem(refusal('not-carried-out', notCarriedOut(message))) } : {};
  const facts = {
    case: handoff.caseRef,
    outcome,
    approver: commitment(operation.salt, approver),
    ...(message === '' ? {} : { message: commitment(operation.salt, message) }),
  };
  // The receipt is issued anew, with this in it. The one before stays true, and in the log.
  const { receipt: _earlier, ...open } = operation;
  const patch = { handoff: { ...handoff, settled }, tries: operation.tries, ...problem };
  const moved = move(event === 'confirmed' ? foundOut(open) : open, event, 'person', now, patch, facts);
  return ok({
    next: moved.next,
    expected: moved.expected,
    records: [moved.record],
    outgoing: notify(world, 'handoff.settled', {
      case: handoff.caseRef,
      operation: operation.id,
      action: operation.action,
      outcome,
      state: moved.next.state,
    }),
  });
}

/** What stood in the way is over: who is told that it was carried out is not told beside it that nobody knows. */
function foundOut({ problem: _over, ...operation }: Operation): Operation {
  return operation;
}

function eventOf({ state }: Operation, outcome: CaseOutcome): EngineEvent {
  if (state !== 'needs_human') return 'settled';
  return outcome === 'done' ? 'confirmed' : 'failed';
}
