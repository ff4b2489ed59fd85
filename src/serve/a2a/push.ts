/** A push notification as it is sent (A2A §4.3.3): made from the operation as it is at that moment. */
import { A2A_CONTENT_TYPE, A2A_PROTOCOL_VERSION, A2A_VERSION_HEADER, StreamResponse } from '@a2a-js/sdk';
import { isFinalState } from '../../../protocol/operation.ts';
import type { Operation, Push } from '../../engine/operation.ts';
import { statusEvent } from './stream.ts';
import { taskOf } from './task.ts';

export interface PushMessage {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** At the end the whole task with its artifacts; until then its status. */
export function pushMessage(operation: Operation, { url, token, authentication }: Push): PushMessage {
  const event: StreamResponse = isFinalState(operation.state)
    ? { payload: { $case: 'task', value: taskOf(operation) } }
    : statusEvent(operation);
  return {
    url,
    headers: {
      'content-type': A2A_CONTENT_TYPE,
      [A2A_VERSION_HEADER.toLowerCase()]: A2A_PROTOCOL_VERSION,
      ...(token === undefined ? {} : { 'x-a2a-notification-token': token }),
      ...(authentication === undefined
        ? {}
        : { authorization: `${authentication.scheme} ${authentication.credentials}` }),
    },
    body: JSON.stringify(StreamResponse.toJSON(event)),
  };
}
