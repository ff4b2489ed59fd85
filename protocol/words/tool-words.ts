/** How an operation and a refusal are told where a model acts by tools: in names of tools, never in addresses it cannot call. */
import type { ProblemCode } from '../base/errors.ts';
import type { JsonObject } from '../base/json.ts';
import { LIMITS } from '../base/limits.ts';
import { isFinalState, type NextStep, type OperationView } from '../operation.ts';

export const TOOL_OF: Readonly<Record<NextStep['rel'], string>> = {
  accept: 'offer_accept',
  counter: 'offer_counter',
  withdraw: 'operation_withdraw',
  wait: 'operation_read',
  read: 'operation_read',
  receipt: 'receipt_read',
  handoff: 'operation_handoff',
};

/** A view with its steps, and the steps that its words may mean, by their tools. */
export function inTools({ next, reading, ...view }: OperationView) {
  const confirm = reading?.confirm.map(({ rel, body }) => ({ rel, tool: TOOL_OF[rel], body }));
  return {
    ...view,
    ...(reading === undefined ? {} : { reading: { ...reading, confirm } }),
    next: next.map(({ rel }) => ({ rel, tool: TOOL_OF[rel] })),
  };
}

export type ToolView = ReturnType<typeof inTools>;

/** A person of the company decides: that is nothing to wait for in a call. */
export function waitsForPerson({ state, turn, handoff }: OperationView): boolean {
  const talked = state === 'negotiating' && turn === 'company' && handoff !== undefined;
  return talked || state === 'awaiting_signoff' || state === 'needs_human';
}

/** How to wait, where there is something to wait for. */
export function howToWait(view: OperationView): string {
  const { state, turn } = view;
  if (isFinalState(state) || state === 'scheduled' || (state === 'negotiating' && turn === 'agent')) return '';
  const wait = 'To wait, call operation_read with wait_seconds 20, again and again until the state changes';
  return waitsForPerson(view)
    ? `${wait}, or tell your principal that a person decides: that may take hours.`
    : `${wait}.`;
}

/** The tool that was called, and arguments of the right form. */
export interface RightForm {
  readonly name: string;
  readonly example: JsonObject;
}

/** What to do next where the words of other bindings would mislead. */
const NEXT: Partial<Record<ProblemCode, (form: RightForm) => string>> = {
  'schema-violation': ({ name, example }) =>
    `Correct what is listed. The right form is ${JSON.stringify(example)}; actions_read tells all that ${name} takes.`,
  'terms-invalid': () => 'Correct the terms: actions_read tells which an action has.',
  'idempotency-key-missing': ({ example }) =>
    `Give idempotency_key, random, of ${LIMITS.idempotencyKeyCharsMin} to ${LIMITS.idempotencyKeyCharsMax} characters. The right form is ${JSON.stringify(example)}.`,
  'idempotency-key-invalid': () =>
    `Give idempotency_key as text of ${LIMITS.idempotencyKeyCharsMin} to ${LIMITS.idempotencyKeyCharsMax} printable ASCII characters.`,
  'not-your-turn': () => 'Wait for the company’s answer: operation_read with wait_seconds.',
  conflict: () => 'Call operation_read and act on the state it shows.',
};

/** The problem with what to do next in the words of tools. */
export function inToolWords(problem: JsonObject, form: RightForm): JsonObject {
  const code = String(problem['type']).split(':').at(-1) ?? '';
  const next = Object.entries(NEXT).find(([known]) => known === code)?.[1];
  const told = next === undefined ? problem : { ...problem, next: next(form) };
  return JSON.parse(
    JSON.stringify(told).replaceAll('Idempotency-Key', 'idempotency_key').replaceAll('Retry-After', 'retry_after'),
  );
}
