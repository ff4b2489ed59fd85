import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { parseStrictJson } from '../edge/strict-json.ts';
import schema from './config.schema.json' with { type: 'json' };
import { type Config, ConfigError, type ConfigFile } from './config-file.ts';
import { weakKeys, weakSecrets } from './config-secrets.ts';
import { repeated, strangeActions, strangeRoles, unanswered, unknownZone, unsafeAddresses } from './config-sense.ts';
import { explainSchema, lineOf, membersIn } from './config-words.ts';
import type { Environment } from './environment.ts';
import { byName, secretsOf, unset } from './secrets.ts';

export { type Config, ConfigError } from './config-file.ts';

/** Reads `PARLEY_CONFIG` (or the path given) and the secrets from the environment. The only reader of either.
 * Throws {@link ConfigError} with every mistake at once; unsafe settings are mistakes. */
export function loadConfig(path: string | undefined, environment: Environment = process.env): Config {
  const file = fileOf(path, environment);
  return parseConfig(readJson(file), environment, dirname(resolve(file)));
}

export interface Place {
  readonly folder: string;
  /** Of the company's own actions. */
  readonly actions?: string;
}

/** Where a configuration has its data: nothing else of it is looked at, and no secret is needed. */
export function placeOf(path: string | undefined, environment: Environment = process.env): Place {
  const file = fileOf(path, environment);
  const parsed = readJson(file);
  const members: Readonly<Record<string, unknown>> = typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  const { data_dir = schema.properties.data_dir.default, actions_dir } = members;
  if (typeof data_dir !== 'string') throw new ConfigError([`${file}: /data_dir must be string`]);
  const base = dirname(resolve(file));
  const folder = resolve(base, data_dir);
  return typeof actions_dir === 'string' ? { folder, actions: resolve(base, actions_dir) } : { folder };
}

export const fileOf = (path: string | undefined, environment: Environment = process.env): string =>
  path ?? environment.PARLEY_CONFIG ?? 'parley.json';

/** A name that stands twice would be two things to two readers. */
function readJson(file: string): unknown {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ConfigError([`${file}: ${error instanceof Error ? error.message : 'unreadable'}`]);
  }
  const parsed = parseStrictJson(bytes);
  if (parsed.ok) return parsed.value;
  const { reason, at } = parsed.error;
  throw new ConfigError([
    `${file}, ${lineOf(new TextDecoder().decode(bytes), at)}: ${reason.replace('The body', 'it')}`,
  ]);
}

const validate = new Ajv2020({ allErrors: true, strict: true, useDefaults: true, verbose: true }).compile<ConfigFile>(
  schema,
);

/** Stands where a member is wrong, so that the others are still looked at. No check that reads one is made. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  origin: 'http://127.0.0.1:1',
  company: '-',
  crm: { adapter: 'sandbox', origin: 'http://127.0.0.1:1' },
  human: { channel: '-', hours: '-', respond_within_minutes: 60 },
  approvers: [],
};

/** Checks a configuration value; relative paths are relative to `base`. */
export function parseConfig(value: unknown, environment: Environment, base: string): Config {
  const copy: unknown = structuredClone(value);
  if (!validate(copy)) {
    const problems = (validate.errors ?? []).map((each) => explainSchema(each, membersAt));
    const wrong = wrongMembers(validate.errors ?? []);
    const rest: unknown = { ...STAND_INS, ...without(value, wrong) };
    if (validate(rest)) problems.push(...mistakes({ file: rest, secrets: secretsOf(rest, environment), wrong, base }));
    throw new ConfigError(problems);
  }
  const secrets = secretsOf(copy, environment);
  const problems = mistakes({ file: copy, secrets, wrong: new Set(), base });
  if (problems.length > 0) throw new ConfigError(problems);
  const { data_dir, actions_dir, crm } = copy;
  return Object.freeze({
    ...copy,
    data_dir: resolve(base, data_dir),
    ...(actions_dir === undefined ? {} : { actions_dir: resolve(base, actions_dir) }),
    crm: withFiles(crm, base),
    secrets,
  });
}

function withFiles(crm: ConfigFile['crm'], base: string): ConfigFile['crm'] {
  const recipes = crm.recipes.map((each) => resolve(base, each));
  return {
    ...crm,
    recipes,
    ...(crm.mapping === undefined ? {} : { mapping: resolve(base, crm.mapping) }),
    ...(crm.module === undefined ? {} : { module: resolve(base, crm.module) }),
    ...(crm.openapi === undefined ? {} : { openapi: resolve(base, crm.openapi) }),
    origin: crm.origin.replace(/^sqlite:(.+)/, (_, file: string) => `sqlite:${resolve(base, file)}`),
  };
}

const membersAt = membersIn(schema);

/** Of the file's own members, those that the schema finds something wrong in. */
function wrongMembers(errors: readonly ErrorObject[]): ReadonlySet<string> {
  return new Set(
    errors.map(({ instancePath, params }) =>
      instancePath === ''
        ? String(params['additionalProperty'] ?? params['missingProperty'] ?? '')
        : (instancePath.split('/')[1] ?? ''),
    ),
  );
}

function without(value: unknown, names: ReadonlySet<string>): object {
  if (typeof value !== 'object' || value === null) return {};
  return structuredClone(Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name))));
}

interface Checked {
  readonly file: ConfigFile;
  readonly secrets: Config['secrets'];
  /** Members that hold a stand-in. */
  readonly wrong: ReadonlySet<string>;
  readonly base: string;
}

/** What no schema can say: each check is made where all that it reads is right. */
function mistakes({ file, secrets, wrong, base }: Checked): string[] {
  const actions = file.actions_dir === undefined ? undefined : resolve(base, file.actions_dir);
  const checks: readonly (readonly [reads: readonly (keyof ConfigFile)[], find: () => string[]])[] = [
    [['origin', 'listen', 'allow_private_network'], () => unsafeAddresses(file)],
    [['time_zone'], () => unknownZone(file)],
    [['crm', 'webhooks'], () => unset(file, secrets)],
    [['approvers', 'signoff', 'webhooks'], () => unanswered(file)],
    [['approvers'], () => repeated('/approvers', 'id', file.approvers)],
    [['webhooks'], () => repeated('/webhooks', 'name', file.webhooks)],
    [['approvers', 'signoff'], () => strangeRoles(file)],
    [['signoff', 'actions_dir'], () => strangeActions(file.signoff, actions)],
    [['origin', 'approvers', 'drp'], () => weakKeys(file)],
    [['webhooks'], () => weakSecrets(byName(file, secrets))],
  ];
  return checks.flatMap(([reads, find]) => (reads.some((each) => wrong.has(each)) ? [] : find()));
}
