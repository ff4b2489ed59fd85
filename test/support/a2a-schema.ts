/** What A2A 1.0 puts on the wire, member by member, as its protocol buffers say: required is what they call required, and there is nothing
 * beside. And the card of 0.3, whose own schema lets more members stand beside. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Json, JsonObject } from '../../protocol/base/json.ts';

const text: JsonObject = { type: 'string' };
const flag: JsonObject = { type: 'boolean' };
const whole: JsonObject = { type: 'integer' };
const anything: JsonObject = { type: 'object' };
const listOf = (items: JsonObject): JsonObject => ({ type: 'array', items });
const mapOf = (additionalProperties: JsonObject): JsonObject => ({ type: 'object', additionalProperties });
const refTo = (name: string): JsonObject => ({ $ref: `#/$defs/${name}` });

type Members = Readonly<Record<string, JsonObject>>;

function message(required: Members, optional: Members = {}): JsonObject {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(required),
    properties: { ...required, ...optional },
  };
}

/** A message of which exactly one of these members is there. */
function oneOf(members: Members, beside: Members = {}): JsonObject {
  return {
    ...message({}, { ...members, ...beside }),
    oneOf: Object.keys(members).map((name) => ({ required: [name] })),
  };
}

const STATES = 'SUBMITTED WORKING COMPLETED FAILED CANCELED INPUT_REQUIRED REJECTED AUTH_REQUIRED'.split(' ');
const OF_TASK = { taskId: text, contextId: text };
const SCOPES = { scopes: mapOf(text) };

