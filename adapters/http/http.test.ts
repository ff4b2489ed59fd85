import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { extendMapping } from '../sdk/mapping.ts';
import { at, put } from '../sdk/pointer.ts';
import { makeHttpAdapter } from './index.ts';
import { MAPPING, OPENAPI } from './rig/documents.ts';

const made = (mapping: JsonObject, openapi: JsonObject = OPENAPI, recipes: readonly JsonObject[] = []) =>
  makeHttpAdapter({ baseUrl: 'https://crm.example/v1', openapi, mapping, recipes, auth: { token: 't' } });
const told = (...of: Parameters<typeof made>): readonly string[] => {
  const result = made(...of);
  return result.ok ? [] : result.error;
};
const withContract = (more: JsonObject): JsonObject => extendMapping(MAPPING, { types: { contract: more } });

describe('a mapping and an OpenAPI document', () => {
  it('that fit make an adapter whose manifest says what they promise', () => {
    const result = made(MAPPING);
    expect(result.ok && result.value.manifest).toMatchObject({ name: 'http', title: 'Sandbox CRM' });
    expect(result.ok && result.value.manifest.capabilities[0]).toMatchObject({
      action: 'contract.renew',
      objects: ['contract'],
      idempotency: 'external_id',
      conflict: 'etag',
      reversal: 'undo',
    });
  });

  it('that do not fit are refused, all mistakes at once', () => {
    const mapping = extendMapping(MAPPING, {
      money: 'float',
      security: 'nobody',
      typo: 1,
      errors: [{ status: 200, means: 'bug' }],
      types: {
        account: { versions: 'sometimes', fields: { plan: { field: '/plan', label: 'Plan', kind: 'flag' } } },
        contract: {
          read: { operation: 'get_contract' },
          update: {
            operation: 'change_contract',
            id: '$request.path.number',
            key: 'External-Id',
            guard: '$request.header.If-None-Match',
          },
          fields: { seats: { field: '/seats', label: 'Seats', kind: 'text', chars_max: 9 } },
        },
        ticket: { find: null, create: { operation: 'no_such' } },
      },
    });
    const lines = told(mapping).join('\n');
    for (const part of [
      '/money must be one of',
      '/security is not one of',
      '/typo is not known',
      '/errors/0 must have',
      '/types/account/versions must be one of',
      '/types/account/read: the document has no /plan',
      '/types/contract/read/id is missing',
      '/types/contract/read: path id must be sent, and nothing says what',
      '/types/contract/update/id: change_contract takes no such path number',
      '/types/contract/update/key is no $request expression',
      '/types/contract/update/guard: change_contract takes no such header If-None-Match',
      '/types/contract/update: header External-Id must be sent, and nothing says what',
      '/types/contract/read: /seats is integer, which is no text',
      '/types/ticket/create/operation is not one of the document’s',
    ])
      expect(lines).toContain(part);
  });

  it('never change by an operation that would take away what they do not name', () => {
    const paths: JsonObject = JSON.parse(JSON.stringify(OPENAPI['paths']).replace('"patch"', '"put"'));
    expect(told(MAPPING, { ...OPENAPI, paths }).join('\n')).toContain('/types/account/update/operation is a PUT');
  });

  it('promise no more than they can keep', () => {
    const noKey = withContract({
      update: {
        operation: 'change_contract',
        id: '$request.path.id',
        guard: '$request.header.If-Match',
        with: { '$request.header.External-Id': 'always' },
      },
    });
    expect(told(noKey).join('\n')).toContain('/types/contract/update has no key to be found by');
    const blind = extendMapping(MAPPING, { types: { ticket: { find: undefined as unknown as Json } } });
    expect(told(JSON.parse(JSON.stringify(blind))).join('\n')).toContain('/types/ticket has no find');
  });

  it('take a recipe only when the API takes what it writes', () => {
    const recipe = (step: JsonObject): JsonObject => ({
      action: 'case.open',
      steps: [{ id: 'a', summary: "'s'", ...step }],
    });
    const noted = recipe({ create: { type: 'ticket', set: { subject: "'x'" } }, note: "'n'" });
    expect(told(MAPPING, OPENAPI, [noted]).join('\n')).toContain('has a note');
    expect(told(MAPPING, OPENAPI, [recipe({ create: { type: 'contract', set: { seats: '1' } } })])).toEqual([
      '/recipes: case.open: contract has no create',
    ]);
    const readOnly = extendMapping(MAPPING, {
      types: { ticket: { fields: { number: { field: '/revision', label: 'No.', kind: 'whole' } } } },
    });
    expect(told(readOnly, OPENAPI, [recipe({ create: { type: 'ticket', set: { number: '1' } } })])).toEqual([
      '/recipes: case.open: open_ticket takes no /revision',
    ]);
  });

  it('of another version, or with names that lead nowhere, are refused', () => {
    expect(told(MAPPING, { ...OPENAPI, openapi: '2.0' }).join('\n')).toContain('OpenAPI 3.x');
    const loops = { ...OPENAPI, components: { schemas: { contract: { $ref: '#/components/schemas/contract' } } } };
    expect(told(MAPPING, loops).join('\n')).toContain('/types/contract/read: the answer has no /record/id');
  });
});

describe('pointers', () => {
  it('see what is an object’s own, and put beside what is there', () => {
    expect(at({ a: [{ b: 1 }] }, '/a/0/b')).toBe(1);
    expect(at({}, '/constructor/name')).toBeUndefined();
    expect(at([1], '/length')).toBeUndefined();
    expect(put({ a: { b: 1 } }, '/a/c', 2)).toEqual({ a: { b: 1, c: 2 } });
    const body = put({}, '/__proto__/polluted', true);
    expect(JSON.stringify(body)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
