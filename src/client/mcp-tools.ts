/** What a model sees of a gateway through `parley mcp`: the actions with their own inputs, and the verbs. Keys, mandates, idempotency and
 * signatures are not a model's business and are not asked of it. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { examplesOf, slimObject } from '../../protocol/words/slim-schema.ts';
import { slimView } from '../../protocol/words/slim-view.ts';
import { howToWait, inTools, waitsForPerson } from '../../protocol/words/tool-words.ts';
import type { Client } from './index.ts';

export interface BridgeTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema: JsonObject;
  readonly annotations: JsonObject;
  /** Arguments of the right form. */
  readonly example: JsonObject;
  call(args: JsonObject): Promise<object>;
}

/** An action as the gateway publishes it at `/actions/{name}`. */
export interface PublishedAction {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly description: string;
  readonly kind: string;
  readonly mandate: string;
  readonly input: JsonObject;
  readonly terms?: JsonObject;
  readonly output?: JsonObject;
  readonly examples: { readonly valid: readonly JsonObject[] };
}

export interface BridgeDeps {
  readonly client: Client;
  /** Submits the action with the principal's mandate for this agent's key; a fresh one is asked for where it is needed. */
  readonly submit: (action: string, input: JsonObject) => Promise<OperationView>;
  /** The company's JWK Set, for receipts. */
  readonly companyKeys: () => Promise<unknown>;
}

const WAIT_SECONDS_MAX = 40;
const OPERATION: JsonObject = { type: 'string', description: 'e.g. op_0190…' };
const OPERATION_EXAMPLE = 'op_0190a3c2-7b1e-7c3a-9f44-5d2e8b6a1c07';
const text = (description: string): JsonObject => ({ type: 'string', description });
const MESSAGE = text('For people, e.g. Please call back.');

/** What a model is shown of an operation. */
const OPERATION_SHOWN: JsonObject = {
  type: 'object',
  required: ['id', 'action', 'state', 'version', 'next'],
  properties: {
    id: { type: 'string' },
    action: { type: 'string' },
    state: { type: 'string' },
    version: { type: 'integer' },
    turn: { type: 'string' },
    offers: { type: 'array', items: { type: 'object' } },
    open_offers: { type: 'array', items: { type: 'string' } },
    output: { type: 'object' },
    problem: { type: 'object' },
    how_to_wait: { type: 'string' },
    next: { type: 'array', items: { type: 'object' } },
  },
};
const READS: JsonObject = { readOnlyHint: true, openWorldHint: false };
const acts = (destructiveHint: boolean): JsonObject => ({
  readOnlyHint: false,
  destructiveHint,
  // Sent again by itself, under the same key, until it is answered; called again by a model, it is another request.
  idempotentHint: false,
  openWorldHint: false,
});

function object(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: 'object', required, properties };
}

export function bridgeTools(actions: readonly PublishedAction[], deps: BridgeDeps): readonly BridgeTool[] {
  const inputs = actions.flatMap(({ examples }) => examples.valid.map((each) => each['input']));
  return [
    ...actions.map((action) => actionTool(action, inputs, deps)),
    ...[...verbTools(deps), catalogue(actions)].map(strict),
  ];
}

/** An argument that is not known is told, not passed over: a model would believe that it counted. Of an action the gateway tells it. */
function strict(tool: BridgeTool): BridgeTool {
  const { properties = {} } = tool.inputSchema;
  return {
    ...tool,
    async call(args) {
      const unknown = Object.keys(args).find((name) => !Object.hasOwn(Object(properties), name));
      if (unknown !== undefined) throw new TypeError(`${unknown.slice(0, 64)} is not known here.`);
      return tool.call(args);
    },
  };
}

const toolName = (action: string): string => action.replaceAll('.', '_');

