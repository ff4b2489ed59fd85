/** The actions and the verbs as MCP tools: few, and named so that a model picks the right one. */
import type { Json, JsonObject } from '../../../protocol/json.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { Contract, DefinitionFile } from '../../contract/contract.ts';
import { operationSchema } from '../../contract/operation-schema.ts';
import type { Verb } from '../../engine/world.ts';

/** What a tool stands for. */
export type ToolMeaning =
  | {
      readonly kind: 'ask';
      readonly verb: Verb /** The action; otherwise the operation is an argument. */;
      readonly action?: string;
    }
  | { readonly kind: 'read' }
  | { readonly kind: 'receipt' };

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: JsonObject;
  readonly meaning: ToolMeaning;
}

const KEY: JsonObject = {
  type: 'string',
  minLength: LIMITS.idempotencyKeyCharsMin,
  maxLength: LIMITS.idempotencyKeyCharsMax,
  description:
    'Made by you, random (a UUID will do): a new one for every new request, the same one when you send a request again.',
};

const OPERATION: JsonObject = { type: 'string', pattern: '^op_[0-9a-f-]{36}$', description: 'The operation’s `id`.' };

/** In a fixed order: the actions as the contract lists them, then the verbs. */
export function toolsOf(contract: Contract): readonly Tool[] {
  const tools = [
    ...contract.definitions.map((definition) => actionTool(definition, schemaOf(contract, 'submit'))),
    ...verbTools(contract),
  ];
  return tools.map((tool) => ({
    ...tool,
    inputSchema: portable(tool.inputSchema),
    outputSchema: portable(tool.outputSchema),
  }));
}

/** The same schema with one `type` a branch: some models' interfaces know no list of types. */
function portable(schema: JsonObject): JsonObject {
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

function actionTool(definition: DefinitionFile, envelope: JsonObject): Tool {
  const { name, title, summary, description, input, mandate } = definition;
  const { mandate: mandateProperty, language } = propertiesOf(envelope);
  const permission = mandate === 'none' || mandateProperty === undefined ? {} : { mandate: mandateProperty };
  return {
    name: toolName(name),
    title,
    description: `${summary} ${description}`,
    inputSchema: {
      type: 'object',
      additionalProperties: false,
      required: ['idempotency_key', 'input'],
      properties: { idempotency_key: KEY, ...permission, ...(language === undefined ? {} : { language }), input },
    },
    outputSchema: operationSchema(definition),
    annotations: {
      readOnlyHint: definition.kind === 'read',
      destructiveHint: definition.kind === 'write',
      idempotentHint: true,
      openWorldHint: false,
    },
    meaning: { kind: 'ask', verb: 'submit', action: name },
  };
}

function verbTools(contract: Contract): readonly Tool[] {
  return [
    verb(
      contract,
      'offers',
      'offer_counter',
      'Counter the last offer',
      'Answer the company’s offer with the terms you want changed, or ask and propose in words alone (`message`): words are told back as `reading` and bind nobody. Only when it is your turn (`turn` is `agent`).',
    ),
    verb(
      contract,
      'accept',
      'offer_accept',
      'Accept an offer',
      'Accept an open offer by its id and terms_digest, or any package of its `schedule` by naming it in `choice`, with your signature on the agreement. This commits your principal.',
    ),
    verb(
      contract,
      'withdraw',
      'operation_withdraw',
      'Withdraw an operation',
      'Take the request back, as long as nobody has authorised the write.',
    ),
    verb(
      contract,
      'handoff',
      'operation_handoff',
      'A person, now',
      'Hand this operation to a person at the company. Always granted, in every state.',
    ),
    {
      name: 'operation_read',
      title: 'Read an operation',
      description:
        'The state of an operation, its offers and the steps you may take now. With wait_seconds it answers as soon as something happens.',
      inputSchema: {
        type: 'object',
        additionalProperties: false,
        required: ['operation'],
        properties: {
          operation: OPERATION,
          wait_seconds: { type: 'integer', minimum: 0, maximum: LIMITS.waitSecondsMax },
        },
      },
      outputSchema: operationSchema(),
      annotations: { readOnlyHint: true, openWorldHint: false },
      meaning: { kind: 'read' },
    },
    {
      name: 'receipt_read',
      title: 'Read the receipt',
      description:
        'The signed receipt of an operation that has ended, with its log proof. It verifies offline, without trusting the company.',
      inputSchema: {
        type: 'object',
        additionalProperties: false,
        required: ['operation'],
        properties: { operation: OPERATION },
      },
      outputSchema: {
        type: 'object',
        required: ['receipt', 'proof', 'keys'],
        properties: { receipt: { type: 'string' }, proof: { type: ['string', 'null'] }, keys: { type: 'object' } },
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
      meaning: { kind: 'receipt' },
    },
  ];
}

function verb(contract: Contract, name: Verb, tool: string, title: string, description: string): Tool {
  const envelope = schemaOf(contract, name);
  const required = Array.isArray(envelope['required']) ? envelope['required'] : [];
  return {
    name: tool,
    title,
    description,
    inputSchema: {
      type: 'object',
      additionalProperties: false,
      required: ['operation', 'idempotency_key', ...required],
      properties: { operation: OPERATION, idempotency_key: KEY, ...propertiesOf(envelope) },
    },
    outputSchema: operationSchema(),
    annotations: {
      readOnlyHint: false,
      destructiveHint: name === 'accept',
      idempotentHint: true,
      openWorldHint: false,
    },
    meaning: { kind: 'ask', verb: name },
  };
}

function schemaOf(contract: Contract, name: string): JsonObject {
  return contract.schemas.get(name) ?? {};
}

function propertiesOf(schema: JsonObject): JsonObject {
  const { properties } = schema;
  return typeof properties === 'object' && properties !== null && !Array.isArray(properties)
    ? (properties as JsonObject)
    : {};
}
