/** What a model is shown of tools, and what it must be able to do with it. */
import { expect } from 'vitest';

interface ShownTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
  readonly outputSchema?: unknown;
  readonly annotations?: unknown;
}

const TOKENS_MAX = 3_000;
/** Of JSON in English; o200k_base counts within a tenth of it. */
const BYTES_A_TOKEN = 4;

/** Addresses and fields of HTTP, which a model with tools cannot call. */
export const SPEAKS_HTTP = /"href"|POST \/|GET \/|Prefer:|Idempotency-Key|`\/operations/;

export function holdTools(tools: readonly ShownTool[]): void {
  const shown = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  expect(Buffer.byteLength(JSON.stringify(shown)) / BYTES_A_TOKEN).toBeLessThan(TOKENS_MAX);
  for (const { name, description, inputSchema, outputSchema, annotations } of tools) {
    expect(description, name).toBeTruthy();
    expect(outputSchema, name).toMatchObject({ type: 'object', properties: expect.anything() });
    expect(annotations, name).toHaveProperty('readOnlyHint');
    const { properties } = inputSchema as { properties: Record<string, { description?: string; enum?: unknown[] }> };
    for (const [parameter, { description: words = '', enum: choices }] of Object.entries(properties))
      expect(choices !== undefined || /e\.g\. \S/.test(words), `${name}.${parameter}: ${words}`).toBe(true);
  }
}
