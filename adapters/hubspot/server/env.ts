import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

/** What hono carries through one request. `foreign` is a person's edit that lands just before this write. */
export type Env = {
  Bindings: HttpBindings;
  Variables: { stale: boolean; partial: boolean; foreign: boolean; correlation: string };
};
export type Http = Context<Env>;

export interface Detail {
  readonly message: string;
  readonly code: string;
  readonly in?: string;
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

export type Status = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 423 | 429 | 500 | 503;

/** A refusal as HubSpot words one. */
export class Refused extends Error {
  readonly status: Status;
  readonly category: string;
  readonly errors: readonly Detail[];
  constructor(status: Status, category: string, message: string, errors: readonly Detail[] = []) {
    super(message);
    this.status = status;
    this.category = category;
    this.errors = errors;
  }
}

export function refusal(c: Http, { status, category, message, errors }: Refused, more: object = {}): Response {
  const correlationId = c.get('correlation') ?? randomUUID();
  const context = errors.length > 0 ? { context: { count: [String(errors.length)] } } : {};
  return c.json({ status: 'error', message, correlationId, category, errors, ...context, ...more }, status);
}

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const BODY_CHARS_MAX = 1_048_576;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function bodyOf(c: Http): Promise<Fields> {
  // Counted here: hono's bodyLimit cannot wrap the chunked requests of the vendor's client.
  const text = await c.req.text();
  if (text.length > BODY_CHARS_MAX) throw new Refused(413, 'VALIDATION_ERROR', 'The body is too large.');
  const body = parsed(text);
  if (!isFields(body)) throw new Refused(400, 'VALIDATION_ERROR', 'Invalid input JSON: an object is expected.');
  return body;
}

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const textsOf = (value: unknown): string[] => listOf(value).flatMap((each) => textOf(each) ?? []);
