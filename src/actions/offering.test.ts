import { describe, expect, it } from 'vitest';
import { makeHttpAdapter } from '../../adapters/http/index.ts';
import { MAPPING as HTTP, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { makeHubspotAdapter } from '../../adapters/hubspot/index.ts';
import { makeMcpAdapter } from '../../adapters/mcp/index.ts';
import { MAPPING as MCP } from '../../adapters/mcp/rig/mapping.ts';
import { makeSalesforceAdapter } from '../../adapters/salesforce/index.ts';
import { makeSandboxAdapter } from '../../adapters/sandbox/index.ts';
import type { Adapter } from '../../adapters/sdk/index.ts';
import { makeSqlAdapter, sqliteEngine } from '../../adapters/sql/index.ts';
import { MAPPING as SQL } from '../../adapters/sql/rig/mapping.ts';
import { makeAdapter as makeTemplate } from '../../adapters/template/index.ts';
import type { Result } from '../../protocol/base/result.ts';
import { readDefinitions } from './files.ts';
import { fitTo } from './offering.ts';

const origin = 'https://crm.invalid';
const made = (adapter: Result<Adapter, readonly string[]>): Adapter => {
  if (!adapter.ok) throw new Error(adapter.error.join('\n'));
  return adapter.value;
};
const auth = { method: 'token', token: 'x' } as const;
const ADAPTERS: Readonly<Record<string, () => Adapter>> = {
  sandbox: () => makeSandboxAdapter({ origin, token: 'x' }),
  salesforce: () => makeSalesforceAdapter({ origin, auth }),
  hubspot: () => makeHubspotAdapter({ origin, auth }),
  'hubspot’s contracts API': () => makeHubspotAdapter({ origin, auth, contractsApi: true }),
  http: () =>
    made(makeHttpAdapter({ baseUrl: origin, openapi: OPENAPI, mapping: HTTP, recipes: [], auth: { token: 'x' } })),
  mcp: () => made(makeMcpAdapter({ url: `${origin}/mcp`, mapping: MCP, recipes: [], auth: { token: 'x' } })),
  sql: () => made(makeSqlAdapter({ engine: sqliteEngine(':memory:'), mapping: SQL, recipes: [] })),
  template: () => makeTemplate({ origin, secret: 'x' }),
};

describe('T7: every action that an adapter of ours claims', () => {
  it.each(Object.entries(ADAPTERS))('on %s has the fields it needs and writes what is agreed', (_name, make) => {
    const { manifest } = make();
    const claimed = readDefinitions().all.filter(({ name }) =>
      manifest.capabilities.some(({ action }) => action === name),
    );
    const misfits = claimed.flatMap((definition) => {
      const fit = fitTo(definition, manifest);
      return fit.kind === 'fits' ? [] : [[definition.name, fit]];
    });
    expect(claimed.length).toBeGreaterThan(3);
    expect(misfits).toEqual([]);
  });
});

describe('C4: what a requirement must find', () => {
  it('is needed, where nothing in its place refuses everybody', () => {
    // A word that a field must have: `records.product.status == 'sold'`, `records.order.status in ['pending']`.
    const asked = /^records\.([a-z_]+)\.([a-z_]+) (?:==|in) [['][^&|]*$/;
    const silent = readDefinitions().all.flatMap(({ name, require = [], subjects, needs = {} }) =>
      require.flatMap(({ that }) => {
        const [, record = '', field = ''] = asked.exec(that) ?? [];
        const type = (subjects as Readonly<Record<string, { readonly type: string }>>)[record]?.type ?? record;
        return field === '' || needs[type]?.includes(field) === true ? [] : [`${name}: ${type}.${field}`];
      }),
    );
    expect(silent).toEqual([]);
  });
});
