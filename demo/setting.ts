/** The stage of the demo: a temporary directory, a sandbox CRM, a gateway with a real configuration, all as processes of their own. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, spawnSandbox } from '../adapters/sandbox/server/spawn.ts';
import type { JsonObject } from '../protocol/base/json.ts';
import { hashPassword } from '../src/serve/console/session.ts';
import { freePort, gatewayProcess } from './process.ts';

export interface Stage {
  readonly origin: string;
  readonly crm: Sandbox;
  readonly directory: string;
  readonly approver: { readonly id: string; readonly password: string };
  /** Starts the gateway again on the same data. */
  start(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  strike(): Promise<void>;
}

export interface StageOptions {
  /** The customer's own key: the demo's principal signs their agent's mandate themselves. */
  readonly principal: {
    readonly iss: string;
    readonly key: JsonObject;
    readonly subjects: readonly string[];
    readonly accounts: readonly string[];
  };
  readonly faults?: boolean;
  readonly concurrency?: number;
  /** What starts the gateway instead of `parley start`. */
  readonly script?: string;
}

export async function setStage(options: StageOptions): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'parley-demo-'));
  const crm = await spawnSandbox({
    db: join(directory, 'crm.db'),
    token: randomBytes(24).toString('base64url'),
    faults: options.faults ?? false,
  });
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const approver = { id: 'maria', password: randomBytes(9).toString('base64url') };
  const path = join(directory, 'parley.json');
  writeFileSync(path, JSON.stringify(await demoConfig(origin, port, crm.origin, approver, options), null, 2));
  const gateway = gatewayProcess(path, { PARLEY_CRM_TOKEN: crm.token }, options.script);
  const strike = async () => {
    await gateway.stop();
    await crm.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  await gateway.start().catch(async (error: unknown) => {
    await strike();
    throw error;
  });
  return { origin, crm, directory, approver, start: gateway.start, kill: gateway.kill, strike };
}

async function demoConfig(
  origin: string,
  port: number,
  crm: string,
  approver: Stage['approver'],
  { principal, concurrency = 16 }: StageOptions,
): Promise<JsonObject> {
  const { iss, key, subjects, accounts } = principal;
  return {
    origin,
    company: 'Cumulus Software',
    listen: { host: '127.0.0.1', port },
    data_dir: 'data',
    crm: { adapter: 'sandbox', origin: crm, concurrency },
    human: { channel: 'tel:+49-40-555-0100', hours: 'Mon to Fri, 08:00 to 18:00 CET', respond_within_minutes: 15 },
    issuers: [{ iss, tier: 'principal', subjects, accounts, keys: [key] }],
    approvers: [
      {
        id: approver.id,
        name: 'Maria Keller',
        roles: ['approver'],
        password_scrypt: await hashPassword(approver.password),
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
          name: 'long-term',
          when: 'action == "contract.renew" && terms.term_months > 24',
          role: 'approver',
          reason: 'The term is longer than two years.',
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
