/** Operations and refusals as MCP tool results. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { type Refusal, toProblem } from '../../../protocol/errors.ts';
import type { JsonObject } from '../../../protocol/json.ts';
import { URN } from '../../../protocol/names.ts';
import type { Confirmation } from '../../../protocol/operation.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import { inFull } from '../words.ts';

export function valueResult(value: object, words?: string): CallToolResult {
  const json = JSON.stringify(value);
  const text = words === undefined ? json : `${words}\n\n${json}`;
  return { content: [{ type: 'text', text }], structuredContent: JSON.parse(json) };
}

export function operationResult(operation: Operation): CallToolResult {
  const view = viewOf(operation);
  return valueResult(view, inFull(view, asToolCall));
}

const TOOL_OF = {
  counter: 'offer_counter',
  accept: 'offer_accept',
  withdraw: 'operation_withdraw',
  handoff: 'operation_handoff',
} as const;

/** A typed step, as it is asked for here. */
export function asToolCall({ rel, body }: Confirmation): string {
  return `Tool ${TOOL_OF[rel]}${rel === 'accept' ? ' (with `agreement`)' : ''}: ${JSON.stringify(body)}`;
}

/** A refusal the model can act on. Not `structuredContent`: that has the shape of a success. */
export function refusalResult(refused: Refusal): CallToolResult {
  const problem: JsonObject = toProblem(refused);
  const { title, detail, next } = problem;
  const words = [title, detail, next].filter((each) => each !== undefined).join('. ');
  return {
    isError: true,
    content: [{ type: 'text', text: `${words}\n\n${JSON.stringify(problem)}` }],
    _meta: { [`${URN}:problem`]: problem },
  };
}
