import { type Dispatcher, request } from 'undici';
import type { Send } from './deliver.ts';

const TIMEOUT_MS = 15_000;

export interface SendDeps {
  readonly company: Dispatcher;
  readonly agents: Dispatcher;
}

/** Posts a message: no redirects, nothing of the answer but its status and Retry-After is looked at. */
export function makeSend({ company, agents }: SendDeps): Send {
  return async ({ url, headers, body, to }, signal) => {
    const response = await request(url, {
      method: 'POST',
      headers: { ...headers },
      body,
      dispatcher: to === 'agent' ? agents : company,
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body.dump({ limit: 65_536 });
    const retry = response.headers['retry-after'];
    return { status: response.statusCode, retryAfter: typeof retry === 'string' ? retry : undefined };
  };
}
