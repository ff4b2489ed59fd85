import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import { makeAjv } from '../../src/actions/ajv.ts';
import { compileDefinition, readContract } from '../../src/actions/contract.ts';
import { readDefinitions, SHIPPED } from '../../src/actions/files.ts';
import { uncovered } from '../../src/actions/recipes.ts';
import { breaking } from './compat.ts';

const ROOT = join(import.meta.dirname, '../..');
const released: Readonly<Record<string, JsonObject>> = JSON.parse(
  readFileSync(join(ROOT, 'protocol/actions/released.json'), 'utf8'),
);
const shipped = readDefinitions().definitions.map((definition): JsonObject => JSON.parse(JSON.stringify(definition)));
const named = (name: string) => shipped.find((each) => each['name'] === name) ?? {};

/** A copy with one member, given by its path, set or (undefined) taken away. */
function changed(definition: JsonObject, path: string, value: unknown, version = '1.1.0'): JsonObject {
  const copy = JSON.parse(JSON.stringify({ ...definition, version }));
  const names = path.split('/');
  const last = names.pop() ?? '';
  const parent = names.reduce((at, name) => at[name], copy);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}

describe('against the last release', () => {
  it('no action is gone', () => {
    expect(shipped.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(released)));
  });

  it.each(Object.entries(released))('%s may replace it', (name, before) => {
    expect(breaking(before, named(name))).toEqual([]);
  });
});

describe('a successor', () => {
  const quote = named('quote.request');
  it.each([
    ['input/properties/product', undefined, 'an input taken away'],
    ['input/required', ['account', 'product', 'quantity', 'deliver_on'], 'an input required'],
    ['input/properties/quantity/maximum', 10, 'an input narrowed'],
    ['input/properties/quantity/type', 'number', 'an input of another type'],
    ['input/properties/product/pattern', '^P-', 'an input of another form'],
    ['output/properties/total', undefined, 'an output taken away'],
    ['output/required', ['quote'], 'an output no longer promised'],
    ['output/properties/quantity/maximum', 1_000_000, 'an output widened'],
    ['result/total', 'terms.unit_price', 'an output that means something else'],
    ['risk', 'R0', 'a risk lowered'],
    ['default_signoff', 'none', 'a person left out'],
    ['subjects/account/shared', true, 'an owner no longer checked'],
    ['negotiable', [], 'nothing to negotiate'],
    ['terms/properties/quantity/maximum', 10, 'terms narrowed'],
  ])('is refused with /%s = %j: %s', (path, value, _what) => {
    expect(breaking(quote, changed(quote, path, value))).not.toEqual([]);
    expect(breaking(quote, changed(quote, path, value, '2.0.0'))).toEqual([]);
  });

  it.each([
    ['input/properties/colour', { type: 'string', maxLength: 20 }],
    ['input/properties/quantity/maximum', 1_000_000],
    ['output/properties/note', { type: 'string', maxLength: 20 }],
    ['title', 'Get a quote'],
  ])('may have /%s = %j', (path, value) => {
    expect(breaking(quote, changed(quote, path, value))).toEqual([]);
  });

  it('that differs has another version', () => {
    expect(breaking(quote, changed(quote, 'input/properties/quantity/maximum', 1_000_000, '1.0.0'))).not.toEqual([]);
  });
});

describe('a compatible input', () => {
  /** Schemas of few shapes, so that two of them are often near. */
  const schema = fc.record(
    {
      minimum: fc.integer({ min: 0, max: 3 }),
      maximum: fc.integer({ min: 4, max: 8 }),
      enum: fc.subarray([1, 2, 3, 4, 5], { minLength: 1 }),
    },
    { requiredKeys: [] },
  );
  const input = fc.record({ a: schema, b: schema, required: fc.subarray(['a', 'b']) }).map(({ a, b, required }) => ({
    type: 'object',
    additionalProperties: false,
    required,
    properties: { a: { type: 'integer', ...a }, b: { type: 'integer', ...b } },
  }));
  const value = fc.record(
    { a: fc.integer({ min: -1, max: 9 }), b: fc.integer({ min: -1, max: 9 }) },
    { requiredKeys: [] },
  );

  it('takes whatever was taken before', () => {
    let compatible = 0;
    fc.assert(
      fc.property(input, input, fc.array(value, { minLength: 20, maxLength: 20 }), (before, now, values) => {
        const problems = breaking(
          { name: 'a.b', version: '1.0.0', input: before },
          { name: 'a.b', version: '1.1.0', input: now },
        );
        if (problems.length > 0) return;
        compatible += 1;
        const [old, current] = [makeAjv().compile(before), makeAjv().compile(now)];
        for (const each of values) if (old(each)) expect(current(each), JSON.stringify(each)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(compatible).toBeGreaterThan(3);
  });
});

describe('versions', () => {
  it('an operation keeps the one it began with, and new ones get the newest', () => {
    const next = changed(named('case.open'), 'title', 'Report a problem', '1.10.0');
    const between = changed(named('case.open'), 'title', 'Report', '1.9.0');
    const read = readContract({ ...SHIPPED, definitions: [next, ...SHIPPED.definitions, between] });
    const contract = read.ok ? read.value : readDefinitions();
    expect(contract.action('case.open')?.definition.version).toBe('1.10.0');
    expect(contract.action('case.open', '1.0.0')?.definition.title).toBe('Open a case');
    expect(contract.definitions.filter(({ name }) => name === 'case.open')).toHaveLength(1);
  });

  it('the same one twice is a mistake', () => {
    expect(readContract({ ...SHIPPED, definitions: [...SHIPPED.definitions, SHIPPED.definitions[0]] }).ok).toBe(false);
  });
});

describe('recipes', () => {
  const folders = readdirSync(join(ROOT, 'adapters')).filter((name) =>
    existsSync(join(ROOT, 'adapters', name, 'actions')),
  );
  const recipes = folders.flatMap((name) =>
    readdirSync(join(ROOT, 'adapters', name, 'actions'))
      .filter((file) => file.endsWith('.json'))
      .map((file): [string, JsonObject] => [
        `${name}/${file}`,
        JSON.parse(readFileSync(join(ROOT, 'adapters', name, 'actions', file), 'utf8')),
      ]),
  );

  it.each(recipes)('%s makes what its definition answers with', (_file, recipe) => {
    const definition = readDefinitions().definitions.find(({ name }) => name === recipe['action']);
    expect(definition === undefined ? ['no such action'] : uncovered(definition, recipe)).toEqual([]);
  });
});

describe('a definition', () => {
  it('with mistakes is refused, all mistakes at once', () => {
    const wrong = changed(named('case.open'), 'result', { case: 'made.', nothing: "'x'" });
    const read = compileDefinition(makeAjv(), { ...wrong, risk: 'R0', subjects: {} });
    const told = read.ok ? '' : read.error.join('\n');
    for (const part of ['/result/case', '/result/nothing', '/risk', '/subjects', 'lacks status'])
      expect(told).toContain(part);
  });
});
