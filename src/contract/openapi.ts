import type { JsonObject } from '../../protocol/json.ts';
import type { Settings } from '../engine/world.ts';
import type { Contract } from './contract.ts';
import { operationSchema, PROBLEM_SCHEMA } from './operation-schema.ts';

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
  const schemas: Record<string, JsonObject> = { Problem: PROBLEM_SCHEMA, Operation: operationSchema() };
  for (const [name, { $id: _id, $schema: _dialect, ...schema }] of contract.schemas) schemas[name] = schema;
  const paths: Record<string, JsonObject> = {
    '/agents': { post: post('registerAgent', 'Register a key, proven by its own signature', 'register', [], '201') },
    '/invitations': {
      post: post('invite', 'Ask to be told of the company’s offers', 'invite', [IDEMPOTENCY_KEY], '201'),
    },
    '/operations/{id}': {
      get: get('readOperation', 'Read an operation; `Prefer: wait=20` waits for a change', 'Operation'),
    },
    '/operations/{id}/receipt': { get: get('readReceipt', 'The receipt of an ended operation, with its log proof') },
  };
  for (const { name, title, description } of contract.definitions) {
    paths[`/actions/${name}`] = { post: { ...submit(name, title), description } };
  }
  for (const [verb, summary] of VERBS)
    paths[`/operations/{id}/${verb}`] = { post: post(verb, summary, verb, [OPERATION_ID, IDEMPOTENCY_KEY]) };
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

const VERBS = [
  ['offers', 'Counter the last offer'],
  ['accept', 'Accept an offer by id and digest, with your signature on the agreement'],
  ['withdraw', 'Take the request back'],
  ['handoff', 'A person, now'],
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

function post(
  operationId: string,
  summary: string,
  schema: string,
  parameters: readonly JsonObject[],
  success = '200',
): JsonObject {
  const content = { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } };
  return { operationId, summary, parameters, requestBody: { required: true, content }, responses: responses(success) };
}

function get(operationId: string, summary: string, schema?: string): JsonObject {
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
