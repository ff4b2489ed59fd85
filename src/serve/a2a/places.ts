import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { refusal } from '../../../protocol/base/errors.ts';
import { a2aError } from './errors.ts';
import type { Call } from './handler.ts';

/** Streams of one caller at a time: an agent needs one for each task that it watches right now. */
const STREAMS_MAX = 64;
const RETRY_SECONDS = 15;

/** The handler, with so many streams a caller and no more. A place is free again when its stream has ended: at the next look after its
 * reader left. */
export function withPlaces(own: A2ARequestHandler, callOf: (context: ServerCallContext) => Call): A2ARequestHandler {
  const taken = new Map<string, number>();

  async function* placed<T>(events: AsyncGenerator<T, void, undefined>, context: ServerCallContext) {
    const call = callOf(context);
    const keyid = call.caller?.keyid;
    // Who is nobody gets one answer in words, or is turned away.
    if (keyid === undefined) return yield* events;
    const count = taken.get(keyid) ?? 0;
    if (count >= STREAMS_MAX) {
      call.refused = {
        ...refusal('too-many-requests', `At most ${STREAMS_MAX} streams at a time.`),
        retryAfterSeconds: RETRY_SECONDS,
      };
      throw a2aError(call.refused, 'message');
    }
    taken.set(keyid, count + 1);
    try {
      yield* events;
    } finally {
      const left = (taken.get(keyid) ?? 1) - 1;
      if (left === 0) taken.delete(keyid);
      else taken.set(keyid, left);
    }
  }

  return {
    ...own,
    sendMessageStream: (request, context) => placed(own.sendMessageStream(request, context), context),
    resubscribe: (request, context) => placed(own.resubscribe(request, context), context),
  };
}
