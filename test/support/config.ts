/** What every gateway under test is configured with, in this process or in one of its own. */
import { randomBytes } from 'node:crypto';
import { publicJwk } from '../../protocol/base/strict-jws.ts';
import { issueMandate, jwkSigner, type MandateConstraints } from '../../protocol/mandate/mandate.ts';
import type { AgentKey } from '../../src/client/index.ts';

const ISSUER = 'https://nordwind.example';
export const APPROVER = { id: 'maria', password: 'correct horse battery' };
/** Of this password, as `parley password` prints it: to derive it anew for every gateway takes longer than to start one. */
const PASSWORD_SCRYPT = 'scrypt$bDeTWg-BeYo0Fo9mioV-nQ$NTkIcgJY-BLO71VqGxS_QiNcGVYOIgmdZXqtzfoCT1M';
const DAY_MS = 86_400_000;

export interface TestConfig {
  readonly origin: string;
  /** The member `crm`. */
  readonly crm: object;
  /** The customer's own key: they sign their agents' mandates themselves. */
  readonly principal: AgentKey;
  readonly subjects: readonly string[];
  readonly accounts: readonly string[];
}

/** A whole configuration of a gateway on loopback, as a file would hold it. */
export function testConfig({ origin, crm, principal, subjects, accounts }: TestConfig) {
  return {
    origin,
    company: 'Cumulus Software',
    listen: { host: '127.0.0.1', port: Number(new URL(origin).port) },
    data_dir: 'data',
    crm,
    human: { channel: 'tel:+49-40-555-0100', hours: 'Mon to Fri, 08:00 to 18:00 CET', respond_within_minutes: 15 },
    issuers: [
      {
        iss: ISSUER,
        tier: 'principal',
        subjects,
        accounts,
        keys: [{ ...principal.publicJwk, kid: principal.keyid }],
      },
    ],
    approvers: [
      {
        id: APPROVER.id,
        name: 'Maria Keller',
        roles: ['approver'],
        password_scrypt: PASSWORD_SCRYPT,
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
        // Every talk of a test begins anew: those that are about memory say so.
        memory: 'none',
      },
    },
    allow_private_network: true,
  };
}

/** The customer's mandate for an agent. */
export async function testMandate(
  principal: AgentKey,
  agent: AgentKey,
  subject: string,
  constraints: MandateConstraints,
  now = new Date(),
): Promise<string> {
  const holder = publicJwk(agent.publicJwk);
  if (holder === undefined) throw new Error('the agent has no public key');
  return issueMandate({
    key: { ...(await jwkSigner(principal.privateJwk)), kid: principal.keyid },
    issuer: ISSUER,
    subject,
    agent: holder,
    jti: `test-${randomBytes(9).toString('hex')}`,
    now,
    expiresAt: new Date(now.getTime() + 30 * DAY_MS),
    constraints,
  });
}
