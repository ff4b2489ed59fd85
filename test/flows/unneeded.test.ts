/** What an action does not need never stops it: each action, on records in which nothing is filled but what it says it needs. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../protocol/base/json.ts';
import type { OperationView } from '../../protocol/operation.ts';
import type { DefinitionFile } from '../../src/actions/contract.ts';
import { readDefinitions } from '../../src/actions/files.ts';
import { presentMandate } from '../../src/client/index.ts';
import { type Driver, nativeDriver } from '../support/drivers.ts';
import { startTestGateway, type TestAgent, type TestGateway } from '../support/gateway.ts';
import { SCENARIOS } from '../support/scenarios.ts';

const ENDED = ['completed', 'rejected', 'failed', 'handed_off', 'needs_human', 'reversed', 'expired'];
/** Whose and which it is, and what the CRM alone writes. */
const KEPT = new Set(['id', 'account', 'revision', 'updated_at']);
/** Where the scenario's own request names more of the record than the action needs. */
const INPUTS: Readonly<Record<string, JsonObject>> = {
  'contract.cancel': { contract: 'K-1001', when: 'now' },
  'contract.renew': { contract: 'K-1001' },
};

let gateway: TestGateway;
let agent: TestAgent;
let driver: Driver;
beforeAll(async () => {
  gateway = await startTestGateway({
    faults: true,
    config: { signoff: { rules: [], allow: [{ name: 'everything', when: 'true' }] } },
  });
  agent = await gateway.newAgent();
  driver = await nativeDriver(gateway.origin, agent.key);
}, 60_000);
afterAll(() => gateway.stop());

async function ask(action: string, input: JsonObject): Promise<OperationView> {
  const key = randomUUID();
  const mandate = await presentMandate(await gateway.mandateFor(agent, { actions: [action], accounts: ['A-1001'] }), {
    key: agent.key,
    audience: gateway.origin,
    nonce: key,
    now: new Date(),
  });
  let view = await driver.submit(key, action, { mandate, input });
  for (let tries = 0; tries < 200 && ![...ENDED, 'negotiating'].includes(view.state); tries += 1) {
    await sleep(50);
    view = await driver.read(view.id);
  }
  return view;
}

/** Which records an input names, with what of them is not needed. */
async function unneeded({ subjects, needs = {} }: DefinitionFile, input: JsonObject) {
  const named = Object.values(subjects).flatMap(({ type, id }) => {
    const member = /input\.\??([a-z_]+)/.exec(id)?.[1];
    const value = member === undefined ? undefined : input[member];
    return typeof value === 'string' ? [{ type, id: value }] : [];
  });
  return Promise.all(
    named.map(async ({ type, id }) => {
      const record = await gateway.crm.record(`${type}s`, id);
      const fields = Object.keys(record).filter((name) => !KEPT.has(name) && needs[type]?.includes(name) !== true);
      return { collection: `${type}s`, id, fields };
    }),
  );
}

const definitions = new Map(readDefinitions().definitions.map((each) => [each.name, each]));

const SCENES = SCENARIOS.filter(({ action }) => !['record.read', 'human.handoff'].includes(action));
const CASES = [
  ...SCENES.map(({ action, input, prepare }) => ({ action, input, prepare, ends: 'completed' })),
  // Its terms are talked about.
  ...SCENES.filter(({ action }) => action === 'contract.amend').map((each) => ({
    ...each,
    action: 'contract.renew',
    ends: 'negotiating',
  })),
];
/** What the sandbox’s own recipes need beside it, to make another record of one. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  'order.place': ['product', 'quantity', 'unit_price'],
  'refund.request': ['status'],
};
const RIGHTS = new Set(['contract.cancel', 'provider.switch', 'data.rights']);

async function askedOn({ action, input, prepare }: (typeof CASES)[number], filling: string | null) {
  const round = filling === null ? 0 : 1;
  const made = (await prepare?.(gateway.crm, round, ask)) ?? {};
  const given = INPUTS[action] ?? input(round, made);
  const definition = definitions.get(action) ?? expect.fail(`no ${action}`);
  const restore: (() => void)[] = [];
  for (const { collection, id, fields } of await unneeded(definition, given)) {
    const filled = fields.filter(
      (name) => BESIDE[action]?.includes(name) !== true && (filling === null || !TEXTS.has(name)),
    );
    restore.push(fill({ collection, id, values: Object.fromEntries(filled.map((name) => [name, filling])) }));
  }
  const view = await ask(action, given);
  for (const each of restore) each();
  return view;
}
/** Whatever they hold is a value. */
const TEXTS = new Set(['switching_to', 'plan', 'time_zone', 'name', 'disputed_because']);

describe('T6, C4: on a record that has nothing beside what it needs', () => {
  it.each(CASES.map((each) => [each.action, each] as const))(
    '%s',
    async (_, scene) => {
      const { state, problem } = await askedOn(scene, null);
      expect([state, problem?.['detail']]).toEqual([scene.ends, undefined]);
    },
    60_000,
  );
});

describe('T6: on a record in which nothing can be read beside what it needs', () => {
  it.each(CASES.map((each) => [each.action, each] as const))(
    '%s: is done, or says which field decides',
    async (action, scene) => {
      const { state, problem } = await askedOn(scene, '¿?');
      if (state === scene.ends) return;
      expect(problem?.['detail']).toMatch(/What the CRM holds as [A-Z][a-z ]+ is not /);
      // A right is nobody’s to refuse for what the company’s own record does not say.
      if (RIGHTS.has(action)) expect(state).toBe('needs_human');
      else expect(['rejected', 'failed']).toContain(state);
    },
    60_000,
  );
});

/** Past what the CRM itself would take; gives back what undoes it. */
function fill({
  collection,
  id,
  values,
}: {
  readonly collection: string;
  readonly id: string;
  readonly values: JsonObject;
}): () => void {
  const path = join(gateway.config.data_dir, '..', 'crm.db');
  const write = (change: (data: JsonObject) => JsonObject) => {
    const db = new DatabaseSync(path, { timeout: 5_000 });
    const row = db.prepare('SELECT data FROM records WHERE type = ? AND id = ?').get(collection, id);
    const before: JsonObject = JSON.parse(String(row?.['data']));
    db.prepare('UPDATE records SET data = ?, revision = revision + 1 WHERE type = ? AND id = ?').run(
      JSON.stringify(change(before)),
      collection,
      id,
    );
    db.close();
    return before;
  };
  const before = write((data) => ({ ...data, ...values }));
  const kept = Object.fromEntries(Object.keys(values).map((name) => [name, before[name] ?? null]));
  return () => void write((data) => ({ ...data, ...kept }));
}
