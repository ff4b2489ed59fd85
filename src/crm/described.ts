/** CRMs that are described by documents: a REST API, the tools of an MCP server, the tables of a database. */
import { makeHttpAdapter } from '../../adapters/http/index.ts';
import { makeMcpAdapter } from '../../adapters/mcp/index.ts';
import type { Adapter } from '../../adapters/sdk/index.ts';
import { makeSqlAdapter, postgresEngine, sqliteEngine } from '../../adapters/sql/index.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { Result } from '../../protocol/base/result.ts';
import { type Config, ConfigError } from '../config/config.ts';

export const GENERIC = ['http', 'mcp', 'sql'] as const;

export interface Documents {
  /** Where it is: a URL. */
  readonly origin: string;
  /** A token, or a database's password. */
  readonly secret: string;
  readonly auth: Config['crm']['auth'];
  readonly allowPrivate: boolean;
  readonly mapping: JsonObject | undefined;
  readonly recipes: readonly JsonObject[];
  readonly openapi: JsonObject | undefined;
}

const CALL_TIMEOUT_MS = 5_000;

/** Throws {@link ConfigError} with every mistake of the documents. */
export function genericAdapter(
  kind: (typeof GENERIC)[number],
  { origin, secret, auth, allowPrivate, mapping, recipes, openapi }: Documents,
): Adapter {
  if (mapping === undefined) throw new ConfigError([`/crm/mapping is missing: what of the CRM means what`]);
  if (auth.method !== 'token') throw new ConfigError([`/crm/auth/method of ${kind} is token`]);
  const token = { token: secret };
  switch (kind) {
    case 'http':
      if (openapi === undefined) throw new ConfigError(['/crm/openapi is missing: the API’s description']);
      return made(makeHttpAdapter({ baseUrl: origin, openapi, mapping, recipes, auth: token, allowPrivate }));
    case 'mcp':
      return made(makeMcpAdapter({ url: origin, mapping, recipes, auth: token, allowPrivate }));
    case 'sql':
      return made(makeSqlAdapter({ engine: engineOf(origin, secret), mapping, recipes }));
  }
}

function engineOf(origin: string, password: string) {
  const file = /^sqlite:(.+)/.exec(origin)?.[1];
  if (file !== undefined) return sqliteEngine(file);
  if (!/^postgres(?:ql)?:$/.test(URL.parse(origin)?.protocol ?? ''))
    throw new ConfigError(['/crm/origin of sql is sqlite:FILE or postgres://USER@HOST/DATABASE']);
  return postgresEngine({ url: origin, password, timeoutMs: CALL_TIMEOUT_MS });
}

function made(adapter: Result<Adapter, readonly string[]>): Adapter {
  if (adapter.ok) return adapter.value;
  throw new ConfigError(adapter.error.map((each) => `/crm: ${each}`));
}
