import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileExpression } from './expression.ts';
import { shortened } from './text.ts';

const ADAPTERS = join(import.meta.dirname, '..');
const bodies = ['sdk', 'sandbox', 'salesforce', 'hubspot'].flatMap((adapter) =>
  readdirSync(join(ADAPTERS, adapter, 'actions'))
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const text = readFileSync(join(ADAPTERS, adapter, 'actions', name), 'utf8');
      return [...text.matchAll(/"body": ("(?:[^"\\]|\\.)*")/g)].map(
        ([, body]) => [`${adapter}/${name}`, String(JSON.parse(body ?? '""'))] as const,
      );
    }),
);

describe('T15: text', () => {
  it('that is shortened says so, and keeps no half of a letter', () => {
    expect(shortened('abcdef', 6)).toBe('abcdef');
    expect(shortened('abcdefg', 6)).toBe('abcde…');
    expect(shortened('abcd😀😀', 6)).toBe('abcd…');
    expect(shortened('  ab  ', 2)).toBe('ab');
  });

  it.each(bodies)('of the longest message comes whole into what %s makes', (_name, body) => {
    const message = `${'x'.repeat(3_990)} the end.`;
    const compiled = compileExpression(body);
    if (!compiled.ok) throw new Error(compiled.error);
    const incident = { from: '2026-11-01T00:00:00Z', to: '2026-11-01T01:00:00Z', minutes_down: 60 };
    const more = { topic: 't', exercise: 'access', regime: 'gdpr', export_scope: ['all'], target: 'Other', incident };
    const input = { message, description: message, reason: 'r', ...more };
    const terms = {
      notice_ends: '2026-12-01',
      charges: { amount: 0, currency: 'EUR' },
      return_shipping: 'company',
      form: 'credit',
      transition_ends: '2026-12-01',
      retrieval_until: '2027-01-01',
      ends_on: '2026-12-01',
    };
    const records = { contract: { id: 'K-1' } };
    const made = String(compiled.value({ operation: 'op', input, terms, records, asked_on: '2026-11-28' }));
    if (/input\.(?:message|description)/.test(body)) expect(made).toContain('the end.');
    expect(made).not.toContain('…');
  });
});
