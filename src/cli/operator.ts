import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { issueMandate } from '../../protocol/mandate.ts';
import { publicJwk } from '../../protocol/strict-jws.ts';
import { loadConfig } from '../config.ts';
import { hashPassword } from '../console/session.ts';
import { loadCompanyKeys } from '../identity/company-keys.ts';
import { appendRevocation } from '../identity/revocations.ts';
import { systemClock } from '../identity/world-sources.ts';
import { REVOCATION_KINDS } from '../ports.ts';
import { LIMIT_OPTIONS, LIMIT_USAGE, readLimits } from './mandate-limits.ts';

export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

const DAY_MS = 86_400_000;

const MANDATE_USAGE = `parley mandate --subject contact:C-1 --account A-1 --action contract.renew --key agent.json [--days 30] [--config FILE]

Issues a mandate to an agent's key (a JWK), as the company; --account and --action may be given several times.
  limits: ${LIMIT_USAGE}`;
const REVOKE_USAGE = `parley revoke KIND ID [WHY] [--config FILE]

  key ID               an agent's or issuer's key, by its thumbprint (43 characters)
  mandate ID           a mandate, a delegation or an access token, by its jti
  subject ID           all of a customer, as contact:C-1 or account:A-1
  issuer ID            all of an issuer, by its iss
  client "ISS CLIENT"  all of an OAuth client`;

/** NIST SP 800-63B-4 §3.1.1.2 asks for 15 where a password stands alone; no rules of composition. */
const PASSWORD_CHARS_MIN = 15;

/** What an operator does beside running the gateway. Exit code. */
export async function operatorCommand(
  command: 'mandate' | 'revoke' | 'password',
  args: readonly string[],
  io: Io,
): Promise<number> {
  if (command === 'password') {
    const password = readFileSync(0, 'utf8').replace(/\r?\n$/, '');
    if (password === '') {
      io.err('parley password reads the password from standard input, and there was none');
      return 2;
    }
    if (password.length < PASSWORD_CHARS_MIN) {
      io.err(`a password has ${PASSWORD_CHARS_MIN} characters at the least: three or four words do`);
      return 2;
    }
    io.out(await hashPassword(password));
    return 0;
  }
  if (command === 'revoke') return revoke(args, io);
  return issue(args, io);
}

/** `parley mandate --subject contact:C-1 --account A-1 --action contract.renew --key agent.jwk.json [--days 30] [--config FILE]` and
 * limits. */
async function issue(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subject: { type: 'string' },
      account: { type: 'string', multiple: true },
      action: { type: 'string', multiple: true },
      key: { type: 'string' },
      days: { type: 'string', default: '30' },
      config: { type: 'string' },
      ...LIMIT_OPTIONS,
    },
  });
  const { subject, account: accounts, action: actions, key, days } = values;
  if (subject === undefined || accounts === undefined || actions === undefined || key === undefined) {
    io.err(MANDATE_USAGE);
    return 2;
  }
  if (!/^[1-9]\d{0,3}$/.test(days)) {
    io.err(`--days must be a whole number of days, not ${days}`);
    return 2;
  }
  const limits = readLimits(values);
  if (!limits.ok) {
    io.err(limits.error);
    return 2;
  }
  const agent = publicJwk(JSON.parse(readFileSync(key, 'utf8')));
  if (agent === undefined) {
    io.err(`${key} holds no Ed25519 or P-256 public JWK`);
    return 2;
  }
  const config = loadConfig(values.config);
  const keys = await loadCompanyKeys(join(config.data_dir, 'keys.json'));
  const now = systemClock.now();
  const mandate = await issueMandate({
    key: { alg: 'ed25519', kid: keys.kid('mandates'), sign: (bytes) => keys.sign('mandates', bytes) },
    issuer: config.origin,
    subject,
    agent,
    jti: randomUUID(),
    now,
    expiresAt: new Date(now.getTime() + Number(days) * DAY_MS),
    constraints: { actions, accounts, ...limits.value },
  });
  io.out(mandate);
  return 0;
}

/** `parley revoke KIND ID [WHY]`: a running gateway takes it over within seconds. A thumbprint may begin like an option. */
function revoke(args: readonly string[], io: Io): number {
  const at = args.indexOf('--config', 2);
  const [named, id, reason = '', ...more] = at < 0 ? args : args.toSpliced(at, 2);
  const kind = REVOCATION_KINDS.find((each) => each === named);
  if (kind === undefined || id === undefined || more.length > 0) {
    io.err(REVOKE_USAGE);
    return 2;
  }
  const path = join(loadConfig(at < 0 ? undefined : args[at + 1]).data_dir, 'revoked.jsonl');
  const added = appendRevocation(path, { kind, id, reason });
  if (!added.ok) {
    io.err(`parley revoke: ${added.error}. Nothing was revoked\n\n${REVOKE_USAGE}`);
    return 2;
  }
  io.out(`${kind} ${id} will be refused within seconds`);
  return 0;
}
