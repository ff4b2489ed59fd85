/** What a model is shown of a schema: which parameters there are, and one right value of each. The whole schema has ten times the words; an
 * error says what of it does not fit. */
import { type Json, type JsonObject, objectOf } from '../base/json.ts';

const WORDS_MAX = 40;
const CHOICES_MAX = 8;
const EXAMPLE_MAX = 60;
/** An example that shows more of the members is taken up to this length. */
const WHOLE_EXAMPLE_MAX = 110;

/** Examples of values by the name of the member that holds them. */
export type Examples = ReadonlyMap<string, Json>;

/** An action's own; of those of others only texts, which mean the same wherever they have the same name. */
export function examplesOf({
  own,
  others,
}: Readonly<Record<'own' | 'others', readonly (Json | undefined)[]>>): Examples {
  const membersOf = (inputs: readonly (Json | undefined)[]) => inputs.flatMap((each) => Object.entries(objectOf(each)));
  const borrowed = membersOf(others).filter(([, value]) => typeof value === 'string');
  // Of a name the last entry counts.
  return new Map([...borrowed, ...membersOf(own).toReversed()]);
}

/** An object by an example of it, with the names of what the example has not. */
export function byExample(schema: JsonObject, examples: readonly Json[]): JsonObject {
  const texts = examples.map((each) => JSON.stringify(each)).filter((text) => text.length <= WHOLE_EXAMPLE_MAX);
  const [example = JSON.stringify(examples[0] ?? sampleOf(schema))] = texts.toSorted((a, b) => b.length - a.length);
  const shown = objectOf(JSON.parse(example));
  const others = Object.keys(objectOf(schema['properties'])).filter((name) => !Object.hasOwn(shown, name));
  return { type: 'object', description: `e.g. ${example}${others.length === 0 ? '' : `; also ${others.join(', ')}`}` };
}

/** An object's members, one level deep: what lies deeper is shown by an example. */
export function slimObject(schema: JsonObject, examples: Examples): JsonObject {
  const members = Object.entries(objectOf(schema['properties']));
  const { required } = schema;
  const isWanted = (name: string) => Array.isArray(required) && required.includes(name);
  return {
    type: 'object',
    ...(schema['required'] === undefined ? {} : { required: schema['required'] }),
    properties: Object.fromEntries(
      members.map(([name, each]) => [name, slimMember(objectOf(each), examples.get(name), isWanted(name))]),
    ),
  };
}

function slimMember(schema: JsonObject, known: Json | undefined, isWanted: boolean): JsonObject {
  const { type, enum: choices, description } = schema;
  const one = Array.isArray(type) ? type.find((each) => each !== 'null') : type;
  const fits = Array.isArray(choices) && choices.length <= CHOICES_MAX;
  // What may be left out is told by an example alone.
  const words = isWanted && typeof description === 'string' ? firstSentence(description) : '';
  const example = fits ? undefined : shorten(known ?? sampleOf(schema));
  const said = [words, example === undefined ? '' : `e.g. ${example}`].filter((each) => each !== '').join(' ');
  return {
    ...(typeof one === 'string' ? { type: one } : {}),
    ...(fits ? { enum: choices } : {}),
    ...(said === '' ? {} : { description: said }),
  };
}

function firstSentence(text: string): string {
  const [sentence = ''] = text.split(/(?<=[.;])\s/, 1);
  if (sentence.length <= WORDS_MAX) return sentence;
  return `${sentence.slice(0, sentence.lastIndexOf(' ', WORDS_MAX))}…`;
}

function shorten(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= EXAMPLE_MAX ? text : `${text.slice(0, EXAMPLE_MAX)}…`;
}

/** A value that a schema takes, as far as one can be made up. */
export function sampleOf(schema: JsonObject): Json {
  const { type, enum: choices, const: only, format, items, anyOf, oneOf } = schema;
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return choices[0] ?? null;
  const [branch] = [anyOf, oneOf].flatMap((each) => (Array.isArray(each) ? each : []));
  if (branch !== undefined) return sampleOf(objectOf(branch));
  switch (Array.isArray(type) ? type[0] : type) {
    case 'integer':
    case 'number':
      return Math.max(Number(schema['minimum'] ?? 0), 12);
    case 'boolean':
      return true;
    case 'array':
      return [sampleOf(objectOf(items))];
    case 'object': {
      const members = Object.entries(objectOf(schema['properties']));
      const wanted = Array.isArray(schema['required']) ? schema['required'] : members.slice(0, 2).map(([name]) => name);
      return Object.fromEntries(
        members
          .filter(([name]) => wanted.includes(name))
          .map(([name, each]) => [name, memberSample(name, objectOf(each))]),
      );
    }
    default:
      return format === 'date' ? '2027-01-31' : format === 'date-time' ? '2027-01-31T09:00:00Z' : 'text';
  }
}

const memberSample = (name: string, schema: JsonObject): Json => (name === 'currency' ? 'EUR' : sampleOf(schema));
