import type { Confirmation, OperationView, ReadingView } from '../../protocol/operation.ts';
import { schedulesInWords } from '../../protocol/words/schedule-words.ts';

/** Where the operation stands, and what there is to choose from. */
export function inFull(view: OperationView, spell: Spell): string {
  const tables = schedulesInWords(view);
  const words = inWords(view, spell);
  return tables === '' ? words : `${words}\n\n${tables}`;
}

/** How a binding spells a typed step. */
export type Spell = (step: Confirmation) => string;

/** A few sentences on where the operation stands, for the model that reads the result. */
export function inWords(view: OperationView, spell: Spell): string {
  const { id, state } = view;
  switch (state) {
    case 'negotiating':
      return [
        ...(view.turn === 'agent' && view.reading !== undefined ? [readingInWords(view.reading, spell)] : []),
        turnInWords(view),
        ...(view.negotiator === undefined
          ? []
          : [
              `You are talking to an AI system that acts on behalf of ${view.negotiator.on_behalf_of}; a person is available at any time (${view.negotiator.person}).`,
            ]),
      ].join(' ');
    case 'awaiting_signoff':
      return `Operation ${id}: a person at the company is deciding. Nothing is written before that. Read the operation again later.`;
    case 'scheduled':
      return `Operation ${id} is decided and will be carried out on ${view.scheduled?.on ?? 'its day'} (${view.scheduled?.time_zone ?? 'UTC'}). Do not wait for it and do not ask for it again: read it again on that day.`;
    case 'completed':
      return view.handoff?.settled === undefined
        ? `Operation ${id} is completed: it was carried out and read back. Its receipt is ready.`
        : `Operation ${id} is completed. ${settledInWords(view.handoff.settled)} Its receipt is ready.`;
    case 'handed_off':
    case 'needs_human':
      if (view.handoff?.settled !== undefined)
        return `Operation ${id} was with a person at the company, case ${view.handoff.case_ref}. ${settledInWords(view.handoff.settled)}`;
      return `Operation ${id} is with a person at the company${view.handoff === undefined ? '' : `: case ${view.handoff.case_ref}, an answer by ${view.handoff.respond_by}, ${view.handoff.channel}`}.`;
    case 'unknown':
    case 'reconciling':
      return `Operation ${id}: whether the write happened is not known yet. It is being found out by reading; do not ask for it again.`;
    default:
      return view.handoff?.settled === undefined
        ? `Operation ${id} is ${state}.`
        : `Operation ${id} is ${state}. ${settledInWords(view.handoff.settled)}`;
  }
}

const OUTCOMES = {
  done: 'A person at the company has done what was asked.',
  not_done: 'A person at the company looked into it, and it is not done.',
  otherwise: 'A person at the company has settled it in another way.',
} as const;

function settledInWords({ outcome, message }: Settled): string {
  return message === undefined ? OUTCOMES[outcome] : `${OUTCOMES[outcome]} They say: “${message}”`;
}

type Settled = NonNullable<NonNullable<OperationView['handoff']>['settled']>;

function readingInWords({ words, confirm }: ReadingView, spell: Spell): string {
  return [words, ...confirm.map(spell)].join(' ');
}

function turnInWords({ id, turn, handoff }: OperationView): string {
  if (turn === 'agent')
    return `Operation ${id}: the company made an offer and it is your turn. Accept it by id and terms_digest, or a package of its schedule, counter, withdraw, or ask for a person.`;
  return handoff === undefined
    ? `Operation ${id}: the company is considering your terms.`
    : `Operation ${id}: a person at the company decides about what you asked for last: case ${handoff.case_ref}, an answer by ${handoff.respond_by}. Read the operation again later.`;
}
