import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** What hono carries through one request of the sandbox CRM. */
export type Env = { Bindings: HttpBindings; Variables: { stale: boolean; partial: boolean } };
export type Http = Context<Env>;
