/** The CRM of one gateway: which adapter, and what it is given. Adapters are named here and nowhere else. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HubspotAdapterOptions, makeHubspotAdapter } from '../../adapters/hubspot/index.ts';
import { makeSalesforceAdapter } from '../../adapters/salesforce/index.ts';
import { makeSandboxAdapter } from '../../adapters/sandbox/index.ts';
import { type Adapter, AdapterError } from '../../adapters/sdk/index.ts';
import { extendMapping } from '../../adapters/sdk/mapping.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { NO_ACTIONS, type OwnActions } from '../actions/own.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { GENERIC, genericAdapter } from './described.ts';
import { ownAdapter } from './own.ts';
import { keptToken } from './token.ts';

type CrmConfig = Config['crm'];

interface Given extends Omit<CrmConfig, 'mapping' | 'recipes' | 'openapi'> {
  /** PARLEY_CRM_TOKEN: a token, a client secret or a private key, as `auth.method` says. */
  readonly secret: string;
  readonly refreshToken: string | undefined;
  /** Keeps the next one. */
  readonly rotated: ((refreshToken: string) => Promise<void>) | undefined;
  readonly appSecret: string | undefined;
  readonly allowPrivate: boolean;
  /** The company's own documents; undefined and empty where it has none. */
  readonly mapping: JsonObject | undefined;
  readonly recipes: readonly JsonObject[];
  readonly openapi: JsonObject | undefined;
}

type Factory = (given: Given) => Adapter;

const FACTORIES: Readonly<Record<Exclude<CrmConfig['adapter'], 'own'>, Factory>> = {
  sandbox: ({ origin, secret, auth, mapping, recipes }) => {
    if (auth.method !== 'token') throw new ConfigError(['/crm/auth/method of the sandbox is token']);
    return makeSandboxAdapter({ origin, token: secret, recipes, ...(mapping === undefined ? {} : { mapping }) });
  },
  salesforce: ({ origin, allowPrivate, mapping, recipes, ...given }) =>
    makeSalesforceAdapter({
      origin,
      allowPrivate,
      recipes,
      auth: salesforceAuth(given),
      ...(mapping === undefined ? {} : { mapping }),
    }),
  hubspot: ({ origin, allowPrivate, mapping, recipes, appSecret, hubspot, ...given }) =>
    makeHubspotAdapter({
      origin,
      allowPrivate,
      recipes,
      contractsApi: hubspot.contracts_api,
      auth: hubspotAuth(given),
      ...journalOf(hubspot, appSecret),
      ...(mapping === undefined ? {} : { mapping }),
      ...(appSecret === undefined ? {} : { webhookSecret: appSecret }),
    }),
  http: (given) => genericAdapter('http', given),
  mcp: (given) => genericAdapter('mcp', given),
  sql: (given) => genericAdapter('sql', given),
};

/** Throws {@link ConfigError} with every mistake of the documents. */
export async function openCrm(
  { crm, secrets, allow_private_network, data_dir }: Config,
  actions: OwnActions = NO_ACTIONS,
): Promise<Adapter> {
  const { mapping, recipes, openapi, ...rest } = crm;
  const isGeneric = GENERIC.some((each) => each === crm.adapter);
  if (!isGeneric && URL.parse(crm.origin)?.origin !== crm.origin)
    throw new ConfigError(['/crm/origin must be an origin: scheme and authority, nothing else']);
  const { refreshToken: kept, rotated } =
    secrets.crmRefreshToken === undefined ? {} : keptToken(join(data_dir, 'crm-token.json'), secrets.crmRefreshToken);
  const given = {
    ...rest,
    secret: secrets.crmToken,
    refreshToken: kept,
    rotated,
    appSecret: secrets.crmAppSecret,
    allowPrivate: allow_private_network || crm.private_network,
    mapping: both(mapping === undefined ? undefined : read(mapping), actions.mappings.get(crm.adapter)),
    recipes: [...recipes.map(read), ...(actions.recipes.get(crm.adapter) ?? [])],
    openapi: openapi === undefined ? undefined : read(openapi),
  };
  if (crm.adapter === 'own') {
    if (crm.module === undefined) throw new ConfigError(['/crm/module is missing: the file of your own adapter']);
    const { mapping: own, refreshToken, rotated: keep, hubspot: _h, appSecret: _s, openapi: _o, ...others } = given;
    return ownAdapter(crm.module, {
      ...others,
      ...(own === undefined ? {} : { mapping: own }),
      ...(refreshToken === undefined ? {} : { refreshToken }),
      ...(keep === undefined ? {} : { rotated: keep }),
    });
  }
  return made(crm.adapter, given);
}

