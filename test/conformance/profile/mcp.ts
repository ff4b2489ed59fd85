/** The MCP suite's fixtures in front of the gateway's own answers: the same server, the same request, the same checks before it. */
import { randomBytes } from 'node:crypto';
import {
  createRequestStateCodec,
  type GetPromptResult,
  type InputRequiredResult,
  mergeCapabilities,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { declares } from '../../../src/serve/mcp/declared.ts';
import type { McpHandlers } from '../../../src/serve/mcp/server.ts';
import { CALL_TOOLS, callFixture } from './calls.ts';
import { CONSTANT, PROMPTS, promptContents, RESOURCES, resource, said, TEMPLATE, text, tool } from './content.ts';
import { type Asking, ask, QUESTION_TOOLS } from './questions.ts';
import { makeFixtureTasks, TASK_TOOLS, type TaskDeps } from './tasks.ts';

const STATE_SECONDS = 600;
const COMPOSED = 'test_tool_with_task';
const TOOLS = [...Object.keys(CONSTANT), ...CALL_TOOLS, ...QUESTION_TOOLS, ...TASK_TOOLS, COMPOSED].map(tool);
/** The capability that a client needs for each thing it may be asked. */
const NEEDS: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
};

export function makeMcpFixtures(deps: TaskDeps) {
  const codec = createRequestStateCodec<Asking>({ key: randomBytes(32), ttlSeconds: STATE_SECONDS });
  const tasks = makeFixtureTasks(deps);

  const asked = (fixture: string, ctx: ServerContext) => {
    const { inputResponses: responses } = ctx.mcpReq;
    const state = ctx.mcpReq.requestState<Asking>();
    return ask(fixture, { responses, state, can: (method) => declares(ctx, NEEDS[method] ?? method) }, codec);
  };

  return (own: McpHandlers, server: Server): McpHandlers => {
    const extra = { logging: {}, prompts: {}, completions: {}, resources: { subscribe: true } };
    const capabilities = mergeCapabilities(own.capabilities, extra);
    server.registerCapabilities(capabilities);
    servePrompts(server, asked);
    return {
      ...own,
      capabilities,
      tools: [...own.tools, ...TOOLS],
      resources: [...own.resources, ...RESOURCES],
      templates: [...own.templates, TEMPLATE],
      // A state of these fixtures, or one of the gateway's own; what is neither is refused by the gateway.
      verifyState: async (state, ctx) => {
        try {
          return await codec.verify(state, ctx);
        } catch {
          return own.verifyState(state, ctx);
        }
      },
      async callTool(call, ctx) {
        const { name, args } = call;
        const answer = (await asked(name === COMPOSED ? QUESTION_OF_COMPOSED : name, ctx)) ?? CONSTANT[name];
        if (typeof answer === 'string') return name === COMPOSED ? tasks.begin(async () => said(answer)) : said(answer);
        if (answer !== undefined) return answer;
        return (await callFixture(name, args, ctx)) ?? (await tasks.call(name, args, ctx)) ?? own.callTool(call, ctx);
      },
      async readResource(uri) {
        return resource(uri) ?? own.readResource(uri);
      },
      async task(verb, params, ctx) {
        return tasks.handle(verb, params, ctx) ?? own.task(verb, params, ctx);
      },
    };
  };
}

/** It asks the same, and goes on as a task. */
const QUESTION_OF_COMPOSED = 'test_input_required_result_elicitation';

function servePrompts(
  server: Server,
  asked: (fixture: string, ctx: ServerContext) => Promise<InputRequiredResult | string | undefined>,
): void {
  const messages = (contents: readonly GetPromptResult['messages'][number]['content'][]): GetPromptResult => ({
    messages: contents.map((content) => ({ role: 'user', content })),
  });
  server.setRequestHandler('prompts/list', () => ({ prompts: PROMPTS.map((each) => ({ ...each })) }));
  server.setRequestHandler('prompts/get', async ({ params }, ctx) => {
    const contents = promptContents(params.name, params.arguments ?? {});
    if (contents !== undefined) return messages(contents);
    const answer = await asked(params.name, ctx);
    if (answer === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such prompt.');
    return typeof answer === 'string' ? messages([text(answer)]) : answer;
  });
  server.setRequestHandler('completion/complete', () => ({ completion: { values: [], total: 0, hasMore: false } }));
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
}
