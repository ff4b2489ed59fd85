import { describe, expect, it } from 'vitest';
import { makeHttpAdapter } from '../../adapters/http/index.ts';
import { MAPPING as HTTP, OPENAPI } from '../../adapters/http/rig/documents.ts';
import { makeHubspotAdapter } from '../../adapters/hubspot/index.ts';
import { makeMcpAdapter } from '../../adapters/mcp/index.ts';
import { MAPPING as MCP } from '../../adapters/mcp/rig/mapping.ts';
import { makeSalesforceAdapter } from '../../adapters/salesforce/index.ts';
import { makeSandboxAdapter } from '../../adapters/sandbox/index.ts';
import type { Adapter, Capability } from '../../adapters/sdk/index.ts';
import { makeSqlAdapter, sqliteEngine } from '../../adapters/sql/index.ts';
import { MAPPING as SQL } from '../../adapters/sql/rig/mapping.ts';
import { makeAdapter as makeTemplate } from '../../adapters/template/index.ts';
import type { Result } from '../../protocol/base/result.ts';
import type { DefinitionFile } from './contract.ts';
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

/** Every action that any of them claims, each with what it needs, and each term: taken away, one by one. */
const CLAIMED = Object.entries(ADAPTERS).flatMap(([adapter, make]) => {
  const { manifest } = make();
  return readDefinitions()
    .all.filter(({ name, kind }) => kind !== 'handoff' && manifest.capabilities.some(({ action }) => action === name))
    .map((definition) => [`${definition.name}@${definition.version} on ${adapter}`, { definition, manifest }] as const);
});

describe('T7, C4: an action that the CRM cannot do whole is not offered', () => {
  it.each(CLAIMED)('%s: without one of the fields it needs, which is named', (_, { definition, manifest }) => {
    for (const [type, names] of Object.entries(definition.needs ?? {})) {
      const { [type]: read = [], ...others } = manifest.fields ?? {};
      expect(fitTo(definition, { ...manifest, fields: others })).toEqual({ kind: 'lacks', lacks: [type] });
      for (const name of names) {
        const fields = { ...others, [type]: read.filter((each) => each !== name) };
        expect(fitTo(definition, { ...manifest, fields })).toEqual({ kind: 'lacks', lacks: [`${type}.${name}`] });
      }
    }
  });

  it.each(CLAIMED)('%s: with a term that nothing writes, or that has no field', (_, { definition, manifest }) => {
    const capability = manifest.capabilities.find(({ action }) => action === definition.name);
    const required = definition.terms?.['required'] ?? [];
    const uses = (terms: Capability['terms']) => ({
      ...manifest,
      capabilities: manifest.capabilities.map((each) =>
        each !== capability || terms === undefined ? each : { ...each, terms },
      ),
    });
    for (const name of Object.keys(definition.terms?.['properties'] ?? {})) {
      const { [name]: use, '*': all, ...others } = capability?.terms ?? {};
      const whole = all === undefined ? others : Object.fromEntries(namesOf(definition).map((each) => [each, all]));
      const { [name]: _own, ...without } = whole;
      expect(use ?? all).toBeDefined();
      expect(fitTo(definition, uses(without))).toMatchObject({
        kind: 'mistaken',
        problems: [expect.stringContaining(`the term ${name}:`)],
      });
      const fit = fitTo(definition, uses({ ...without, [name]: 'no_field' }));
      if (Array.isArray(required) && required.includes(name))
        expect(fit).toMatchObject({ kind: 'lacks', lacks: [expect.stringContaining(name)] });
      else {
        // What there is no place for is not in the terms, and not in talk.
        const left = fit.kind === 'fits' ? fit.definition : expect.fail(`${name}: ${fit.kind}`);
        expect(namesOf(left)).not.toContain(name);
        expect(left.negotiable.map(({ pointer }) => pointer.split('/')[1])).not.toContain(name);
        expect(Object.keys(left.standard_terms ?? {})).not.toContain(name);
      }
    }
  });

  it('is tried with nearly all there are', () => {
    expect(new Set(CLAIMED.map(([, { definition }]) => definition.name)).size).toBeGreaterThan(12);
  });
});

const namesOf = ({ terms }: DefinitionFile): string[] => Object.keys(terms?.['properties'] ?? {});

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
