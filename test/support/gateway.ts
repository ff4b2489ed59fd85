/** A real gateway in this process and a real sandbox CRM beside it: what the tests over HTTP talk to. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { approveAsPerson } from '../../demo/approver.ts';
import { freePort } from '../../demo/process.ts';
import type { MandateConstraints } from '../../protocol/mandate/mandate.ts';
import { type AgentKey, type Client, makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';
import { type Config, parseConfig } from '../../src/config/config.ts';
import type { Operation } from '../../src/engine/operation.ts';
import { type Gateway, openGateway, type StartOptions } from '../../src/gateway.ts';
import { makeIds, systemClock } from '../../src/platform/world-sources.ts';
import { conformanceProfile } from '../conformance/profile/profile.ts';
import { APPROVER, testConfig, testMandate } from './config.ts';
import { holdAnswers } from './held.ts';

export interface TestAgent {
  readonly key: AgentKey;
  readonly client: Client;
}

export interface LogLine {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface TestGateway {
  readonly origin: string;
  readonly crm: Sandbox;
  readonly config: Config;
  /** What the gateway has logged so far, oldest first. */
  readonly log: readonly LogLine[];
  /** What of its answers so far is not as the gateway publishes it. */
  drift(): Promise<readonly string[]>;
  /** Ground truth: how many operations the database holds. */
  operations(): number;
  /** Ground truth: the operation as it is stored. */
  operation(id: string): Operation;
  /** A new key, or this one, registered unless told otherwise. */
  newAgent(options?: {
    readonly registered?: boolean;
    readonly fetch?: typeof fetch;
    readonly key?: AgentKey;
  }): Promise<TestAgent>;
  /** The customer's mandate for this agent: contract.renew and data.validate of the account unless constrained otherwise. */
  mandateFor(agent: TestAgent, constraints?: MandateConstraints, issuedAt?: Date): Promise<string>;
  /** Approves the sign-off at this console page as a person would. */
  approve(url: string): Promise<void>;
  /** Stops and starts the gateway on the same data and port; the CRM keeps running. */
  restart(whileDown?: (folder: string) => unknown, options?: StartOptions): Promise<void>;
  /** Restarted with other members of its configuration. */
  reconfigure(members: Readonly<Record<string, unknown>>): Promise<void>;
  /** Fails when anything was answered that is not as the gateway publishes it. */
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  /** The sandbox CRM takes faults and shows its ledger. */
  readonly faults?: boolean;
  /** Merged over the configuration's members. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Secrets beside the CRM's token, or instead of it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The customer's account in the CRM; A-1001 unless told. */
  readonly account?: string;
  /** Accounts beside it that the customer may give mandates for. */
  readonly others?: readonly string[];
  /** In the conformance profile. */
  readonly conformance?: boolean;
}

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { account = 'A-1001', others = [] } = options;
  const directory = mkdtempSync(join(tmpdir(), 'parley-test-'));
  const crm = await spawnSandbox({
    db: join(directory, 'crm.db'),
    token: randomBytes(24).toString('base64url'),
    faults: options.faults ?? false,
  });
  const principal = await newAgentKey();
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const base = testConfig({
    origin,
    crm: { adapter: 'sandbox', origin: crm.origin },
    principal,
    subjects: ['contact:C-1001'],
    accounts: [account, ...others],
  });
  const file = { ...base, ...options.config };
  const read = (more: object = {}) =>
    parseConfig({ ...file, ...more }, { PARLEY_CRM_TOKEN: crm.token, ...options.environment }, directory);
  const config = read();
  const log: LogLine[] = [];
  const profile =
    options.conformance === true ? conformanceProfile(config, systemClock, makeIds(systemClock)) : undefined;
  const start = (more: StartOptions = {}, changed = config) =>
    openGateway(changed, (event, fields = {}) => void log.push({ event, fields }), {
      profile,
      witness: held.witness,
      ...more,
    });
  const held = holdAnswers({ origin, tools: options.conformance !== true });
  let gateway: Gateway | undefined = await start().catch(async (error: unknown) => {
    await crm.stop();
    throw error;
  });

  async function stopHeld(): Promise<void> {
    if (gateway === undefined) return;
    await held.judge();
    await gateway.stop();
    // A start that is refused leaves none running.
    gateway = undefined;
  }

  return {
    origin,
    crm,
    config,
    log,
    async drift() {
      await held.judge();
      return held.found();
    },
    operations: () => countOperations(join(config.data_dir, 'parley.db')),
    operation: (id) => readOperation(join(config.data_dir, 'parley.db'), id),
    async newAgent({ registered = true, fetch, key: given } = {}) {
      const key = given ?? (await newAgentKey());
      const client = makeClient({
        gateway: origin,
        key,
        journal: memoryJournal(),
        ...(fetch === undefined ? {} : { fetch }),
      });
      if (registered) await client.register({ name: 'Test agent' });
      return { key, client };
    },
    mandateFor: (
      agent,
      constraints = { actions: ['contract.renew', 'data.validate'], accounts: [account] },
      issuedAt,
    ) => testMandate(principal, agent.key, 'contact:C-1001', constraints, issuedAt),
    approve: (url) => approveAsPerson(origin, url, APPROVER),
    async restart(whileDown, options) {
      await stopHeld();
      await whileDown?.(config.data_dir);
      gateway = await start(options);
    },
    async reconfigure(members) {
      await stopHeld();
      gateway = await start({}, read(members));
    },
    async stop() {
      await stopHeld();
      await crm.stop();
      rmSync(directory, { recursive: true, force: true });
      if (held.found().length > 0) throw new Error(`answered, and not as it is published:\n${held.found().join('\n')}`);
    },
  };
}

function readOperation(path: string, id: string): Operation {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return JSON.parse(String(db.prepare('SELECT doc FROM operations WHERE id = ?').get(id)?.['doc']));
  } finally {
    db.close();
  }
}

function countOperations(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(db.prepare('SELECT count(*) AS n FROM operations').get()?.['n']);
  } finally {
    db.close();
  }
}