type Named = Exclude<CrmConfig['adapter'], 'own'>;

function made(adapter: Named, given: Given): Adapter {
  try {
    return FACTORIES[adapter](given);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    throw new ConfigError(error.fields.map(({ path, message }) => `/crm/${path}: ${message}`));
  }
}

/** The adapter's own documents and the company's, tried on each other without any CRM. Throws {@link ConfigError} with every mistake. */
export function tryDocuments(adapter: string, { recipes, mappings }: OwnActions): Adapter {
  const named = (Object.keys(FACTORIES) as Named[]).find((each) => each === adapter);
  if (named === undefined) throw new ConfigError([`there is no adapter ${adapter} to try its recipes on`]);
  return made(named, {
    adapter: named,
    origin: 'https://crm.invalid',
    concurrency: 1,
    private_network: false,
    hubspot: { contracts_api: false },
    auth: { method: 'token' },
    secret: 'unused',
    refreshToken: undefined,
    rotated: undefined,
    openapi: undefined,
    appSecret: undefined,
    allowPrivate: false,
    mapping: mappings.get(adapter),
    recipes: recipes.get(adapter) ?? [],
  });
}

function both(a: JsonObject | undefined, b: JsonObject | undefined): JsonObject | undefined {
  return a === undefined || b === undefined ? (a ?? b) : extendMapping(a, b);
}

function salesforceAuth({ auth, secret }: Pick<Given, 'auth' | 'secret'>) {
  const named = (name: 'client_id' | 'username'): string => {
    const value = auth[name];
    if (value === undefined) throw new ConfigError([`/crm/auth/${name} is missing`]);
    return value;
  };
  switch (auth.method) {
    case 'token':
      return { method: auth.method, token: secret };
    case 'client_credentials':
      return { method: auth.method, clientId: named('client_id'), clientSecret: secret };
    case 'jwt_bearer': {
      const who = { clientId: named('client_id'), username: named('username'), privateKey: secret };
      return { method: auth.method, ...who, ...(auth.audience === undefined ? {} : { audience: auth.audience }) };
    }
    case 'refresh_token':
      throw new ConfigError(['/crm/auth/method of Salesforce is not refresh_token']);
  }
}

function hubspotAuth({
  auth,
  secret,
  refreshToken,
  rotated,
}: Pick<Given, 'auth' | 'secret' | 'refreshToken' | 'rotated'>) {
  switch (auth.method) {
    case 'token':
      return { method: auth.method, token: secret };
    case 'refresh_token':
      if (auth.client_id === undefined) throw new ConfigError(['/crm/auth/client_id is missing']);
      if (refreshToken === undefined) throw new ConfigError(['PARLEY_CRM_REFRESH_TOKEN is not set']);
      return {
        method: auth.method,
        clientId: auth.client_id,
        clientSecret: secret,
        refreshToken,
        ...(rotated === undefined ? {} : { rotated }),
      };
    default:
      throw new ConfigError(['/crm/auth/method of HubSpot is token or refresh_token']);
  }
}

function journalOf({ journal }: Given['hubspot'], clientSecret: string | undefined): Partial<HubspotAdapterOptions> {
  if (journal === undefined) return {};
  if (clientSecret === undefined) throw new ConfigError(['PARLEY_CRM_APP_SECRET is not set']);
  return { journal: { clientId: journal.client_id, clientSecret, portalId: journal.portal_id } };
}

function read(file: string): JsonObject {
  try {
    const value: Json = JSON.parse(readFileSync(file, 'utf8'));
    if (isObject(value)) return value;
    throw new Error('not a JSON object');
  } catch (error) {
    throw new ConfigError([`${file}: ${error instanceof Error ? error.message : 'unreadable'}`]);
  }
}
