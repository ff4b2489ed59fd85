import type { OperationView } from '../../protocol/operation.ts';
import { schedulesInWords } from '../../protocol/schedule-words.ts';

/** Where the operation stands, and what there is to choose from. */
export function inFull(view: OperationView): string {
  const tables = schedulesInWords(view);
  return tables === '' ? inWords(view) : `${inWords(view)}\n\n${tables}`;
}

/** One sentence on where the operation stands, for the model that reads the result. */
export function inWords(view: OperationView): string {
  const { id, state } = view;
  switch (state) {
    case 'negotiating':
      return view.turn === 'agent'
        ? `Operation ${id}: the company made an offer and it is your turn. Accept it by id and terms_digest, or a package of its schedule, counter, withdraw, or ask for a person.`
        : view.handoff === undefined
          ? `Operation ${id}: the company is considering your terms.`
          : `Operation ${id}: a person at the company decides about what you asked for last: case ${view.handoff.case_ref}, an answer by ${view.handoff.respond_by}. Read the operation again later.`;
    case 'awaiting_signoff':
      return `Operation ${id}: a person at the company is deciding. Nothing is written before that. Read the operation again later.`;
    case 'scheduled':
      return `Operation ${id} is decided and will be carried out on ${view.scheduled?.on ?? 'its day'} (${view.scheduled?.time_zone ?? 'UTC'}). Do not wait for it and do not ask for it again: read it again on that day.`;
    case 'completed':
      return `Operation ${id} is completed: it was carried out and read back. Its receipt is ready.`;
    case 'handed_off':
    case 'needs_human':
      return `Operation ${id} is with a person at the company${view.handoff === undefined ? '' : `: case ${view.handoff.case_ref}, an answer by ${view.handoff.respond_by}, ${view.handoff.channel}`}.`;
    case 'unknown':
    case 'reconciling':
      return `Operation ${id}: whether the write happened is not known yet. It is being found out by reading; do not ask for it again.`;
    default:
      return `Operation ${id} is ${state}.`;
  }
}
