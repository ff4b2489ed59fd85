/** The actions and the verbs as MCP tools: few, named so that a model picks the right one, and small enough to be shown all at once. */
import { type Json, type JsonObject, objectOf } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { byExample } from '../../../protocol/words/slim-schema.ts';
import type { Contract, DefinitionFile } from '../../actions/contract.ts';
import type { Verb } from '../../engine/world.ts';
import { operationSchema } from '../discovery/operation-schema.ts';

/** What a tool stands for. */
export type ToolMeaning =
  | {
      readonly kind: 'ask';
      readonly verb: Verb /** The action; otherwise the operation is an argument. */;
      readonly action?: string;
    }
  | { readonly kind: 'read' }
  | { readonly kind: 'receipt' }
  | { readonly kind: 'catalogue' };

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: JsonObject;
  readonly meaning: ToolMeaning;
  /** Arguments of the right form, shown where they were not. */
  readonly example: JsonObject;
}

const KEY_EXAMPLE = 'random-20-characters-1';
const KEY: JsonObject = { type: 'string', description: `Yours, e.g. ${KEY_EXAMPLE}` };
const MANDATE: JsonObject = { type: 'string', description: 'e.g. eyJ…~eyJ…' };
const OPERATION_EXAMPLE = 'op_0190a3c2-7b1e-7c3a-9f44-5d2e8b6a1c07';
const OPERATION: JsonObject = { type: 'string', description: 'e.g. op_0190…' };

/** In a fixed order: the actions as the contract lists them, then the verbs. */
export function toolsOf(contract: Contract): readonly Tool[] {
  const tools = [...contract.definitions.map(actionTool), ...verbTools()];
  return tools.map((tool) => ({ ...tool, outputSchema: portable(tool.outputSchema) }));
}

/** The same schema with one `type` a branch: some models' interfaces know no list of types. */
export function portable(schema: JsonObject): JsonObject {
  const { type, ...rest } = schema;
  const split = Array.isArray(type) && !('anyOf' in rest);
  const told = split ? { ...rest, anyOf: type.map((each): JsonObject => ({ type: each })) } : schema;
  return Object.fromEntries(Object.entries(told).map(([name, value]) => [name, portableIn(value)]));
}

function portableIn(value: Json): Json {
  if (Array.isArray(value)) return value.map(portableIn);
  return typeof value === 'object' && value !== null ? portable(value as JsonObject) : value;
}

/** Model interfaces allow letters, digits, `_` and `-` in a tool's name, not dots. */
export const toolName = (action: string): string => action.replaceAll('.', '_');

function actionTool(definition: DefinitionFile): Tool {
  const { name, title, summary, input, mandate, kind, examples } = definition;
  const own = examples.valid.flatMap((each) => each['input'] ?? []);
  const permission = mandate === 'none' ? {} : { mandate: MANDATE };
  return {
    name: toolName(name),
    title,
    description: summary,
    inputSchema: {
      type: 'object',
      required: ['idempotency_key', 'input'],
      properties: { idempotency_key: KEY, ...permission, input: byExample(input, own) },
    },
    outputSchema: ownSchema(definition),
    annotations: {
      readOnlyHint: kind === 'read',
      destructiveHint: kind === 'write',
      idempotentHint: true,
      openWorldHint: false,
    },
    meaning: { kind: 'ask', verb: 'submit', action: name },
    example: { idempotency_key: KEY_EXAMPLE, input: own[0] ?? {} },
  };
}

const STEP = { required: ['rel', 'tool'], properties: { rel: { type: 'string' }, tool: { type: 'string' } } };

/** As every binding answers, with the steps named by their tools. */
const shownSchema = (action: Parameters<typeof operationSchema>[0] = {}): JsonObject => operationSchema(action, STEP);

/** The same without the inside of what every operation has alike, which operation_read tells once: a list of tools is anybody's to ask for,
 * and would be three times as large. */
function ownSchema(action?: Parameters<typeof operationSchema>[0]): JsonObject {
  const whole = shownSchema(action);
  return withMembers(whole, (name, member) => {
    if (name === 'output' || name === 'next') return member;
    if (name !== 'offers') return bare(member);
    const items = withMembers(objectOf(member['items']), (inner, each) => (inner === 'terms' ? each : bare(each)));
    return { ...member, items };
  });
}

function withMembers(schema: JsonObject, change: (name: string, member: JsonObject) => JsonObject): JsonObject {
  const members = Object.entries(objectOf(schema['properties']));
  const properties = Object.fromEntries(members.map(([name, each]) => [name, change(name, objectOf(each))]));
  return { ...schema, properties };
}

function bare({ type, enum: choices }: JsonObject): JsonObject {
  return { ...(type === undefined ? {} : { type }), ...(choices === undefined ? {} : { enum: choices }) };
}

interface VerbTool {
  readonly verb: Verb;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly required?: readonly string[];
  readonly properties: JsonObject;
  readonly example: JsonObject;
}

const TEXT = (words: string): JsonObject => ({ type: 'string', description: words });
const MESSAGE = TEXT('For people, e.g. Please call back.');
const OFFER_EXAMPLE = 'of_0190a3c2-7b1e-7c3a-9f44-5d2e8b6a1c08';
const DIGEST_EXAMPLE = 'sha-256:iLG4yjxkCcwDUKRdvUMtVRDZteJRzHjN8uPcBN05Ejg';