function actionTool(action: PublishedAction, others: readonly (Json | undefined)[], deps: BridgeDeps): BridgeTool {
  const { name, title, summary, input, kind, examples } = action;
  const own = examples.valid.map((each) => each['input']);
  return {
    name: toolName(name),
    title,
    description: summary,
    inputSchema: slimObject(input, examplesOf({ own, others })),
    outputSchema: OPERATION_SHOWN,
    annotations: kind === 'read' ? READS : acts(kind === 'write'),
    example: objectIn(own[0]),
    call: async (args) => shown(await deps.submit(name, args)),
  };
}

/** Without what a model cannot use, its steps by the names of tools. */
function shown(view: OperationView): object {
  const wait = howToWait(view);
  return { ...slimView(inTools(view)), ...(wait === '' ? {} : { how_to_wait: wait }) };
}

function catalogue(actions: readonly PublishedAction[]): BridgeTool {
  return {
    name: 'actions_read',
    title: 'Read an action whole',
    description:
      'All that a tool of an action takes and gives: schemas, examples, conditions. Without `tool`, a list of all.',
    inputSchema: object({ tool: text('e.g. contract_renew') }, []),
    outputSchema: object({ actions: { type: 'array', items: { type: 'object' } } }, ['actions']),
    annotations: READS,
    example: { tool: 'contract_renew' },
    async call({ tool }) {
      if (tool === undefined)
        return { actions: actions.map(({ name, title, summary }) => ({ tool: toolName(name), title, summary })) };
      const found = actions.find(({ name }) => toolName(name) === tool);
      if (found === undefined)
        throw new TypeError(`tool must be one of ${actions.map(({ name }) => toolName(name)).join(', ')}.`);
      const { name, summary, description, input, terms, output, examples } = found;
      return {
        actions: [{ tool: toolName(name), summary, description, input, terms, output, examples: examples.valid }],
      };
    },
  };
}

function verbTools({ client, companyKeys }: BridgeDeps): readonly BridgeTool[] {
  return [
    {
      name: 'offer_counter',
      title: 'Counter the last offer',
      description:
        'Answer the company’s offers, when `turn` is `agent`, with the terms you want changed; or in words alone, which are told back as `reading` and bind nobody.',
      inputSchema: object(
        { operation: OPERATION, terms: { type: 'object', description: 'e.g. {"term_months":24}' }, message: MESSAGE },
        ['operation'],
      ),
      outputSchema: OPERATION_SHOWN,
      annotations: acts(false),
      example: { operation: OPERATION_EXAMPLE, terms: { term_months: 24 } },
      call: async (args) => shown(await counter(client, args)),
    },
    {
      name: 'offer_accept',
      title: 'Accept an offer',
      description:
        'Accept one of `open_offers` and sign the agreement. This commits your principal: check terms and price first.',
      inputSchema: object(
        {
          operation: OPERATION,
          offer: text('Its id, e.g. of_0190…'),
          terms_digest: text('The offer’s, e.g. sha-256:iLG4…'),
          choice: {
            type: 'object',
            description: 'A package of its `schedule`, a value for every pointer, e.g. {"/term_months":24}',
          },
        },
        ['operation', 'offer', 'terms_digest'],
      ),
      outputSchema: OPERATION_SHOWN,
      annotations: acts(true),
      example: { operation: OPERATION_EXAMPLE, offer: 'of_0190…', terms_digest: 'sha-256:iLG4…' },
      call: async (args) => shown(await accept(client, args)),
    },
    {
      name: 'operation_withdraw',
      title: 'Withdraw an operation',
      description: 'Take the request back, as long as nobody has authorised the write.',
      inputSchema: object({ operation: OPERATION, reason: text('e.g. No longer needed.') }, ['operation']),
      outputSchema: OPERATION_SHOWN,
      annotations: acts(false),
      example: { operation: OPERATION_EXAMPLE, reason: 'No longer needed.' },
      call: async (args) => shown(await client.withdraw(textOf(args, 'operation'), optionalText(args, 'reason'))),
    },
    {
      name: 'operation_handoff',
      title: 'A person, now',
      description: 'Hand this operation to a person at the company. Always granted, in every state.',
      inputSchema: object({ operation: OPERATION, topic: text('e.g. The price'), message: MESSAGE }, [
        'operation',
        'topic',
      ]),
      outputSchema: OPERATION_SHOWN,
      annotations: acts(false),
      example: { operation: OPERATION_EXAMPLE, topic: 'The price' },
      call: async (args) =>
        shown(await client.handoff(textOf(args, 'operation'), textOf(args, 'topic'), optionalText(args, 'message'))),
    },
    ...readTools({ client, companyKeys }),
  ];
}

