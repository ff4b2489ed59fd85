import { formatSSEErrorEvent, formatSSEEvent, SSE_HEADERS } from '@a2a-js/sdk';

/** Comment lines keep proxies from closing a stream that has nothing to say. */
const KEEP_ALIVE_MS = 15_000;

/** Events as a stream of server-sent events. Throws, with nothing sent, what keeps the first event from coming. */
export async function eventStream(
  events: AsyncGenerator<unknown, void, undefined>,
  failed: (error: unknown) => unknown,
  headers: Record<string, string>,
): Promise<Response> {
  const first = await events.next();
  const encoder = new TextEncoder();
  let timer: NodeJS.Timeout | undefined;
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      timer = setInterval(() => send(': keep-alive\n\n'), KEEP_ALIVE_MS);
      try {
        if (first.done !== true) {
          send(formatSSEEvent(first.value));
          for await (const event of events) send(formatSSEEvent(event));
        }
      } catch (error) {
        send(formatSSEErrorEvent(failed(error)));
      } finally {
        clearInterval(timer);
        controller.close();
      }
    },
    async cancel() {
      clearInterval(timer);
      await events.return();
    },
  });
  return new Response(body, { status: 200, headers: { ...SSE_HEADERS, 'cache-control': 'no-store', ...headers } });
}
