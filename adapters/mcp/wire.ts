/** Where an MCP client’s messages leave: to one address, guarded and bounded like every other call of a CRM. */
import type { Dispatcher } from 'undici';
import type { Auth } from '../sdk/auth.ts';
import { AdapterError, type Ctx } from '../sdk/index.ts';
import { retryAfterMs } from '../sdk/limits.ts';
import { exchange, Unanswered } from '../sdk/transport.ts';

export interface WireOptions {
  readonly url: URL;
  readonly auth: Auth;
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  readonly bytesMax: number;
}

/** What became of the newest request, which the client tells in words only. */
export interface Fate {
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly isSent: boolean;
  /** A failure before it, such as of the sign-in. */
  readonly error?: AdapterError;
}

export function openWire(ctx: Ctx, { url, auth, dispatcher, timeoutMs, bytesMax }: WireOptions) {
  let fate: Fate = { isSent: false };
  async function send(target: string | URL, init: RequestInit = {}): Promise<Response> {
    const { method = 'GET', body } = init;
    // Nothing is listened to between calls.
    if ((method !== 'POST' && method !== 'DELETE') || new URL(target).href !== url.href)
      return new Response(null, { status: 405 });
    const isRequest = typeof body === 'string' && body.includes('"id":');
    const note = (next: Fate) => {
      if (isRequest) fate = next;
    };
    try {
      const credentials = await auth.credentials(ctx);
      // From here on it may arrive; an abort does not wait to learn whether it did.
      note({ isSent: true });
      const answer = await exchange({
        url,
        method,
        headers: { ...Object.fromEntries(new Headers(init.headers)), ...credentials },
        ...(typeof body === 'string' ? { body } : {}),
        dispatcher,
        timeoutMs,
        bytesMax,
        signal: ctx.signal,
      });
      if (answer.status === 401) auth.refused(credentials);
      const wait = retryAfterMs(answer.headers, ctx.clock().getTime());
      note({ status: answer.status, isSent: true, ...(wait === undefined ? {} : { retryAfterMs: wait }) });
      const headers = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
        typeof value === 'string' ? [[name, value]] : [],
      );
      return new Response(answer.bytes.length === 0 ? null : Buffer.from(answer.bytes), {
        status: answer.status,
        headers,
      });
    } catch (error) {
      if (error instanceof AdapterError) note({ isSent: false, error });
      else note({ isSent: !(error instanceof Unanswered) || error.isSent });
      throw error;
    }
  }
  return {
    send,
    /** Of what follows, nothing was sent yet. */
    begin: () => {
      fate = { isSent: false };
    },
    fate: () => fate,
  };
}
