import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { JsonObject } from '../../protocol/base/json.ts';
import { parseStrictJson } from '../edge/strict-json.ts';
import type { ConfiguredTokenIssuer } from '../identity/token/oauth-issuers.ts';
import type { Level } from '../platform/json-log.ts';
import schema from './config.schema.json' with { type: 'json' };
import { weakKeys, weakSecrets } from './config-secrets.ts';
import { repeated, strangeActions, strangeRoles, unanswered, unknownZone, unsafeAddresses } from './config-sense.ts';
import { explainSchema, lineOf, membersIn } from './config-words.ts';
import { type Environment, type EnvironmentName, WEBHOOK_SECRET } from './environment.ts';

/** The file as its schema (config.schema.json) describes it: every member there has a description, which is also its documentation. */
interface ConfigFile {
  readonly origin: string;
  readonly company: string;
  readonly time_zone: string;
  readonly record_defaults: Readonly<Record<string, JsonObject>>;
  readonly listen: { readonly host: string; readonly port: number; readonly proxies: readonly string[] };
  readonly data_dir: string;
  readonly log_level: Level;
  readonly actions_dir?: string;
  readonly crm: {
    readonly adapter: 'sandbox' | 'salesforce' | 'hubspot' | 'http' | 'mcp' | 'sql' | 'own';
    readonly module?: string;
    readonly openapi?: string;
    readonly private_network: boolean;
    readonly origin: string;
    readonly concurrency: number;
    readonly hubspot: {
      readonly contracts_api: boolean;
      readonly journal?: { readonly client_id: string; readonly portal_id: number };
    };
    readonly auth: {
      readonly method: 'token' | 'client_credentials' | 'jwt_bearer' | 'refresh_token';
      readonly client_id?: string;
      readonly username?: string;
      readonly audience?: string;
    };
    readonly mapping?: string;
    readonly recipes: readonly string[];
  };
  readonly retention: {
    readonly operations_days: number;
    readonly outbox_days: number;
    readonly checkpoints_days: number;
  };
  readonly watch: { readonly poll_seconds: number; readonly observe_days: number };
  readonly human: { readonly channel: string; readonly hours: string; readonly respond_within_minutes: number };
  readonly issuers: readonly {
    readonly iss: string;
    readonly tier: 'company' | 'principal';
    readonly subjects?: readonly string[];
    readonly accounts?: readonly string[];
    readonly keys: readonly JsonObject[];
  }[];
  readonly drp?: {
    readonly business_id: string;
    readonly agents: readonly { readonly id: string; readonly name: string; readonly verify_key: string }[];
  };
  readonly token_issuers: readonly ConfiguredTokenIssuer[];
  readonly allowed_origins: readonly string[];
  readonly approvers: readonly {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly string[];
    readonly password_scrypt: string;
  }[];
  readonly signoff: {
    readonly lifetime_seconds: number;
    readonly rules: readonly JsonObject[];
    readonly allow: readonly JsonObject[];
    readonly answers_by: readonly string[];
  };
  readonly negotiation: Readonly<Record<string, JsonObject>>;
  readonly voice?: { readonly base_url: string; readonly model: string; readonly timeout_seconds: number };
  readonly webhooks: readonly { readonly name: string; readonly url: string }[];
  readonly allow_private_network: boolean;
  readonly stranger_dns: readonly string[];
}

export interface Config extends ConfigFile {
  readonly secrets: {
    readonly crmToken: string;
    /** Of an OAuth sign-in that has one. */
    readonly crmRefreshToken: string | undefined;
    /** Of the app at the CRM that sends notices and keeps the journal. */
    readonly crmAppSecret: string | undefined;
    /** Bearer token of the voice’s endpoint; undefined where it wants none. */
    readonly modelKey: string | undefined;
    /** Ours at the authorisation server that is asked about tokens. */
    readonly introspection: string | undefined;
    /** Standard Webhooks secrets of the company's own wish to make an offer, newest first. */
    readonly offers: readonly string[];
    /** Standard Webhooks secrets of change notices from the CRM, newest first. */
    readonly crmEvents: readonly string[];
    /** Standard Webhooks secrets (`whsec_…`) an endpoint, newest first. */
    readonly webhooks: ReadonlyMap<string, readonly string[]>;
  };
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the configuration has ${problems.length} mistake(s):\n${problems.map((each) => `  - ${each}`).join('\n')}`);
    this.problems = problems;
  }
}

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

function words(held = ''): string[] {
  return held.split(' ').filter((each) => each !== '');
}

const secretName = (endpoint: string): EnvironmentName =>
  `${WEBHOOK_SECRET}${endpoint.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;

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

function secretsOf({ webhooks }: ConfigFile, environment: Environment): Config['secrets'] {
  return {
    crmToken: environment.PARLEY_CRM_TOKEN ?? '',
    crmRefreshToken: environment.PARLEY_CRM_REFRESH_TOKEN,
    crmAppSecret: environment.PARLEY_CRM_APP_SECRET,
    modelKey: environment.PARLEY_MODEL_KEY,
    introspection: environment.PARLEY_INTROSPECTION_SECRET,
    offers: words(environment.PARLEY_OFFERS_SECRET),
    crmEvents: words(environment.PARLEY_CRM_EVENTS_SECRET),
    webhooks: new Map(webhooks.map(({ name }) => [name, words(environment[secretName(name)])])),
  };
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

/** What is not set at all is told elsewhere. */
function byName(file: ConfigFile, secrets: Config['secrets']) {
  const { webhooks, offers, crmEvents, crmAppSecret, crmToken, crmRefreshToken, introspection, modelKey } = secrets;
  return {
    signing: new Map([
      ...file.webhooks.map(({ name }) => [secretName(name), webhooks.get(name) ?? []] as const),
      ['PARLEY_OFFERS_SECRET', offers] as const,
      ['PARLEY_CRM_EVENTS_SECRET', crmEvents] as const,
    ]),
    app: new Map([['PARLEY_CRM_APP_SECRET', crmAppSecret]]),
    credentials: new Map([
      ['PARLEY_CRM_TOKEN', crmToken === '' ? undefined : crmToken],
      ['PARLEY_CRM_REFRESH_TOKEN', crmRefreshToken],
      ['PARLEY_INTROSPECTION_SECRET', introspection],
    ]),
    sent: new Map([['PARLEY_MODEL_KEY', modelKey]]),
  };
}

function unset({ crm, webhooks }: ConfigFile, secrets: Config['secrets']): string[] {
  // A file has no sign-in.
  const isOpen = secrets.crmToken !== '' || crm.origin.startsWith('sqlite:');
  return [
    ...(isOpen ? [] : ['PARLEY_CRM_TOKEN is not set: the CRM is never reached without credentials']),
    ...webhooks
      .filter(({ name }) => (secrets.webhooks.get(name) ?? []).length === 0)
      .map(({ name }) => `${secretName(name)} is not set: webhooks are never sent unsigned`),
  ];
}
