/** The actions and the verbs as MCP tools: few, named so that a model picks the right one, and small enough to be shown all at once. */
import { type Json, type JsonObject, objectOf } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { byExample } from '../../../protocol/words/slim-schema.ts';
import {
  CATALOGUE_FORM,
  CATALOGUE_SHOWN,
  inputSchemaOf,
  RECEIPT_FORM,
  readForm,
  type ToolForm,
  toolName,
  VERB_FORMS,
} from '../../../protocol/words/tool-forms.ts';
import type { Contract, DefinitionFile } from '../../actions/contract.ts';
import type { Verb } from '../../engine/world.ts';
import { operationSchema, RECEIPT_SCHEMA } from '../discovery/operation-schema.ts';

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

/** What only who signs by themselves gives beside. */
const BESIDE: Partial<Record<Verb, { readonly properties: JsonObject; readonly example: JsonObject }>> = {
  accept: {
    properties: {
      agreement: {
        type: 'object',
        description: 'Your JWS of the agreement, e.g. {"protected":"eyJ…","signature":"k3…"}',
      },
    },
    example: { agreement: { protected: 'eyJ…', signature: 'k3…' } },
  },
};

function verbTools(): readonly Tool[] {
  return [
    ...(['offers', 'accept', 'withdraw', 'handoff'] as const).map(verbTool),
    reader(readForm(LIMITS.waitSecondsMax), shownSchema(), { kind: 'read' }),
    reader(RECEIPT_FORM, RECEIPT_SCHEMA, { kind: 'receipt' }),
    reader(CATALOGUE_FORM, CATALOGUE_SHOWN, { kind: 'catalogue' }),
  ];
}

function verbTool(verb: keyof typeof VERB_FORMS): Tool {
  const { properties, required, example, ...named } = VERB_FORMS[verb];
  const { properties: more, example: moreOf } = BESIDE[verb] ?? { properties: {}, example: {} };
  return {
    ...named,
    inputSchema: {
      type: 'object',
      required: [...required, 'idempotency_key', ...Object.keys(more)],
      properties: { ...properties, idempotency_key: KEY, ...more },
    },
    outputSchema: ownSchema(),
    annotations: {
      readOnlyHint: false,
      destructiveHint: verb === 'accept',
      idempotentHint: true,
      openWorldHint: false,
    },
    meaning: { kind: 'ask', verb },
    example: { ...example, idempotency_key: KEY_EXAMPLE, ...moreOf },
  };
}

function reader(form: ToolForm, outputSchema: JsonObject, meaning: ToolMeaning): Tool {
  const { name, title, description, example } = form;
  const annotations = { readOnlyHint: true, openWorldHint: false };
  return { name, title, description, inputSchema: inputSchemaOf(form), outputSchema, annotations, meaning, example };
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
