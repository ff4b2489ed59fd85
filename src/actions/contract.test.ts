import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { makeAjv } from './ajv.ts';
import { compileDefinition } from './contract.ts';
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

/** Every schema of a schema, itself first. */
function partsOf(schema: unknown): JsonObject[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return [schema as JsonObject, ...Object.values(schema).flatMap(partsOf)];
}

describe('days and times', () => {
  const ajv = makeAjv();
  it.each(contract.definitions.map(({ name, input, terms = {} }) => [name, { input, terms }] as const))(
    'T9: of %s are real ones wherever they are given',
    (_name, schemas) => {
      for (const part of partsOf(schemas).filter(
        ({ type, enum: values }) => type === 'string' && values === undefined,
      )) {
        const takes = ajv.compile({ ...part, minLength: 0 });
        const [day, time] = ['2026-10-05', '2026-10-05T08:00:00Z'].map((text) => takes(text));
        // An id, or free text for people, may look like anything.
        if (takes('K-1001')) continue;
        if (day) expect(['2026-10-32', '2026-02-29', '2026-00-10'].filter((text) => takes(text))).toEqual([]);
        if (time) expect(['2026-10-32T08:00:00Z', '2026-10-05T24:00:00Z'].filter((text) => takes(text))).toEqual([]);
      }
    },
  );
});

describe('claims', () => {
  const credit = JSON.parse(JSON.stringify(contract.definitions.find(({ name }) => name === 'sla.credit')));
  const mistakes = (claims: readonly JsonObject[], more: JsonObject = {}) => {
    const read = compileDefinition(makeAjv(), { ...credit, ...more, claims });
    return read.ok ? [] : read.error.map((each) => each.replace('sla.credit ', ''));
  };
  const name = "'x'";

  it.each<[JsonObject, string]>([
    [{ name }, '/claims/0 needs an amount, a span (from and to), or once'],
    [{ name, once: true, amount: 'terms.amount' }, '/claims/0 needs an amount, a span (from and to), or once'],
    [{ name, from: 'input.incident.from' }, '/claims/0 has one end of a span: give from and to'],
    [{ name, once: true, of: 'terms.amount' }, '/claims/0/of goes with an amount'],
    [{ name, amount: 'terms.amount', noted: 'contract.credited' }, '/claims/0/noted goes with of'],
    [{ name, amount: 'terms.amount', of: 'terms.amount', noted: 'order.refunded' }, '/claims/0/noted names no subject'],
    [
      { name: "'credit/' + records.contarct.id", once: true },
      '/claims/0/name reads records.contarct: there is no such subject',
    ],
    [
      { name, amount: 'terms.amount', of: 'total(records_then.order.total)' },
      '/claims/0/of reads records.order: there is no such subject',
    ],
    [{ name: 'records.', once: true }, '/claims/0/name does not compile'],
    [{ name, once: false }, '/claims/0/once must be equal to constant'],
  ])('tell a mistake of the author’s: %j', (claim, words) => {
    expect(mistakes([claim]).join('\n')).toContain(words);
  });

  it('are taken as they should be', () => {
    expect(mistakes([{ name, once: true }])).toEqual([]);
    expect(mistakes([{ name, amount: 'terms.amount', of: 'terms.amount', noted: 'contract.credited' }])).toEqual([]);
  });
});

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
