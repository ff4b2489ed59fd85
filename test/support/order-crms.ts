/** CRMs that are only described, with orders: a REST API and tables, for what claims on them. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MAPPING as HTTP_MAPPING, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { MAPPING as SQL_MAPPING } from '../../adapters/sql/rig/mapping.ts';
import { sqliteSchema } from '../../adapters/sql/rig/schema.ts';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { TestCrm } from './crms.ts';

export type OrderCrm = Pick<TestCrm, 'config' | 'secrets' | 'contract' | 'account' | 'orders' | 'stop'> & {
  /** An order whose total nobody knows. */
  readonly unknown?: string;
};

const member = (document: JsonObject, name: string) => document[name] as JsonObject;

/** The configuration of a gateway on the sandbox CRM's API, described with its orders; the documents lie beside `db`. */
export function restWithOrders(api: Sandbox, db: string): object {
  const components = member(OPENAPI, 'components');
  const schemas = member(components, 'schemas');
  const { properties: money } = member(member(member(schemas, 'contract_fields'), 'properties'), 'unit_price');
  const text = { type: 'string' };
  const fields = {
    id: text,
    account: text,
    revision: { type: 'integer' },
    total: { type: 'object', properties: money },
  };
  const openapi = {
    ...OPENAPI,
    components: { ...components, schemas: { ...schemas, order: { type: 'object', properties: fields } } },
    paths: { ...member(OPENAPI, 'paths'), '/orders/{id}': withOrders(member(OPENAPI, 'paths')) },
  };
  const order = {
    object: '/record',
    version: '/revision',
    versions: 'counter',
    read: { operation: 'get_order', id: '$request.path.id' },
    account: '/account',
    fields: { total: { field: '/total', label: 'Total', kind: 'money' } },
  };
  const mapping = { ...HTTP_MAPPING, types: { ...member(HTTP_MAPPING, 'types'), order } };
  return {
    adapter: 'http',
    origin: `${api.origin}/v1`,
    mapping: written(db, 'http.json', mapping),
    openapi: written(db, 'openapi.json', openapi),
  };
}

async function http(db: string): Promise<OrderCrm> {
  const api = await spawnSandbox({ db, token: `s${randomBytes(24).toString('base64url')}` });
  return {
    config: restWithOrders(api, db),
    secrets: { PARLEY_CRM_TOKEN: api.token },
    contract: (n) => `K-${1001 + n}`,
    account: (n) => `A-${1001 + n}`,
    orders: ['O-1002', 'O-1004'],
    stop: () => api.stop(),
  };
}

function withOrders(paths: JsonObject): JsonObject {
  const { get, parameters } = paths['/contracts/{id}'] as { get: JsonObject; parameters: JsonObject[] };
  const text = JSON.stringify({ parameters, get })
    .replaceAll('_contract', '_order')
    .replaceAll('/contract"', '/order"');
  return JSON.parse(text);
}

export async function sql(db: string): Promise<OrderCrm> {
  const tables = new DatabaseSync(db);
  tables.exec(`${sqliteSchema('Nordwind')}
    CREATE TABLE orders (id varchar(20) PRIMARY KEY, account_id varchar(20) NOT NULL, total numeric(15, 3), currency char(3));
    INSERT INTO orders VALUES ('O-1', 'A-1', 73.00, 'EUR'), ('O-2', 'A-1', 120.50, 'EUR'),
      ('O-3', 'A-1', NULL, 'EUR');`);
  tables.close();
  const order = {
    object: 'orders',
    account: 'account_id',
    fields: { total: { field: 'total', label: 'Total', kind: 'money', currency: 'currency' } },
  };
  const mapping = { ...SQL_MAPPING, types: { ...member(SQL_MAPPING, 'types'), order } };
  return {
    config: { adapter: 'sql', origin: `sqlite:${db}`, mapping: written(db, 'sql.json', mapping) },
    secrets: { PARLEY_CRM_TOKEN: '' },
    contract: (n) => `K-${n}`,
    account: (n) => `A-${n + 1}`,
    orders: ['O-1', 'O-2'],
    unknown: 'O-3',
    stop: async () => undefined,
  };
}

function written(db: string, name: string, document: object): string {
  const path = join(dirname(db), name);
  writeFileSync(path, JSON.stringify(document));
  return path;
}

export const ORDER_CRMS: Readonly<Record<string, (db: string) => Promise<OrderCrm>>> = { http, sql };
