/** The suite's fixtures that talk while they run: log lines, progress, and what earlier revisions ask the client outright. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CallToolResult,
  type ElicitRequestFormParams,
  MissingRequiredClientCapabilityError,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { declares } from '../../../src/serve/mcp/declared.ts';
import { said } from './content.ts';

const STEP_MS = 50;

type Run = (args: JsonObject, ctx: ServerContext) => Promise<CallToolResult>;

const enums = { one: ['option1', 'option2', 'option3'], titled: ['First', 'Second', 'Third'] } as const;
const titles = (kind: string) =>
  enums.titled.map((title, index) => ({ const: `value${index + 1}`, title: `${title} ${kind}` }));

const DEFAULTS: ElicitRequestFormParams['requestedSchema'] = {
  type: 'object',
  properties: {
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  },
};

const ENUMS: ElicitRequestFormParams['requestedSchema'] = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: [...enums.one] },
    titledSingle: { type: 'string', oneOf: titles('Option') },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: [...enums.one] } },
    titledMulti: { type: 'array', items: { anyOf: titles('Choice') } },
  },
};

const PERSON: ElicitRequestFormParams['requestedSchema'] = {
  type: 'object',
  properties: {
    username: { type: 'string', description: 'User’s response' },
    email: { type: 'string', description: 'User’s email address' },
  },
  required: ['username', 'email'],
};

/** On the stream of the call itself. The SDK sends such a question on the session's own stream else, and drops it where the client has
 * not opened that yet. */
const onStream = (ctx: ServerContext) => ({ relatedRequestId: ctx.mcpReq.id });

const elicit = async (
  ctx: ServerContext,
  message: string,
  requestedSchema: ElicitRequestFormParams['requestedSchema'],
) => {
  const { action, content } = await ctx.mcpReq.elicitInput({ mode: 'form', message, requestedSchema }, onStream(ctx));
  return said(`User response: action=${action}, content=${JSON.stringify(content ?? {})}`);
};

const logs: Run = async (_args, ctx) => {
  for (const line of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    await ctx.mcpReq.log('info', line);
    await sleep(STEP_MS);
  }
  return said('Three lines were logged.');
};

const CALLS: Readonly<Record<string, Run>> = {
  test_tool_with_logging: logs,
  test_logging_tool: logs,
  async test_tool_with_progress(_args, ctx) {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 };
        await ctx.mcpReq.notify({ method: 'notifications/progress', params });
      }
      await sleep(STEP_MS);
    }
    return said('Done.');
  },
  async test_sampling(args, ctx) {
    const message = { role: 'user', content: { type: 'text', text: String(args['prompt'] ?? '') } } as const;
    const { content } = await ctx.mcpReq.requestSampling({ messages: [message], maxTokens: 100 }, onStream(ctx));
    const [first] = Array.isArray(content) ? content : [content];
    return said(`LLM response: ${first?.type === 'text' ? first.text : ''}`);
  },
  test_elicitation: (args, ctx) => elicit(ctx, String(args['message'] ?? ''), PERSON),
  test_elicitation_sep1034_defaults: (_args, ctx) => elicit(ctx, 'Please confirm the defaults', DEFAULTS),
  test_elicitation_sep1330_enums: (_args, ctx) => elicit(ctx, 'Please choose', ENUMS),
  async test_missing_capability(_args, ctx) {
    if (!declares(ctx, 'sampling'))
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
    return said('The client can sample.');
  },
};

export const CALL_TOOLS = Object.keys(CALLS);

/** `undefined`: no fixture of this kind. */
export function callFixture(name: string, args: JsonObject, ctx: ServerContext): Promise<CallToolResult> | undefined {
  return CALLS[name]?.(args, ctx);
}
