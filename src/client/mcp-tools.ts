/** What a model sees of a gateway through `parley mcp`: the actions with their own inputs, and the verbs. Keys, mandates, idempotency and
 * signatures are not a model's business and are not asked of it. */
import type { JsonObject } from '../../protocol/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import { verifyReceipt } from '../../protocol/receipt-verify.ts';
import type { Client } from './index.ts';

export interface BridgeTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  call(args: JsonObject): Promise<object>;
}

/** An action as the gateway publishes it at `/actions/{name}`. */
export interface PublishedAction {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly description: string;
  readonly mandate: string;
  readonly input: JsonObject;
}

export interface BridgeDeps {
  readonly client: Client;
  /** The principal's mandate for this agent's key; actions that need one are refused by the gateway without it. */
  readonly mandate: string | undefined;
  /** The company's JWK Set, for receipts. */
  readonly companyKeys: () => Promise<unknown>;
}

const WAIT_MS = 40_000;
const OPERATION: JsonObject = { type: 'string', pattern: '^op_[0-9a-f-]{36}$', description: 'The operation’s `id`.' };
const TEXT: JsonObject = { type: 'string', maxLength: 4_000 };
const CHOICE: JsonObject = {
  type: 'object',
  description:
    'A package of the offer’s schedule in place of its terms: every pointer of `schedule.issues` with one of its values, e.g. {"/term_months": 24}. `terms_digest` stays the offer’s.',
};

function object(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: 'object', additionalProperties: false, required, properties };
}

export function bridgeTools(actions: readonly PublishedAction[], deps: BridgeDeps): readonly BridgeTool[] {
  return [...actions.map((action) => actionTool(action, deps)), ...verbTools(deps)];
}

function actionTool(
  { name, title, summary, description, input, mandate }: PublishedAction,
  deps: BridgeDeps,
): BridgeTool {
  return {
    name: name.replaceAll('.', '_'),
    title,
    description: `${summary} ${description}`,
    inputSchema: input,
    call: (args) => deps.client.submit(name, args, mandate === 'none' ? undefined : deps.mandate),
  };
}

function verbTools({ client, companyKeys }: BridgeDeps): readonly BridgeTool[] {
  return [
    {
      name: 'offer_counter',
      title: 'Counter the last offer',
      description:
        'Answer the company’s offer with the terms you want changed, or say and ask something with `message` alone: it is told back as `reading` and binds nobody. Only when `turn` is `agent`.',
      inputSchema: object({ operation: OPERATION, terms: { type: 'object' }, message: TEXT }, ['operation']),
      call: (args) =>
        args['terms'] === undefined
          ? client.say(textOf(args, 'operation'), textOf(args, 'message'))
          : client.counter(textOf(args, 'operation'), objectOf(args, 'terms'), optionalText(args, 'message')),
    },
    {
      name: 'offer_accept',
      title: 'Accept an offer',
      description:
        'Accept an open offer of the company, or a package of its `schedule` by naming it in `choice`, and sign the agreement. This commits your principal: check the terms and the price first.',
      inputSchema: object({ operation: OPERATION, offer: TEXT, choice: CHOICE, terms_digest: TEXT }, [
        'operation',
        'offer',
        'terms_digest',
      ]),
      call: (args) => accept(client, args),
    },
    {
      name: 'operation_withdraw',
      title: 'Withdraw an operation',
      description: 'Take the request back, as long as nobody has authorised the write.',
      inputSchema: object({ operation: OPERATION, reason: { ...TEXT, maxLength: 1_000 } }, ['operation']),
      call: (args) => client.withdraw(textOf(args, 'operation'), optionalText(args, 'reason')),
    },
    {
      name: 'operation_handoff',
      title: 'A person, now',
      description: 'Hand this operation to a person at the company. Always granted, in every state.',
      inputSchema: object({ operation: OPERATION, topic: { ...TEXT, maxLength: 200 }, message: TEXT }, [
        'operation',
        'topic',
      ]),
      call: (args) => client.handoff(textOf(args, 'operation'), textOf(args, 'topic'), optionalText(args, 'message')),
    },
    {
      name: 'operation_read',
      title: 'Read an operation',
      description:
        'The state of an operation, its offers and the steps you may take now. With `wait` it answers when it is your turn or the operation has ended.',
      inputSchema: object({ operation: OPERATION, wait: { type: 'boolean' } }, ['operation']),
      call: (args) =>
        args['wait'] === true
          ? client.waitForTurn(textOf(args, 'operation'), stopsAtSignoff())
          : client.read(textOf(args, 'operation')),
    },
    {
      name: 'receipt_read',
      title: 'Read and check the receipt',
      description:
        'The signed receipt of an operation that has ended, and whether it verifies against the company’s keys and log.',
      inputSchema: object({ operation: OPERATION }, ['operation']),
      async call(args) {
        const file = await client.receipt(textOf(args, 'operation'));
        const { verdict } = await verifyReceipt(file, { keys: await companyKeys() });
        return { verdict, ...file };
      },
    },
  ];
}

/** A person may take hours: a wait ends there, or when an AI client would lose patience, and the model tells its own person. */
function stopsAtSignoff(): (view: OperationView) => boolean {
  const until = Date.now() + WAIT_MS;
  return ({ state, handoff }) =>
    state === 'awaiting_signoff' || state === 'needs_human' || handoff !== undefined || Date.now() >= until;
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
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${name} must be an object.`);
  return value as JsonObject;
}