function readTools({ client, companyKeys }: Pick<BridgeDeps, 'client' | 'companyKeys'>): readonly BridgeTool[] {
  return [
    {
      name: 'operation_read',
      title: 'Read an operation, or wait for it',
      description:
        'Its state, its offers and the steps you may take. To wait, give wait_seconds and call again until it is your turn, a person decides, or it has ended.',
      inputSchema: object(
        { operation: OPERATION, wait_seconds: { type: 'integer', description: `Up to ${WAIT_SECONDS_MAX}, e.g. 20` } },
        ['operation'],
      ),
      outputSchema: OPERATION_SHOWN,
      annotations: READS,
      example: { operation: OPERATION_EXAMPLE, wait_seconds: 20 },
      async call(args) {
        const seconds = Math.min(Number(args['wait_seconds'] ?? 0), WAIT_SECONDS_MAX);
        const operation = textOf(args, 'operation');
        return shown(
          seconds > 0 ? await client.waitForTurn(operation, stopsAtSignoff(seconds)) : await client.read(operation),
        );
      },
    },
    {
      name: 'receipt_read',
      title: 'Read and check the receipt',
      description:
        'The signed receipt of an operation that has ended, and whether it verifies against the company’s keys and log.',
      inputSchema: object({ operation: OPERATION }, ['operation']),
      outputSchema: object({ verdict: { type: 'string' }, receipt: { type: 'string' } }, ['verdict', 'receipt']),
      annotations: READS,
      example: { operation: OPERATION_EXAMPLE },
      async call(args) {
        const file = await client.receipt(textOf(args, 'operation'));
        const { verdict } = await verifyReceipt(file, { keys: await companyKeys() });
        return { verdict, ...file };
      },
    },
  ];
}

/** A person may take hours: a wait ends there, or when an AI client would lose patience, and the model tells its own person. */
function stopsAtSignoff(seconds: number): (view: OperationView) => boolean {
  const until = Date.now() + seconds * 1_000;
  return (view) => waitsForPerson(view) || Date.now() >= until;
}

function counter(client: Client, args: JsonObject): Promise<OperationView> {
  const operation = textOf(args, 'operation');
  return args['terms'] === undefined
    ? client.say(operation, textOf(args, 'message'))
    : client.counter(operation, objectOf(args, 'terms'), optionalText(args, 'message'));
}

async function accept(client: Client, args: JsonObject): Promise<OperationView> {
  const view = await client.read(textOf(args, 'operation'));
  const offer = view.offers?.find(({ id }) => id === args['offer']);
  if (offer === undefined) throw new TypeError('There is no such offer in this operation.');
  if (offer.by !== 'company') throw new TypeError('That is your own proposal: accept an offer of the company.');
  if (offer.terms_digest !== args['terms_digest'])
    throw new TypeError('terms_digest is not that of this offer: read it again.');
  return client.accept(view, offer, args['choice'] === undefined ? undefined : objectOf(args, 'choice'));
}

function textOf(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value !== 'string') throw new TypeError(`${name} must be text.`);
  return value;
}

function optionalText(args: JsonObject, name: string): string | undefined {
  return args[name] === undefined ? undefined : textOf(args, name);
}

function objectOf(args: JsonObject, name: string): JsonObject {
  const value = args[name];
  if (!isObject(value)) throw new TypeError(`${name} must be an object.`);
  return value;
}

const objectIn = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
