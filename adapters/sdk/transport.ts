import { type Dispatcher, request } from 'undici';
import { isPublic } from './addresses.ts';
import { type Allows, dialler, type Lookup } from './dial.ts';

export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

export interface Exchange {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

/** No answer. `why` is a code or a name, never a text that could quote what was sent. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered';
  /** Whether anything can have reached the server. */
  readonly isSent: boolean;
  readonly why: string;
  constructor(isSent: boolean, why: string) {
    super(why);
    this.isSent = isSent;
    this.why = why;
  }
}

export interface GuardOptions {
  /** Private and loopback addresses too: for simulators and for a CRM in the company’s own network. */
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly lookup?: Lookup;
}

/** Plenty for one CRM, and few enough that a hanging one does not fill this machine. */
const CONNECTIONS_MAX = 32;

/** What every adapter dials with: public addresses only and in TLS only, unless told; bounded in connections, time and size. */
export function guardedDispatcher({ allowPrivate, timeoutMs, bodyBytesMax, lookup }: GuardOptions): Dispatcher {
  const allows: Allows = (address, protocol) => (isPublic(address) ? protocol === 'https:' : allowPrivate);
  return dialler({
    allows,
    ...(lookup === undefined ? {} : { lookup }),
    connectTimeoutMs: timeoutMs,
    answerBytesMax: bodyBytesMax,
    connections: CONNECTIONS_MAX,
  });
}

/** One request and its whole answer, bounded in time and size. No redirects, no decompression. Throws {@link Unanswered}. */
export async function exchange({ url, timeoutMs, bytesMax, signal, dispatcher, ...rest }: Exchange): Promise<Answer> {
  if (signal.aborted) throw new Unanswered(false, 'AbortError');
  let isSent = false;
  const noted = dispatcher.compose(
    noting(() => {
      isSent = true;
    }),
  );
  try {
    const response = await request(url, {
      ...rest,
      headers: { 'accept-encoding': 'identity', ...rest.headers },
      dispatcher: noted,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const bytes = await readBytes(response.body, bytesMax);
    return { status: response.statusCode, headers: response.headers, bytes };
  } catch (error) {
    throw new Unanswered(isSent, whyOf(error));
  }
}

/** The moment before the first byte leaves on a connection that stands: until then a failure is no doubt. */
function noting(sent: () => void): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) =>
    dispatch(options, {
      onRequestStart(controller, context) {
        sent();
        handler.onRequestStart?.(controller, context);
      },
      onRequestUpgrade: (...all) => handler.onRequestUpgrade?.(...all),
      onResponseStart: (...all) => handler.onResponseStart?.(...all),
      onResponseData: (...all) => handler.onResponseData?.(...all),
      onResponseEnd: (...all) => handler.onResponseEnd?.(...all),
      onResponseError: (...all) => handler.onResponseError?.(...all),
    });
}

async function readBytes(body: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytesMax) throw Object.assign(new Error(), { code: 'ERR_TOO_LARGE' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const CODE_CHARS_MAX = 60;

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return code.replaceAll(/[^A-Za-z0-9_]/g, '').slice(0, CODE_CHARS_MAX);
}
