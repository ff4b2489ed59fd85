/** A real gateway in this process and a real sandbox CRM beside it: what the tests over HTTP talk to. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Sandbox, spawnSandbox } from '../../adapters/sandbox/server/spawn.ts';
import { issueMandate, jwkSigner, type MandateConstraints } from '../../protocol/mandate.ts';
import { publicJwk } from '../../protocol/strict-jws.ts';
import { type AgentKey, type Client, makeClient, memoryJournal, newAgentKey } from '../../src/client/index.ts';
import { type Config, parseConfig } from '../../src/config.ts';
import { conformanceProfile } from '../../src/conformance/profile.ts';
import { hashPassword } from '../../src/console/session.ts';
import { approveAsPerson } from '../../src/demo/approver.ts';
import { makeIds, systemClock } from '../../src/identity/world-sources.ts';
import { type Gateway, startGateway } from '../../src/main.ts';

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
  /** Ground truth: how many operations the database holds. */
  operations(): number;
  /** A new key, registered unless told otherwise. */
  newAgent(options?: { readonly registered?: boolean; readonly fetch?: typeof fetch }): Promise<TestAgent>;
  /** The customer's mandate for this agent: contract.renew and data.validate of account A-1001 unless constrained otherwise. */
  mandateFor(agent: TestAgent, constraints?: MandateConstraints): Promise<string>;
  /** Approves the sign-off at this console page as a person would. */
  approve(url: string): Promise<void>;
  /** Stops and starts the gateway on the same data and port; the CRM keeps running. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestGatewayOptions {
  /** The sandbox CRM takes faults and shows its ledger. */
  readonly faults?: boolean;
  /** Merged over the configuration's members. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Secrets beside the CRM's token. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In the conformance profile. */
  readonly conformance?: boolean;
}

const ISSUER = 'https://nordwind.example';
const APPROVER = { id: 'maria', password: 'correct horse battery' };
const DAY_MS = 86_400_000;

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-test-'));
  const crm = await spawnSandbox({
    db: join(directory, 'crm.db'),
    token: randomBytes(24).toString('base64url'),
    faults: options.faults ?? false,
  });
  const principal = await newAgentKey();
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const file = { ...(await baseConfig(origin, port, crm.origin, principal)), ...options.config };
  const config = parseConfig(file, { ...options.environment, PARLEY_CRM_TOKEN: crm.token }, directory);
  const log: LogLine[] = [];
  const profile =
    options.conformance === true ? conformanceProfile(config, systemClock, makeIds(systemClock)) : undefined;
  const start = () => startGateway(config, (event, fields = {}) => void log.push({ event, fields }), profile);
  let gateway: Gateway = await start();

  return {
    origin,
    crm,
    config,
    log,
    operations: () => countOperations(join(config.data_dir, 'parley.db')),
    async newAgent({ registered = true, fetch } = {}) {
      const key = await newAgentKey();
      const client = makeClient({
        gateway: origin,
        key,
        journal: memoryJournal(),
        ...(fetch === undefined ? {} : { fetch }),
      });
      if (registered) await client.register({ name: 'Test agent' });
      return { key, client };
    },
    async mandateFor(agent, constraints = { actions: ['contract.renew', 'data.validate'], accounts: ['A-1001'] }) {
      const holder = publicJwk(agent.key.publicJwk);
      if (holder === undefined) throw new Error('the agent has no public key');
      const now = new Date();
      return issueMandate({
        key: { ...(await jwkSigner(principal.privateJwk)), kid: principal.keyid },
        issuer: ISSUER,
        subject: 'contact:C-1001',
        agent: holder,
        jti: `test-${randomBytes(9).toString('hex')}`,
        now,
        expiresAt: new Date(now.getTime() + 30 * DAY_MS),
        constraints,
      });
    },
    approve: (url) => approveAsPerson(origin, url, APPROVER),
    async restart() {
      await gateway.stop();
      gateway = await start();
    },
    async stop() {
      await gateway.stop();
      await crm.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function baseConfig(origin: string, port: number, crm: string, principal: AgentKey) {
  return {
    origin,
    company: 'Cumulus Software',
    listen: { host: '127.0.0.1', port },
    data_dir: 'data',
    crm: { adapter: 'sandbox', origin: crm },
    human: { channel: 'tel:+49-40-555-0100', hours: 'Mon to Fri, 08:00 to 18:00 CET', respond_within_minutes: 15 },
    issuers: [
      {
        iss: ISSUER,
        tier: 'principal',
        subjects: ['contact:C-1001'],
        accounts: ['A-1001'],
        keys: [{ ...principal.publicJwk, kid: principal.keyid }],
      },
    ],
    approvers: [
      {
        id: APPROVER.id,
        name: 'Maria Keller',
        roles: ['approver'],
        password_scrypt: await hashPassword(APPROVER.password),
      },
    ],
    signoff: {
      rules: [
        {
          name: 'discount',
          when: 'action == "contract.renew" && change.price_change_percent < -3.0',
          role: 'approver',
          reason: 'The price falls by more than 3 %.',
        },
        {
          name: 'corrections',
          when: 'action == "data.validate"',
          role: 'approver',
          reason: 'A correction of customer data is checked by a person.',
        },
      ],
    },
    negotiation: {
      'contract.renew': {
        main: { issue: '/unit_price', percent_of: '/unit_price', open: 104, concede_to: 97, limit: 90 },
        issues: {
          '/term_months': { range: [12, 36], open: 24, worth: { 12: 0, 24: 4, 36: 8 } },
          '/seats': { range: [5, 500], worth: { '100%': 0, '125%': 2 } },
          '/start_date': { range: [0, 30] },
          '/notice_days': { range: [30, 90] },
        },
        beta: 0.8,
      },
    },
    allow_private_network: true,
  };
}

function countOperations(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    return Number(db.prepare('SELECT count(*) AS n FROM operations').get()?.['n']);
  } finally {
    db.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}
