/** Operations and refusals as MCP tool results: in the words of tools, and for a model no more than it needs. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { type Refusal, toProblem } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { URN } from '../../../protocol/base/names.ts';
import type { Confirmation } from '../../../protocol/operation.ts';
import { slimView } from '../../../protocol/words/slim-view.ts';
import { howToWait, inTools, inToolWords, type RightForm, TOOL_OF } from '../../../protocol/words/tool-words.ts';
import type { Operation } from '../../engine/operation.ts';
import { viewOf } from '../../engine/view.ts';
import { inFull } from '../words.ts';

export function valueResult(value: object, words?: string): CallToolResult {
  const json = JSON.stringify(value);
  const text = words === undefined ? json : `${words}\n\n${json}`;
  return { content: [{ type: 'text', text }], structuredContent: JSON.parse(json) };
}

/** Whole in `structuredContent`; in the text what a model decides by, without signatures and what is over. */
export function operationResult(operation: Operation): CallToolResult {
  const view = viewOf(operation);
  const told = inTools(view);
  const text = [howToWait(view), inFull(view, asToolCall), JSON.stringify(slimView(told))];
  return {
    content: [{ type: 'text', text: text.filter((each) => each !== '').join('\n\n') }],
    structuredContent: JSON.parse(JSON.stringify(told)),
  };
}

/** A typed step, as it is asked for here. */
export function asToolCall({ rel, body }: Confirmation): string {
  return `Tool ${TOOL_OF[rel]}${rel === 'accept' ? ' (with `agreement`)' : ''}: ${JSON.stringify(body)}`;
}

/** A refusal the model can act on. Not `structuredContent`: that has the shape of a success. */
export function refusalResult(refused: Refusal, form?: RightForm): CallToolResult {
  const problem: JsonObject = toProblem(refused);
  const told = form === undefined ? problem : inToolWords(problem, form);
  const { title, detail, next } = told;
  const words = [title, detail, next].flatMap((each) => (typeof each === 'string' ? [asSentence(each)] : [])).join(' ');
  return {
    isError: true,
    content: [{ type: 'text', text: `${words}\n\n${JSON.stringify(told)}` }],
    _meta: { [`${URN}:problem`]: problem },
  };
}

const asSentence = (words: string): string => (/[.!?…]$/u.test(words) ? words : `${words}.`);
