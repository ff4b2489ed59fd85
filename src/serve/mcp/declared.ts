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
  // A bare `elicitation: {}` means the form mode.
  const form = declares(ctx, 'elicitation', 'form') || !declares(ctx, 'elicitation', 'url');
  return { tasks: declares(ctx, 'extensions', TASKS_EXTENSION), form: declares(ctx, 'elicitation') && form };
}

/** Whether there is such a member in what the client declared on this request, and it is an object. */
export function declares(ctx: ServerContext, ...path: readonly string[]): boolean {
  const declared = [CLIENT_CAPABILITIES_META_KEY, ...path].reduce(memberOf, ctx.mcpReq.envelope);
  return typeof declared === 'object' && declared !== null;
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
