/** `fetch` for an address that the company wrote down, with a resolver and connections of its own: whatever hangs there takes none of the
 * threads that the rest resolves names with. No redirects, no compression, and no answer larger than was said. */
import { request } from 'undici';
import { dialler, type Lookup } from '../../adapters/sdk/dial.ts';
import { LIMITS } from '../../protocol/base/limits.ts';

export interface OwnFetchOptions {
  readonly lookup: Lookup;
  readonly answerBytesMax: number;
}

const BODILESS = new Set([204, 205, 304]);

export function makeOwnFetch({ lookup, answerBytesMax }: OwnFetchOptions): typeof globalThis.fetch {
  // Where its own model is, the company knows best: on the next machine, often.
  const dispatcher = dialler({ allows: () => true, lookup, connectTimeoutMs: LIMITS.fetchTimeoutMs, answerBytesMax });
  return async (input, init = {}) => {
    if (typeof init.body !== 'string' && init.body !== undefined) throw new TypeError('only text is sent');
    const answer = await request(input instanceof Request ? input.url : input, {
      dispatcher,
      method: init.method === 'POST' ? 'POST' : 'GET',
      headers: { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' },
      body: init.body ?? null,
      signal: init.signal ?? null,
    });
    const body = await answer.body.arrayBuffer();
    const type = String(answer.headers['content-type'] ?? '');
    return new Response(BODILESS.has(answer.statusCode) ? null : body, {
      status: answer.statusCode,
      headers: { 'content-type': type },
    });
  };
}
