import type { Message, Part } from '@a2a-js/sdk';
import { Role } from '@a2a-js/sdk';

export const JSON_MEDIA = 'application/json';

export function textPart(value: string): Part {
  return { content: { $case: 'text', value }, metadata: undefined, filename: '', mediaType: 'text/plain' };
}

/** `value` must be plain JSON. */
export function dataPart(value: object): Part {
  return {
    content: { $case: 'data', value: JSON.parse(JSON.stringify(value)) },
    metadata: undefined,
    filename: '',
    mediaType: JSON_MEDIA,
  };
}

export interface MessageOptions {
  readonly messageId: string;
  readonly contextId: string;
  readonly taskId: string;
  readonly parts: readonly Part[];
  readonly role?: Role;
  readonly extensions?: readonly string[];
}

export function messageOf({ messageId, contextId, taskId, parts, role, extensions = [] }: MessageOptions): Message {
  return {
    messageId,
    contextId,
    taskId,
    role: role ?? Role.ROLE_AGENT,
    parts: [...parts],
    metadata: undefined,
    extensions: [...extensions],
    referenceTaskIds: [],
  };
}
