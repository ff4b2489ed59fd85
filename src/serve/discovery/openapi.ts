import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Contract } from '../../actions/contract.ts';
import type { Settings } from '../../engine/world.ts';
import { operationSchema, PROBLEM_SCHEMA, RECEIPT_SCHEMA } from './operation-schema.ts';

const OPERATION_ID = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string', pattern: '^op_[0-9a-f-]{36}$' },
};
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: true,
  description: 'A structured-field string of 20 to 255 characters.',
  schema: { type: 'string' },
};

/** OpenAPI 3.1 of the native binding; the schemas are the ones requests are checked with. */
export function openApiDocument(contract: Contract, settings: Settings): JsonObject {
  const schemas: Record<string, JsonObject> = { Problem: PROBLEM_SCHEMA, Operation: operationSchema(), ...ANSWERS };
  for (const [name, { $id: _id, $schema: _dialect, ...schema }] of contract.schemas) schemas[name] = schema;
  const paths: Record<string, JsonObject> = {
    '/agents': {
      post: post({
        operationId: 'registerAgent',
        summary: 'Register a key, proven by its own signature',
        schema: 'register',
        answer: ['201', 'Agent'],
      }),
    },
    '/invitations': {
      post: post({
        operationId: 'invite',
        summary: 'Ask to be told of the company’s offers',
        schema: 'invite',
        parameters: [IDEMPOTENCY_KEY],
        answer: ['201', 'Invitation'],
      }),
      delete: {
        operationId: 'uninvite',
        summary: 'Be told of the company’s offers no longer',
        responses: responses('200', 'Nothing'),
      },
    },
    '/operations/{id}': {
      get: get('readOperation', 'Read an operation; `Prefer: wait=20` waits for a change', 'Operation'),
    },
    '/operations/{id}/receipt': {
      get: get('readReceipt', 'The receipt of an ended operation, with its log proof', 'ReceiptFile'),
    },
  };
  for (const { name, title, description } of contract.definitions) {
    const read = { operationId: `${name}.definition`, summary: `${title}: its definition`, security: [] };
    paths[`/actions/${name}`] = {
      get: { ...read, responses: responses('200', 'Definition') },
      post: { ...submit(name, title), description },
    };
  }
  for (const [verb, summary, status] of VERBS)
    paths[`/operations/{id}/${verb}`] = {
      post: post({
        operationId: verb,
        summary,
        schema: verb,
        parameters: [OPERATION_ID, IDEMPOTENCY_KEY],
        answer: [status, 'Operation'],
      }),
    };
  return {
    openapi: '3.1.0',
    info: {
      title: `${settings.company}: Parley`,
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: settings.origin }],
    security: [{ httpSignature: [] }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        httpSignature: {
          type: 'apiKey',
          in: 'header',
          name: 'Signature',
          description: 'RFC 9421 with Signature-Input; tag `parley/1`. See /.well-known/parley.',
        },
      },
    },
  };
}

const text: JsonObject = { type: 'string' };

/** What is answered beside operations. */
const ANSWERS: Readonly<Record<string, JsonObject>> = {
  Agent: {
    type: 'object',
    required: ['keyid', 'name', 'registered_at'],
    properties: { keyid: text, name: text, registered_at: text },
  },
  Invitation: {
    type: 'object',
    required: ['id', 'accounts', 'actions', 'made_at', 'expires_at'],
    properties: {
      id: text,
      accounts: { type: 'array', items: text },
      actions: { type: 'array', items: text },
      made_at: text,
      expires_at: text,
    },
  },
  ReceiptFile: RECEIPT_SCHEMA,
  Definition: {
    type: 'object',
    required: ['name', 'version', 'title', 'input'],
    properties: { name: text, version: text },
  },
  Nothing: { type: 'object', maxProperties: 0 },
};

const VERBS = [
  ['offers', 'Counter the last offer', '200'],
  ['accept', 'Accept an offer by id and digest, with your signature on the agreement', '200'],
  ['withdraw', 'Take the request back', '200'],
  ['handoff', 'A person, now', '202'],
] as const;

function submit(name: string, title: string): JsonObject {
  const content = {
    'application/json': {
      schema: {
        allOf: [
          { $ref: '#/components/schemas/submit' },
          { type: 'object', properties: { input: { $ref: `#/components/schemas/${name}.input` } } },
        ],
      },
    },
  };
  return {
    operationId: name,
    summary: title,
    parameters: [IDEMPOTENCY_KEY],
    requestBody: { required: true, content },
    responses: responses('202'),
  };
}

interface Post {
  readonly operationId: string;
  readonly summary: string;
  /** Of what is sent. */
  readonly schema: string;
  readonly parameters?: readonly JsonObject[];
  readonly answer: readonly [status: string, schema: string];
}

function post({ operationId, summary, schema, parameters = [], answer: [status, told] }: Post): JsonObject {
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } };
  return {
    operationId,
    summary,
    parameters,
    requestBody: { required: true, content },
    responses: responses(status, told),
  };
}

function get(operationId: string, summary: string, schema: string): JsonObject {
  return { operationId, summary, parameters: [OPERATION_ID], responses: responses('200', schema) };
}

function responses(success: string, schema = 'Operation'): JsonObject {
  const problem = {
    description: 'A problem',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  return {
    [success]: {
      description: 'Done',
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
    },
    default: problem,
  };
}
