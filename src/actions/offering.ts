/** What of an action a CRM can do, by action and by field: what it cannot is not offered, and what nothing writes is not agreed on. */
import type { AdapterManifest } from '../../adapters/sdk/index.ts';
import { useOf } from '../../adapters/sdk/terms-use.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { DefinitionFile } from './contract.ts';

export type Fit =
  | { readonly kind: 'fits'; readonly definition: DefinitionFile }
  /** What is missing, each by the name it has in a mapping. */
  | { readonly kind: 'lacks'; readonly lacks: readonly string[] }
  /** A mistake of the recipe's author. */
  | { readonly kind: 'mistaken'; readonly problems: readonly string[] };

export function fitTo(definition: DefinitionFile, { capabilities, fields }: AdapterManifest): Fit {
  const { name, kind, needs = {}, terms } = definition;
  const capability = capabilities.find(({ action }) => action === name);
  // A person is reached whatever the CRM has: a case that it does not take is in the people's inbox.
  if (kind === 'read' || kind === 'handoff') return { kind: 'fits', definition };
  if (capability === undefined) return { kind: 'lacks', lacks: ['a recipe, or a capability in the manifest'] };
  if (fields === undefined)
    return { kind: 'lacks', lacks: ['`fields` in the adapter’s manifest: what it reads of a record'] };
  const lacks = Object.entries(needs).flatMap(([type, names]) =>
    fields[type] === undefined
      ? [type]
      : names.flatMap((each) => (fields[type]?.includes(each) === true ? [] : [`${type}.${each}`])),
  );
  if (lacks.length > 0) return { kind: 'lacks', lacks };
  if (terms === undefined) return { kind: 'fits', definition };
  if (capability.terms === undefined)
    return { kind: 'lacks', lacks: ['`terms` in the capability: what becomes of each agreed term'] };
  return withTerms(definition, capability.terms);
}

type Uses = NonNullable<AdapterManifest['capabilities'][number]['terms']>;

function withTerms(definition: DefinitionFile, uses: Uses): Fit {
  const required = requiredOf(definition.terms);
  const names = Object.keys(propertiesOf(definition.terms));
  const unwritten = names.filter((name) => useOf(uses, name) === undefined);
  if (unwritten.length > 0)
    return {
      kind: 'mistaken',
      problems: unwritten.map(
        (name) =>
          `${definition.name}: nothing writes the term ${name}: set a field from terms.${name}, or say in the recipe’s "unwritten" why none is`,
      ),
    };
  const without = names.filter((name) => useOf(uses, name) === 'no_field');
  const lacks = without.filter((name) => required.includes(name));
  if (lacks.length > 0) return { kind: 'lacks', lacks: lacks.map((name) => `a field for the term ${name}`) };
  return { kind: 'fits', definition: without.length === 0 ? definition : trimmed(definition, without) };
}

/** The same action without terms that this CRM has no place for: they are neither put to talk nor taken. */
function trimmed(definition: DefinitionFile, without: readonly string[]): DefinitionFile {
  const { terms = {}, negotiable, standard_terms } = definition;
  const keep = <T>(members: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(members).filter(([name]) => !without.includes(name)));
  return {
    ...definition,
    negotiable: negotiable.filter(({ pointer }) => !without.includes(pointer.split('/')[1] ?? '')),
    ...(standard_terms === undefined ? {} : { standard_terms: keep(standard_terms) }),
    terms: { ...terms, properties: keep(propertiesOf(terms)) },
  };
}

function propertiesOf(schema: JsonObject | undefined): JsonObject {
  const properties: Json = schema?.['properties'] ?? {};
  return typeof properties === 'object' && properties !== null && !Array.isArray(properties)
    ? (properties as JsonObject)
    : {};
}

function requiredOf(schema: JsonObject | undefined): readonly Json[] {
  const required: Json = schema?.['required'] ?? [];
  return Array.isArray(required) ? required : [];
}

/** Built once for each set of actions that is offered: what a CRM can do is looked at again and again. */
export function perOffering<T>(contract: { readonly definitions: readonly DefinitionFile[] }, build: () => T): () => T {
  let built: { readonly of: readonly DefinitionFile[]; readonly value: T } | undefined;
  return () => {
    const of = contract.definitions;
    if (built?.of !== of) built = { of, value: build() };
    return built.value;
  };
}
