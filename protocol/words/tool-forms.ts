/** The tools that every gateway has beside its actions, as a model is shown them: at the gateway's own `/mcp` and through the bridge that
 * signs for its user. What one of the two asks for beside, it adds. */
import type { JsonObject } from '../base/json.ts';
import { TOOL_OF } from './tool-words.ts';

export interface ToolForm {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly properties: JsonObject;
  readonly required: readonly string[];
  /** Arguments of the right form. */
  readonly example: JsonObject;
}

/** Model interfaces allow letters, digits, `_` and `-` in a tool's name, not dots. */
export const toolName = (action: string): string => action.replaceAll('.', '_');

const text = (description: string): JsonObject => ({ type: 'string', description });
const OPERATION = text('e.g. op_0190…');
const MESSAGE = text('For people, e.g. Please call back.');
const OPERATION_EXAMPLE = 'op_0190a3c2-7b1e-7c3a-9f44-5d2e8b6a1c07';
const OFFER_EXAMPLE = 'of_0190a3c2-7b1e-7c3a-9f44-5d2e8b6a1c08';
const DIGEST_EXAMPLE = 'sha-256:iLG4yjxkCcwDUKRdvUMtVRDZteJRzHjN8uPcBN05Ejg';

type OnOperation = Omit<ToolForm, 'required'> & { readonly required?: readonly string[] };

const onOperation = ({ properties, required = [], example, ...named }: OnOperation): ToolForm => ({
  ...named,
  properties: { operation: OPERATION, ...properties },
  required: ['operation', ...required],
  example: { operation: OPERATION_EXAMPLE, ...example },
});

/** The steps of an operation, by their verbs. */
export const VERB_FORMS = {
  offers: onOperation({
    name: TOOL_OF.counter,
    title: 'Counter the last offer',
    description:
      'Answer the company’s offers, when `turn` is `agent`, with the terms you want changed; or in words alone, which are told back as `reading` and bind nobody.',
    properties: { terms: { type: 'object', description: 'e.g. {"term_months":24}' }, message: MESSAGE },
    example: { terms: { term_months: 24 } },
  }),
  accept: onOperation({
    name: TOOL_OF.accept,
    title: 'Accept an offer',
    description:
      'Accept one of `open_offers`, or a package of its `schedule`. This commits your principal: check terms and price first.',
    properties: {
      offer: text('Its id, e.g. of_0190…'),
      terms_digest: text('The offer’s, e.g. sha-256:iLG4…'),
      choice: {
        type: 'object',
        description: 'A package of its schedule, a value for every pointer, e.g. {"/term_months":24}',
      },
    },
    required: ['offer', 'terms_digest'],
    example: { offer: OFFER_EXAMPLE, terms_digest: DIGEST_EXAMPLE },
  }),
  withdraw: onOperation({
    name: TOOL_OF.withdraw,
    title: 'Withdraw an operation',
    description: 'Take the request back, as long as nobody has authorised the write.',
    properties: { reason: text('e.g. No longer needed.') },
    example: { reason: 'No longer needed.' },
  }),
  handoff: onOperation({
    name: TOOL_OF.handoff,
    title: 'A person, now',
    description: 'Hand this operation to a person at the company. Always granted, in every state.',
    properties: { topic: text('e.g. The price'), message: MESSAGE },
    example: { topic: 'The price' },
  }),
} as const satisfies Readonly<Record<string, ToolForm>>;

export const readForm = (waitSecondsMax: number): ToolForm =>
  onOperation({
    name: TOOL_OF.read,
    title: 'Read an operation, or wait for it',
    description:
      'Its state, its offers and the steps you may take. To wait, give wait_seconds and call again until it is your turn, a person decides, or it has ended.',
    properties: { wait_seconds: { type: 'integer', description: `Up to ${waitSecondsMax}, e.g. 20` } },
    example: { wait_seconds: 20 },
  });

export const RECEIPT_FORM = onOperation({
  name: TOOL_OF.receipt,
  title: 'Read the receipt',
  description: 'The signed receipt of an operation that has ended, with its log proof: it verifies offline.',
  properties: {},
  example: {},
});

export const CATALOGUE_FORM: ToolForm = {
  name: 'actions_read',
  title: 'Read an action whole',
  description:
    'All that a tool of an action takes and gives: schemas, examples, conditions. Without `tool`, a list of all.',
  properties: { tool: text('e.g. contract_renew') },
  required: [],
  example: { tool: 'contract_renew' },
};

/** What `actions_read` answers, everywhere. */
export const CATALOGUE_SHOWN: JsonObject = {
  type: 'object',
  required: ['actions'],
  properties: { actions: { type: 'array', items: { type: 'object' } } },
};

export function inputSchemaOf({ properties, required }: ToolForm): JsonObject {
  return { type: 'object', required: [...required], properties };
}
