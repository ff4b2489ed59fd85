import {
  A2A_ERROR_CODE,
  A2AError,
  type A2AErrorOptions,
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotFoundError,
  toJsonRpcError,
  toRestErrorBody,
  UnsupportedOperationError,
} from '@a2a-js/sdk/errors';
import type { A2ARequestHandler } from '@a2a-js/sdk/server';
import { type ProblemCode, type Refusal, refusal, toProblem } from '../../../protocol/base/errors.ts';
import { isObject, type Json } from '../../../protocol/base/json.ts';

/** A refusal as the error A2A has for it; what we know more is in its ErrorInfo. */
export function a2aError(refused: Refusal, about: 'task' | 'message'): A2AError {
  const { type, title, detail, next, status, retry_after: seconds } = toProblem(refused);
  const options: A2AErrorOptions = {
    message: inSentences([title, detail, next]),
    metadata: {
      problem: String(type),
      next: String(next),
      ...(seconds === undefined ? {} : { retry_after: String(seconds) }),
    },
  };
  return noted(refused, errorFor(refused, { about, isTheirs: Number(status) < 500, options }));
}

interface Told {
  readonly about: 'task' | 'message';
  readonly isTheirs: boolean;
  readonly options: A2AErrorOptions;
}

function errorFor(refused: Refusal, { about, isTheirs, options }: Told): A2AError {
  if (refused.code === 'not-found' && about === 'task') return new TaskNotFoundError(options);
  if (refused.code === 'unsupported-media-type') return new ContentTypeNotSupportedError(options);
  if (refused.code === 'wrong-state') return new UnsupportedOperationError(options);
  return isTheirs ? new RequestMalformedError(options) : new A2AError(options);
}

/** Refusals that pass by themselves, by the error they were told as: only HTTP has a status and a field for them. */
const passing = new WeakMap<object, Refusal>();

function noted(refused: Refusal, error: A2AError): A2AError {
  if (refused.retryAfterSeconds !== undefined) passing.set(error, refused);
  return error;
}

/** What was refused for now; undefined where that is no matter of time. */
export function passingRefusal(error: unknown): Refusal | undefined {
  return typeof error === 'object' && error !== null ? passing.get(error) : undefined;
}

function inSentences(words: readonly (Json | undefined)[]): string {
  const told = words.flatMap((each) => (each === undefined ? [] : [String(each)]));
  return told.map((each) => (/[.?!]$/.test(each) ? each : `${each}.`)).join(' ');
}

/** What is not an error of A2A was thrown while decoding what was sent: the handler itself throws nothing else (see {@link withoutBugs}). */
export function malformedUnlessOurs(error: unknown): A2AError {
  return error instanceof A2AError
    ? error
    : new RequestMalformedError('The request does not have the shape A2A gives it.');
}

export function rpcErrorOf(error: unknown) {
  return toJsonRpcError(malformedUnlessOurs(error));
}

/** How a binding spells what is refused before a handler is asked. */
export type Form = 'rpc' | 'rest';

const RPC_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
};
/** JSON-RPC 2.0 §5.1, for what the SDK's errors know no other word for than "params". */
const RPC_CODE: Partial<Record<ProblemCode, number>> = { 'malformed-json': -32_700, 'malformed-request': -32_600 };

/** A refusal of a request that was not read, or whose sender is not proven: with ErrorInfo like every other (A2A §5.4). */
export function refusedIn(
  form: Form,
  refused: Refusal,
  { status, id }: { readonly status: number; readonly id: Json },
): object {
  const error = a2aError(refused, 'message');
  if (form === 'rest') {
    const body = toRestErrorBody(error, status);
    return { error: { ...body.error, status: RPC_STATUS[status] ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL') } };
  }
  const told = toJsonRpcError(error);
  return { jsonrpc: '2.0', id, error: { ...told, code: RPC_CODE[refused.code] ?? told.code } };
}

/** What keeps a body from being one JSON-RPC request that can be answered. The SDK reads a text as JSON once more, and echoes any `id`. */
export function notARequest(body: Json): Refusal | undefined {
  const wrong = (detail: string) => refusal('malformed-request', detail);
  if (!isObject(body)) return wrong('The body must be one JSON-RPC request: an object. There are no batches.');
  const { jsonrpc, method, id } = body;
  if (jsonrpc !== '2.0') return wrong('`jsonrpc` must be "2.0".');
  if (typeof method !== 'string') return wrong('`method` must be the name of a method.');
  const isId = typeof id === 'string' || id === null || (typeof id === 'number' && Number.isInteger(id));
  return isId ? undefined : wrong('`id` must be a text or a whole number: what has none is answered to nobody.');
}

/** Of a JSON-RPC request; null when there is none that is one (JSON-RPC 2.0 §5). */
export function idOf(body: Json): Json {
  if (typeof body !== 'object' || body === null || !('id' in body)) return null;
  const { id } = body;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

type Answered = { readonly error?: unknown };

/** The SDK's 0.3 layer leaves an error's details out; 0.3 has room for them (`data`), and an agent needs them as much. */
export function detailed<T extends object>(result: T & Answered, thrown: unknown): T {
  const { error } = result;
  if (typeof error !== 'object' || error === null || 'data' in error || !(thrown instanceof A2AError)) return result;
  return { ...result, error: { ...error, data: toJsonRpcError(thrown).data } };
}

/** The SDK answers a request it could not decode with "internal error"; it is the sender's, and says so. */
export function blamedRightly<T extends object>(result: T & Answered): T {
  const { error } = result;
  const isInternal =
    typeof error === 'object' && error !== null && 'code' in error && error.code === INTERNAL && !('data' in error);
  return isInternal ? { ...result, error: rpcErrorOf(undefined) } : result;
}

const INTERNAL = A2A_ERROR_CODE.INTERNAL_ERROR;

/** The handler with its own bugs reported, and told as an internal error of A2A's. */
export function withoutBugs(handler: A2ARequestHandler, report: (error: unknown) => void): A2ARequestHandler {
  const told = (error: unknown): unknown => {
    if (error instanceof A2AError) return error;
    report(error);
    return a2aError(refusal('internal'), 'message');
  };
  return translated(handler, told);
}

/** The handler, with what it throws made into something else. */
export function translated(
  handler: A2ARequestHandler,
  told: (error: unknown, context: unknown) => unknown,
): A2ARequestHandler {
  return new Proxy(handler, {
    get(target, name, receiver) {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]) => {
        const result: unknown = Reflect.apply(method, target, args);
        const toldHere = (error: unknown) => told(error, args.at(-1));
        if (isGenerator(result)) return guarded(result, toldHere);
        return Promise.resolve(result).catch((error: unknown) => Promise.reject(toldHere(error)));
      };
    },
  });
}

function isGenerator(value: unknown): value is AsyncGenerator<unknown, void, undefined> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

async function* guarded(events: AsyncGenerator<unknown, void, undefined>, told: (error: unknown) => unknown) {
  try {
    yield* events;
  } catch (error) {
    throw told(error);
  }
}
