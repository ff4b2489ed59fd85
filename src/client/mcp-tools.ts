/** What a model sees of a gateway through `parley mcp`: the actions with their own inputs, and the verbs. Keys, mandates, idempotency and
 * signatures are not a model's business and are not asked of it. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt/verify.ts';
import { examplesOf, slimObject } from '../../protocol/words/slim-schema.ts';
import { slimView } from '../../protocol/words/slim-view.ts';
import {
  CATALOGUE_FORM,
  CATALOGUE_SHOWN,
  inputSchemaOf,
  RECEIPT_FORM,
  readForm,
  type ToolForm,
  toolName,
  VERB_FORMS,
} from '../../protocol/words/tool-forms.ts';
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
  return tool(CATALOGUE_FORM, { outputSchema: CATALOGUE_SHOWN, annotations: READS }, async ({ tool: asked }) => {
    if (asked === undefined)
      return { actions: actions.map(({ name, title, summary }) => ({ tool: toolName(name), title, summary })) };
    const found = actions.find(({ name }) => toolName(name) === asked);
    if (found === undefined)
      throw new TypeError(`tool must be one of ${actions.map(({ name }) => toolName(name)).join(', ')}.`);
    const { name, summary, description, input, terms, output, examples } = found;
    return {
      actions: [{ tool: toolName(name), summary, description, input, terms, output, examples: examples.valid }],
    };
  });
}

function verbTools({ client, companyKeys }: BridgeDeps): readonly BridgeTool[] {
  const of = (args: JsonObject) => textOf(args, 'operation');
  const { offers, accept: accepting, withdraw, handoff } = VERB_FORMS;
  return [
    tool(offers, STEP, async (args) => shown(await counter(client, args))),
    tool(accepting, COMMITS, async (args) => shown(await accept(client, args))),
    tool(withdraw, STEP, async (args) => shown(await client.withdraw(of(args), optionalText(args, 'reason')))),
    tool({ ...handoff, required: [...handoff.required, 'topic'] }, STEP, async (args) =>
      shown(await client.handoff(of(args), textOf(args, 'topic'), optionalText(args, 'message'))),
    ),
    tool(readForm(WAIT_SECONDS_MAX), { outputSchema: OPERATION_SHOWN, annotations: READS }, async (args) => {
      const seconds = Math.min(Number(args['wait_seconds'] ?? 0), WAIT_SECONDS_MAX);
      return shown(
        seconds > 0 ? await client.waitForTurn(of(args), stopsAtSignoff(seconds)) : await client.read(of(args)),
      );
    }),
    tool(CHECKED_RECEIPT, { outputSchema: RECEIPT_SHOWN, annotations: READS }, async (args) => {
      const file = await client.receipt(of(args));
      const { verdict } = await verifyReceipt(file, { keys: await companyKeys() });
      return { verdict, ...file };
    }),
  ];
}

type Shape = Pick<BridgeTool, 'outputSchema' | 'annotations'>;

const STEP: Shape = { outputSchema: OPERATION_SHOWN, annotations: acts(false) };
const COMMITS: Shape = { outputSchema: OPERATION_SHOWN, annotations: acts(true) };

/** Here it is verified, too. */
const CHECKED_RECEIPT: ToolForm = {
  ...RECEIPT_FORM,
  title: 'Read and check the receipt',
  description:
    'The signed receipt of an operation that has ended, and whether it verifies against the company’s keys and log.',
};
const RECEIPT_SHOWN: JsonObject = {
  type: 'object',
  required: ['verdict', 'receipt'],
  properties: { verdict: { type: 'string' }, receipt: { type: 'string' } },
};

function tool(form: ToolForm, shape: Shape, call: BridgeTool['call']): BridgeTool {
  const { name, title, description, example } = form;
  return { name, title, description, inputSchema: inputSchemaOf(form), ...shape, example, call };
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