const TASKS: Members = {
  Part: oneOf(
    { text, raw: { type: 'string', contentEncoding: 'base64' }, url: text, data: true as unknown as JsonObject },
    { metadata: anything, filename: text, mediaType: text },
  ),
  Message: message(
    { messageId: text, role: { enum: ['ROLE_USER', 'ROLE_AGENT'] }, parts: listOf(refTo('Part')) },
    { ...OF_TASK, metadata: anything, extensions: listOf(text), referenceTaskIds: listOf(text) },
  ),
  Artifact: message(
    { artifactId: text, parts: listOf(refTo('Part')) },
    { name: text, description: text, metadata: anything, extensions: listOf(text) },
  ),
  TaskStatus: message(
    { state: { enum: STATES.map((each) => `TASK_STATE_${each}`) } },
    { message: refTo('Message'), timestamp: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$' } },
  ),
  Task: message(
    { id: text, status: refTo('TaskStatus') },
    { contextId: text, artifacts: listOf(refTo('Artifact')), history: listOf(refTo('Message')), metadata: anything },
  ),
  TaskStatusUpdateEvent: message({ ...OF_TASK, status: refTo('TaskStatus') }, { metadata: anything }),
  TaskArtifactUpdateEvent: message(
    { ...OF_TASK, artifact: refTo('Artifact') },
    { append: flag, lastChunk: flag, metadata: anything },
  ),
  SendMessageResponse: oneOf({ task: refTo('Task'), message: refTo('Message') }),
  StreamResponse: oneOf({
    task: refTo('Task'),
    message: refTo('Message'),
    statusUpdate: refTo('TaskStatusUpdateEvent'),
    artifactUpdate: refTo('TaskArtifactUpdateEvent'),
  }),
  ListTasksResponse: message({ tasks: listOf(refTo('Task')), nextPageToken: text, pageSize: whole, totalSize: whole }),
  AuthenticationInfo: message({ scheme: text }, { credentials: text }),
  TaskPushNotificationConfig: message(
    { url: text },
    { tenant: text, id: text, taskId: text, token: text, authentication: refTo('AuthenticationInfo') },
  ),
  ListTaskPushNotificationConfigsResponse: message(
    { configs: listOf(refTo('TaskPushNotificationConfig')) },
    { nextPageToken: text },
  ),
};

const CARDS: Members = {
  AgentInterface: message({ url: text, protocolBinding: text, protocolVersion: text }, { tenant: text }),
  AgentProvider: message({ url: text, organization: text }),
  AgentExtension: message({}, { uri: text, description: text, required: flag, params: anything }),
  AgentCapabilities: message(
    {},
    { streaming: flag, pushNotifications: flag, extendedAgentCard: flag, extensions: listOf(refTo('AgentExtension')) },
  ),
  SecurityRequirement: message({}, { schemes: mapOf(message({}, { list: listOf(text) })) }),
  AgentSkill: message(
    { id: text, name: text, description: text, tags: listOf(text) },
    {
      examples: listOf(text),
      inputModes: listOf(text),
      outputModes: listOf(text),
      securityRequirements: listOf(refTo('SecurityRequirement')),
    },
  ),
  OAuthFlow: oneOf({
    authorizationCode: message(
      { authorizationUrl: text, tokenUrl: text, ...SCOPES },
      { refreshUrl: text, pkceRequired: flag },
    ),
    clientCredentials: message({ tokenUrl: text, ...SCOPES }, { refreshUrl: text }),
    deviceCode: message({ deviceAuthorizationUrl: text, tokenUrl: text, ...SCOPES }, { refreshUrl: text }),
  }),
  SecurityScheme: oneOf({
    apiKeySecurityScheme: message({ location: text, name: text }, { description: text }),
    httpAuthSecurityScheme: message({ scheme: text }, { description: text, bearerFormat: text }),
    oauth2SecurityScheme: message({ flows: refTo('OAuthFlow') }, { description: text, oauth2MetadataUrl: text }),
    openIdConnectSecurityScheme: message({ openIdConnectUrl: text }, { description: text }),
    mtlsSecurityScheme: message({}, { description: text }),
  }),
  AgentCardSignature: message({ protected: text, signature: text }, { header: anything }),
  AgentCard: message(
    {
      name: text,
      description: text,
      version: text,
      supportedInterfaces: listOf(refTo('AgentInterface')),
      capabilities: refTo('AgentCapabilities'),
      defaultInputModes: listOf(text),
      defaultOutputModes: listOf(text),
      skills: listOf(refTo('AgentSkill')),
    },
    {
      provider: refTo('AgentProvider'),
      documentationUrl: text,
      iconUrl: text,
      securitySchemes: mapOf(refTo('SecurityScheme')),
      securityRequirements: listOf(refTo('SecurityRequirement')),
      signatures: listOf(refTo('AgentCardSignature')),
    },
  ),
};

const open = (required: Members, optional: Members = {}): JsonObject => ({
  ...message(required, optional),
  additionalProperties: true,
});
const SCHEMES_03: Readonly<Record<string, Members>> = {
  apiKey: { in: { enum: ['cookie', 'header', 'query'] }, name: text },
  http: { scheme: text },
  oauth2: { flows: anything },
  openIdConnect: { openIdConnectUrl: text },
  mutualTLS: {},
};

const CARDS_03: Members = {
  AgentInterface03: open({ url: text, transport: text }),
  SecurityScheme03: {
    anyOf: Object.entries(SCHEMES_03).map(([type, members]) => open({ type: { const: type }, ...members })),
  },
  AgentSkill03: open(
    { id: text, name: text, description: text, tags: listOf(text) },
    { examples: listOf(text), inputModes: listOf(text), outputModes: listOf(text) },
  ),
  AgentCard03: open(
    {
      name: text,
      description: text,
      version: text,
      url: text,
      protocolVersion: { type: 'string', pattern: '^0\\.3' },
      capabilities: open({}, { streaming: flag, pushNotifications: flag, extensions: listOf(open({ uri: text })) }),
      defaultInputModes: listOf(text),
      defaultOutputModes: listOf(text),
      skills: listOf(refTo('AgentSkill03')),
    },
    {
      preferredTransport: text,
      additionalInterfaces: listOf(refTo('AgentInterface03')),
      provider: open({ url: text, organization: text }),
      documentationUrl: text,
      iconUrl: text,
      supportsAuthenticatedExtendedCard: flag,
      security: listOf(mapOf(listOf(text))),
      securitySchemes: mapOf(refTo('SecurityScheme03')),
      signatures: listOf(refTo('AgentCardSignature')),
    },
  ),
};

const ERRORS: Members = {
  RpcError: message({ code: whole, message: text }, { data: listOf(open({ '@type': text })) }),
  RestError: message({
    error: message({ code: whole, status: text, message: text, details: listOf(open({ '@type': text })) }),
  }),
};

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema({ $id: 'a2a', $defs: { ...TASKS, ...CARDS, ...CARDS_03, ...ERRORS } });
const compiled = new Map<string, ValidateFunction>();

/** What of this value is not as A2A says of such a one; empty when all is. */
export function a2aFaults(name: string, value: unknown): string {
  const validate = compiled.get(name) ?? ajv.compile({ $ref: `a2a#/$defs/${name}` });
  compiled.set(name, validate);
  return validate(value) ? '' : ajv.errorsText(validate.errors);
}

/** What an answer of the binding's is, by what is in it. Nothing else looks like it. */
const MARKS: readonly (readonly [member: string, name: string])[] = [
  ['message', 'SendMessageResponse'],
  ['task', 'SendMessageResponse'],
  ['tasks', 'ListTasksResponse'],
  ['configs', 'ListTaskPushNotificationConfigsResponse'],
  ['supportedInterfaces', 'AgentCard'],
  ['protocolVersion', 'AgentCard03'],
  ['status', 'Task'],
  ['url', 'TaskPushNotificationConfig'],
];

/** The faults of a whole answer, JSON-RPC or HTTP+JSON. Of 0.3's, which have a `kind` or come as they are, only errors are looked at. */
export function a2aAnswerFaults(body: JsonObject): string {
  if (body['jsonrpc'] === undefined)
    return body['error'] === undefined ? resultFaults(body) : a2aFaults('RestError', body);
  const { error, result, id } = body;
  if ((error === undefined) === (result === undefined)) return 'neither a result nor an error';
  if (id === undefined) return 'no id';
  return error === undefined ? resultFaults(result) : a2aFaults('RpcError', error);
}

function resultFaults(result: Json | undefined): string {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return '';
  if ('kind' in result || Object.keys(result).length === 0 || 'pushNotificationConfig' in result) return '';
  const name = MARKS.find(([member]) => member in result)?.[1];
  return name === undefined ? `no such answer: ${Object.keys(result).join(', ')}` : a2aFaults(name, result);
}
