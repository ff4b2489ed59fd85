import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/json.ts';
import { readDefinitions } from './files.ts';

const contract = readDefinitions();
const inputOf = (example: JsonObject): JsonObject => (example['input'] ?? {}) as JsonObject;

describe.each(contract.definitions.map((definition) => [definition.name, definition] as const))(
  '%s',
  (name, definition) => {
    const action = contract.action(name);

    it('takes its own valid examples', () => {
      for (const example of definition.examples.valid)
        expect(action?.checkInput(inputOf(example))).toMatchObject({ ok: true });
    });

    it('refuses its own invalid examples, and says where', () => {
      for (const example of definition.examples.invalid) {
        const checked = action?.checkInput(inputOf(example));
        expect(checked, JSON.stringify(example)).toMatchObject({ ok: false, error: { code: 'schema-violation' } });
      }
    });
  },
);

describe('patterns', () => {
  // Ajv keeps regular expressions by their text: an engine that gives none makes every pattern the first one.
  it.each(['../K-1001', 'K 1001', '', 'K'.repeat(65), 'K-1001\n', 'K-1001\u0000', '‮K-1001'])(
    'refuse the contract %j',
    (contractId) => {
      expect(contract.action('contract.renew')?.checkInput({ contract: contractId })).toMatchObject({ ok: false });
    },
  );

  it.each([
    [
      'accept',
      {
        offer: 'op_01a20e0a-a615-7471-9082-a7b55614c225',
        terms_digest: `sha-256:${'A'.repeat(43)}`,
        agreement: { protected: 'e30', signature: 'AA' },
      },
    ],
    [
      'accept',
      {
        offer: 'of_01a20e0a-a615-7471-9082-a7b55614c225',
        terms_digest: 'K-1001',
        agreement: { protected: 'e30', signature: 'AA' },
      },
    ],
    [
      'accept',
      {
        offer: 'of_01a20e0a-a615-7471-9082-a7b55614c225',
        terms_digest: `sha-256:${'A'.repeat(43)}`,
        agreement: { protected: '{}', signature: 'AA' },
      },
    ],
  ] as const)('of the envelope %s are each its own', (verb, body) => {
    expect(contract.checkEnvelope(verb, body)).toMatchObject({ ok: false });
  });
});
