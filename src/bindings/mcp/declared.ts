import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { TASKS_EXTENSION } from './tasks.ts';

/** What the client declared on this very request (2026-07-28); earlier revisions declare nothing a request. */
export interface Declared {
  readonly tasks: boolean;
  /** Elicitation by form. */
  readonly form: boolean;
}

export function declaredBy(ctx: ServerContext): Declared {
  const capabilities = memberOf(ctx.mcpReq.envelope, CLIENT_CAPABILITIES_META_KEY);
  const elicitation = memberOf(capabilities, 'elicitation');
  // A bare `elicitation: {}` means the form mode.
  const form = memberOf(elicitation, 'form') !== undefined || memberOf(elicitation, 'url') === undefined;
  return {
    tasks: memberOf(memberOf(capabilities, 'extensions'), TASKS_EXTENSION) !== undefined,
    form: typeof elicitation === 'object' && elicitation !== null && form,
  };
}

export function requireTasks(ctx: ServerContext): void {
  if (declaredBy(ctx).tasks) return;
  throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}
