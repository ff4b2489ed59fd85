import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { SfError } from './errors.ts';

/** What hono carries through one request: what an ordered fault wants of the work itself. */
export type Env = {
  Bindings: HttpBindings;
  Variables: { stale: boolean; partial: boolean; refusal: SfError | undefined };
};
export type Http = Context<Env>;
