/** docs/configuration.md, made from the schema that the configuration is checked with, and the names read from the environment. */
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import schema from '../../src/config/config.schema.json' with { type: 'json' };
import { ENVIRONMENT, WEBHOOK_SECRET } from '../../src/config/environment.ts';
import { table } from './table.ts';

interface Setting {
  /** `crm.auth.method`, `issuers[].iss` */
  readonly name: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
}

const ROOT = schema as unknown as JsonObject;

export function configurationPage(): string {
  const groups = Object.groupBy(settings(), ({ name }) =>
    /[.[]/.exec(name) === null ? '' : (/^\w+/.exec(name)?.[0] ?? ''),
  );
  const alone = (groups[''] ?? []).filter(({ name }) => groups[name] === undefined);
  const sections = Object.entries(groups).flatMap(([group, members = []]) => {
    const whole = settings().find(({ name }) => name === group);
    return group === '' || whole === undefined ? [] : [`## \`${group}\`\n\n${words(whole)}\n\n${rowsOf(members)}`];
  });
  return `${HEAD}\n${rowsOf(alone)}\n\n${sections.join('\n\n')}\n\n${ENVIRONMENT_HEAD}\n${environment()}\n`;
}

/** Every setting with its place, in the order of the schema. */
export function settings(): readonly Setting[] {
  return membersOf(ROOT, '').filter(({ name }) => name !== '$schema');
}

function membersOf(parent: JsonObject, path: string): Setting[] {
  const required = listOf(parent['required']);
  return Object.entries(objectOf(parent['properties'])).flatMap(([key, value]) => {
    const member = resolved(objectOf(value));
    const name = path === '' ? key : `${path}.${key}`;
    const items = resolved(objectOf(member['items']));
    return [
      { name, schema: member, isRequired: required.includes(key) },
      ...membersOf(member, name),
      ...membersOf(items, `${name}[]`),
    ];
  });
}

/** A reference inside the schema, with what stands beside it. */
function resolved(member: JsonObject): JsonObject {
  const { $ref, ...rest } = member;
  const name = typeof $ref === 'string' ? $ref.replace('#/$defs/', '') : undefined;
  return name === undefined ? member : { ...objectOf(objectOf(ROOT['$defs'])[name]), ...rest };
}

const rowsOf = (members: readonly Setting[]): string =>
  table(
    ['setting', 'takes', 'default', 'what it is'],
    members.map((each) => [`\`${each.name}\``, takes(each.schema), defaultOf(each), words(each)]),
  );

function defaultOf({ schema: { default: value, type }, isRequired }: Setting): string {
  if (isRequired) return 'required';
  if (value === undefined) return 'none';
  const isEmpty = type === 'object' || (Array.isArray(value) && value.length === 0);
  return isEmpty ? 'none' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** Type and bounds, as short as they can be said. */
function takes(member: JsonObject): string {
  const { enum: allowed, anyOf, type, items } = member;
  if (Array.isArray(allowed)) return allowed.map((each) => `\`${String(each)}\``).join(', ');
  if (Array.isArray(anyOf)) return anyOf.map((each) => takes(objectOf(each))).join(', or ');
  if (type === 'array') {
    const each = objectOf(items);
    const kind = takes(resolved(each));
    return `list of ${kind.startsWith('object') ? 'objects' : kind}${between(member, 'minItems', 'maxItems', '')}`;
  }
  if (type === 'integer') return `integer${between(member, 'minimum', 'maximum', '')}`;
  if (type !== 'string') return String(type ?? 'value');
  const { pattern } = member;
  const form = typeof pattern === 'string' ? ` like \`${pattern}\`` : '';
  return `text${form}${between(member, 'minLength', 'maxLength', ' characters')}`;
}

function between(member: JsonObject, least: string, most: string, unit: string): string {
  const [from, to] = [member[least], member[most]];
  if (from === undefined && to === undefined) return '';
  if (from === undefined || (from === 1 && unit !== '')) return to === undefined ? '' : `, at most ${to}${unit}`;
  return to === undefined ? `, at least ${from}${unit}` : `, ${from} to ${to}${unit}`;
}

const words = ({ schema: { description } }: Setting): string => (typeof description === 'string' ? description : '');

function environment(): string {
  const rows = Object.entries(ENVIRONMENT).map(([name, [otherwise, is]]) => [`\`${name}\``, otherwise, is]);
  const webhooks = [
    `\`${WEBHOOK_SECRET}<NAME>\``,
    'required for each webhook',
    '`whsec_…`, by which messages to the endpoint of that name, and its answers, are signed (Standard Webhooks).',
  ];
  return table(['variable', 'default', 'what it is'], [...rows, webhooks]);
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const HEAD = `# Configuration

<!-- Made by \`npm run docs\` from src/config/config.schema.json and src/config/environment.ts. -->

One JSON file, \`parley.json\` unless told otherwise; [examples/parley.json](../examples/parley.json) is a complete one. An editor that reads JSON Schema finds
it in \`src/config/config.schema.json\`. Paths are relative to the file. What is unknown, unsafe or contradicts another setting is refused at the start, all mistakes at
once; \`parley config check FILE\` tells them without starting. A configuration is read once: a change needs a restart.

\`[]\` stands for each member of a list.
`;

const ENVIRONMENT_HEAD = `## The environment

Secrets never stand in the file. [What each must be at the least](operations.md#secrets) is checked at the start. Secrets of messages (\`_EVENTS_\`, \`_OFFERS_\`,
\`_WEBHOOK_\`) may be several, separated by spaces, while they are rotated: the first signs, all are taken.
`;
