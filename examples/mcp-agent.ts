// A customer's agent driven by a model, over MCP: `parley mcp` holds the key and signs; the model sees plain tools.
// MODEL_URL is any OpenAI-compatible endpoint, MODEL the model's name, MODEL_KEY its key, if it wants one.

import { fileURLToPath } from 'node:url';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { generateText, jsonSchema, stepCountIs, tool } from 'ai';

const { GATEWAY = '', AGENT_KEY = '', MANDATE = '', MODEL_URL = '', MODEL = '', MODEL_KEY = '' } = process.env;
if (MODEL_URL === '') {
  console.error('MODEL_URL is not set: which model is to act?');
  process.exit(64);
}
const TASK =
  process.argv[2] ??
  'Renew contract K-1121 for 24 months and 32 seats. Pay at most 29.00 EUR per seat and month; the first offer may not be the best one.';

const parley = new Client({ name: 'example', version: '1.0.0' });
// The same as `npx parley mcp --url …`, wherever this is run from.
const bridge = fileURLToPath(new URL('cli/main.js', import.meta.resolve('parley-gateway')));
const args = [bridge, 'mcp', '--url', GATEWAY, '--key', AGENT_KEY, '--mandate', MANDATE];
await parley.connect(new StdioClientTransport({ command: process.execPath, args }));

const { tools } = await parley.listTools();
const callable = tools.map(({ name, description = '', inputSchema }) => [
  name,
  tool({
    description,
    inputSchema: jsonSchema(inputSchema as Parameters<typeof jsonSchema>[0]),
    async execute(input) {
      console.log(`→ ${name}`, JSON.stringify(input));
      const { content } = await parley.callTool({ name, arguments: input as Record<string, unknown> });
      return JSON.stringify(content);
    },
  }),
]);

const model = createOpenAICompatible({ name: 'model', baseURL: MODEL_URL, apiKey: MODEL_KEY })(MODEL);
const { text, finishReason } = await generateText({
  model,
  tools: Object.fromEntries(callable),
  stopWhen: stepCountIs(20),
  system: `${parley.getInstructions() ?? ''} Never go beyond what your user allows. When a person at the company has to decide, wait for them with operation_read: they may make an offer of their own, and you go on from it.`,
  prompt: TASK,
});
// A model that went on until it was stopped has not come to an end, whatever it said on the way: that is a failure, and told as one.
const hasEnded = text !== '' && finishReason === 'stop';
process.exitCode = hasEnded ? 0 : 1;
console.log(hasEnded ? text : `The model ended without an answer. ${text}`);
await parley.close();