const VERB_TOOLS: readonly VerbTool[] = [
  {
    verb: 'offers',
    name: 'offer_counter',
    title: 'Counter the last offer',
    description:
      'Answer the company’s offers, when `turn` is `agent`, with the terms you want changed; or in words alone, which are told back as `reading` and bind nobody.',
    properties: { terms: { type: 'object', description: 'e.g. {"term_months":24}' }, message: MESSAGE },
    example: { terms: { term_months: 24 } },
  },
  {
    verb: 'accept',
    name: 'offer_accept',
    title: 'Accept an offer',
    description:
      'Accept one of `open_offers`, or a package of its `schedule`, with your signature on the agreement. This commits your principal.',
    required: ['offer', 'terms_digest', 'agreement'],
    properties: {
      offer: TEXT('Its id, e.g. of_0190…'),
      terms_digest: TEXT('The offer’s, e.g. sha-256:iLG4…'),
      choice: { type: 'object', description: 'A package of its schedule, e.g. {"/term_months":24}' },
      agreement: {
        type: 'object',
        description: 'Your JWS of it, e.g. {"protected":"eyJ…","signature":"k3…"}',
      },
    },
    example: { offer: OFFER_EXAMPLE, terms_digest: DIGEST_EXAMPLE, agreement: { protected: 'eyJ…', signature: 'k3…' } },
  },
  {
    verb: 'withdraw',
    name: 'operation_withdraw',
    title: 'Withdraw an operation',
    description: 'Take the request back, as long as nobody has authorised the write.',
    properties: { reason: TEXT('e.g. No longer needed.') },
    example: { reason: 'No longer needed.' },
  },
  {
    verb: 'handoff',
    name: 'operation_handoff',
    title: 'A person, now',
    description: 'Hand this operation to a person at the company. Always granted, in every state.',
    properties: { topic: TEXT('e.g. The price'), message: MESSAGE },
    example: { topic: 'The price' },
  },
];

function verbTools(): readonly Tool[] {
  return [
    ...VERB_TOOLS.map(verbTool),
    reader({
      name: 'operation_read',
      title: 'Read an operation, or wait for it',
      description:
        'Its state, its offers and the steps you may take. To wait, give wait_seconds and call again until it is your turn, a person decides, or it has ended.',
      properties: {
        operation: OPERATION,
        wait_seconds: { type: 'integer', description: `Up to ${LIMITS.waitSecondsMax}, e.g. 20` },
      },
      required: ['operation'],
      outputSchema: shownSchema(),
      meaning: { kind: 'read' },
      example: { operation: OPERATION_EXAMPLE, wait_seconds: 20 },
    }),
    reader({
      name: 'receipt_read',
      title: 'Read the receipt',
      description: 'The signed receipt of an operation that has ended, with its log proof: it verifies offline.',
      properties: { operation: OPERATION },
      required: ['operation'],
      outputSchema: {
        type: 'object',
        required: ['receipt', 'proof', 'keys'],
        properties: { receipt: { type: 'string' }, proof: { type: ['string', 'null'] }, keys: { type: 'object' } },
      },
      meaning: { kind: 'receipt' },
      example: { operation: OPERATION_EXAMPLE },
    }),
    reader({
      name: 'actions_read',
      title: 'Read an action whole',
      description:
        'All that a tool of an action takes and gives: schemas, examples, conditions. Without `tool`, a list of all.',
      properties: { tool: TEXT('e.g. contract_renew') },
      required: [],
      outputSchema: {
        type: 'object',
        required: ['actions'],
        properties: { actions: { type: 'array', items: { type: 'object' } } },
      },
      meaning: { kind: 'catalogue' },
      example: { tool: 'contract_renew' },
    }),
  ];
}

function verbTool({ verb, required = [], properties, example, ...named }: VerbTool): Tool {
  return {
    ...named,
    inputSchema: {
      type: 'object',
      required: ['operation', 'idempotency_key', ...required],
      properties: { operation: OPERATION, idempotency_key: KEY, ...properties },
    },
    outputSchema: ownSchema(),
    annotations: {
      readOnlyHint: false,
      destructiveHint: verb === 'accept',
      idempotentHint: true,
      openWorldHint: false,
    },
    meaning: { kind: 'ask', verb },
    example: { operation: OPERATION_EXAMPLE, idempotency_key: KEY_EXAMPLE, ...example },
  };
}

function reader({
  properties,
  required,
  ...tool
}: Omit<Tool, 'inputSchema' | 'annotations'> & {
  readonly properties: JsonObject;
  readonly required: readonly string[];
}): Tool {
  return {
    ...tool,
    inputSchema: { type: 'object', required, properties },
    annotations: { readOnlyHint: true, openWorldHint: false },
  };
}

/** An action as `actions_read` tells it. */
export function actionWhole({
  name,
  title,
  summary,
  description,
  mandate,
  risk,
  input,
  terms,
  output,
  examples,
}: DefinitionFile): JsonObject {
  return {
    tool: toolName(name),
    title,
    summary,
    description,
    mandate,
    risk,
    input: portable(input),
    ...(terms === undefined ? {} : { terms: portable(terms) }),
    ...(output === undefined ? {} : { output: portable(output) }),
    examples: examples.valid,
  };
}
