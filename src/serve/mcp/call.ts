/** `tools/call`: one tool call to one ask, and what the caller gets when a person has to decide first. */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { toolName } from '../../../protocol/words/tool-forms.ts';
import type { DefinitionFile } from '../../actions/contract.ts';
import { nearest } from '../../engine/nearest.ts';
import type { Operation } from '../../engine/operation.ts';
import { ownerOf } from '../../engine/owner.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import type { Clock, Ids, Store } from '../../ports.ts';
import { isSettled, type Operations } from '../operations.ts';
import { type Declared, declaredBy } from './declared.ts';
import { callDigest, choiceOf, type makeElicitation, type Waiting } from './elicit.ts';
import { operationResult, refusalResult, valueResult } from './results.ts';
import { type TaskIds, taskOf } from './tasks.ts';
import { actionWhole, type Tool, type ToolMeaning } from './tools.ts';

export interface CallDeps {
  readonly tools: ReadonlyMap<string, Tool>;
  /** What is offered now. */
  readonly actions: () => readonly DefinitionFile[];
  readonly operations: Operations;
  readonly elicitation: ReturnType<typeof makeElicitation>;
  readonly taskIds: TaskIds;
  readonly store: Pick<Store, 'spend'>;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** An answer that is there this soon is given at once instead of a handle. */
const AT_ONCE_MS = 1_500;

export type ToolCall = { readonly name: string; readonly args: JsonObject };

export function makeCallTool(deps: CallDeps) {
  const { operations } = deps;

  async function callTool(call: ToolCall, caller: Caller, ctx: ServerContext) {
    const tool = deps.tools.get(call.name);
    if (tool === undefined) {
      const meant = nearest(call.name, [...deps.tools.keys()]);
      const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${call.name.slice(0, 64)}${hint}`);
    }
    const state = ctx.mcpReq.requestState<Waiting>();
    if (state !== undefined) return answerWaiting(call, caller, ctx, state);
    switch (tool.meaning.kind) {
      case 'ask':
        return ask({ ...tool, meaning: tool.meaning }, call, caller, ctx);
      case 'catalogue':
        return catalogue(call.args, tool);
      default:
        return read(tool.meaning.kind, tool, call, caller);
    }
  }

  async function ask(
    tool: Tool & { readonly meaning: Extract<ToolMeaning, { kind: 'ask' }> },
    call: ToolCall,
    caller: Caller,
    ctx: ServerContext,
  ) {
    const { meaning } = tool;
    const { idempotency_key: key, operation, ...rest } = call.args;
    const isSubmit = meaning.action !== undefined;
    // `operation` is an argument of the verbs; of an action's tool it is one nobody knows.
    const body = isSubmit && operation !== undefined ? { ...rest, operation } : rest;
    const target = meaning.action ?? (typeof operation === 'string' ? operation : '');
    const replied = await operations.ask(caller, { verb: meaning.verb, target, key, body });
    if (!replied.ok) return refusalResult(replied.error, tool);
    const found = operations.own(caller, replied.value.operation);
    if (!found.ok) return refusalResult(found.error);
    const asked = JSON.parse(replied.value.body) as { readonly updated_at: string };
    const operationNow = await operations.settled(found.value, AT_ONCE_MS, ({ state }) => state === 'awaiting_signoff');
    return pending(operationNow, Date.parse(asked.updated_at), call, caller, declaredBy(ctx));
  }

  /** The result, if it is there; else the best handle this client can hold. */
  async function pending(operation: Operation, since: number, call: ToolCall, caller: Caller, declared: Declared) {
    if (isSettled(operation)) return operationResult(operation);
    if (declared.tasks) {
      const taskId = deps.taskIds.write({ operation: operation.id, since }, ownerOf(caller));
      return { resultType: 'task', ...taskOf(operation, since, taskId) };
    }
    if (declared.form && operation.state === 'awaiting_signoff') return askMeanwhile(operation, call, caller);
    return operationResult(operation);
  }

  function askMeanwhile(operation: Operation, { name, args }: ToolCall, caller: Caller) {
    return deps.elicitation.ask(operation, caller, callDigest(name, args), deps.ids.secret(18), deps.clock.now());
  }

  /** A retried call that brings back sealed state: the first call has already done its work. */
  async function answerWaiting(call: ToolCall, caller: Caller, ctx: ServerContext, state: Waiting) {
    if (state.owner !== ownerOf(caller) || state.call !== callDigest(call.name, call.args))
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The requestState belongs to another call.');
    // A little longer than the seal itself holds: its clock may be read a second later than ours was.
    const expiresAt = state.exp + LIMITS.clockSkewSeconds;
    const fresh = await deps.store.spend({ keyid: caller.keyid, nonce: `mcp:${state.jti}`, expiresAt });
    if (!fresh) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The requestState was already used.');
    const choice = choiceOf(ctx.mcpReq.inputResponses);
    if (choice === 'withdraw' || choice === 'person') {
      const verb = choice === 'withdraw' ? 'withdraw' : 'handoff';
      const body = verb === 'handoff' ? { topic: 'The customer asks for a person while a decision is pending' } : {};
      const key = `mcp-${choice}-${state.jti}`;
      const replied = await operations.ask(caller, { verb, target: state.operation, key, body });
      if (!replied.ok) return refusalResult(replied.error);
      const after = operations.own(caller, state.operation);
      return after.ok ? operationResult(after.value) : refusalResult(after.error);
    }
    const found = await operations.read(caller, state.operation);
    if (!found.ok) return refusalResult(found.error);
    if (choice === undefined) return operationResult(found.value);
    const waited = await operations.settled(found.value, LIMITS.waitSecondsMax * 1000);
    return waited.state === 'awaiting_signoff' ? askMeanwhile(waited, call, caller) : operationResult(waited);
  }

  /** The whole of what `tools/list` shows the essence of. */
  function catalogue({ tool: name, ...unknown }: JsonObject, tool: Tool): CallToolResult {
    const [extra] = Object.keys(unknown);
    const known = deps.actions();
    if (extra !== undefined) return refusalResult(fault(`/${extra.slice(0, 64)}`, 'is not known'), tool);
    if (name === undefined)
      return valueResult({
        actions: known.map(({ name: each, title, summary }) => ({ tool: toolName(each), title, summary })),
      });
    const found = known.find((each) => toolName(each.name) === name || each.name === name);
    if (found !== undefined) return valueResult({ actions: [actionWhole(found)] });
    const names = known.map((each) => toolName(each.name));
    const meant = nearest(String(name), names) ?? names.join(', ');
    return refusalResult(fault('/tool', `is no action’s; did you mean ${meant}?`), tool);
  }

  async function read(
    kind: 'read' | 'receipt',
    tool: Tool,
    { args }: ToolCall,
    caller: Caller,
  ): Promise<CallToolResult> {
    const checked = readArguments(args, kind);
    if (!checked.ok) return refusalResult(checked.error, tool);
    const found = await operations.read(caller, checked.value.operation);
    if (!found.ok) return refusalResult(found.error);
    if (kind === 'read')
      return operationResult(
        await operations.settled(found.value, checked.value.waitMs, ({ version }) => version > found.value.version),
      );
    const file = await operations.receipt(found.value);
    return file.ok ? valueResult(file.value, 'Verify it offline: `parley verify`.') : refusalResult(file.error);
  }

  return callTool;
}

function readArguments(
  args: JsonObject,
  kind: 'read' | 'receipt',
): Result<{ operation: string; waitMs: number }, Refusal> {
  const { operation, wait_seconds: wait = 0, ...unknown } = args;
  const [extra] = [
    ...Object.keys(unknown),
    ...(kind === 'receipt' && args['wait_seconds'] !== undefined ? ['wait_seconds'] : []),
  ];
  if (extra !== undefined) return wrong(`/${extra.slice(0, 64)}`, 'is not known');
  if (typeof operation !== 'string') return wrong('/operation', 'must be an operation’s id');
  if (!isSeconds(wait)) return wrong('/wait_seconds', `must be a whole number from 0 to ${LIMITS.waitSecondsMax}`);
  return ok({ operation, waitMs: wait * 1000 });
}

const isSeconds = (value: Json): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LIMITS.waitSecondsMax;

const fault = (pointer: string, message: string): Refusal =>
  refusal('schema-violation', `${pointer} ${message}${message.endsWith('?') ? '' : '.'}`, {
    errors: [{ pointer, message }],
  });

const wrong = (pointer: string, message: string): Result<never, Refusal> => err(fault(pointer, message));
