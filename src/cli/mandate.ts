import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LIMITS } from '../../protocol/base/limits.ts';
import { isRecord } from '../../protocol/base/shape.ts';
import { type PublicJwk, publicJwk, thumbprintOf } from '../../protocol/base/strict-jws.ts';
import { PRINCIPAL } from '../../protocol/mandate/claims.ts';
import { issueMandate } from '../../protocol/mandate/mandate.ts';
import { SHIPPED } from '../actions/files.ts';
import { readActions } from '../actions/own.ts';
import type { Place } from '../config/config.ts';
import { meant } from '../engine/nearest.ts';
import { openKeys, readKeyFile } from '../platform/company-keys.ts';
import { systemClock } from '../platform/world-sources.ts';
import { instanceTables } from '../store/instance-sqlite.ts';
import { CannotDo, type Io, UsageError } from './exit.ts';
import { LIMIT_OPTIONS, LIMIT_USAGE, type LimitsGiven, readLimits } from './mandate-limits.ts';
import { type Given, PLACE_OPTIONS, PLACE_USAGE, placeGiven, readDatabase } from './place.ts';
import { customerOf, readPlayground } from './playground.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = LIMITS.mandateLifetimeSecondsMax / 86_400;

export const MANDATE_USAGE = `parley mandate --subject contact:C-1 --account A-1 --action contract.renew --key agent.json [--days 30] [--data DIR | --config FILE]
parley mandate --playground --action contract.cancel [--account A-1002]

Issues a mandate to an agent's key, as the company, also beside a running gateway. The mandate is printed alone on standard output;
its id, by which it is taken back, on standard error.
  --subject ID         whom it speaks for: contact:ID or account:ID
  --account ID         an account it may touch; may be given several times
  --action NAME        an action it may ask for (parley action list); may be given several times
  --key FILE           the agent's key, a JWK (Ed25519 or P-256): the public half is enough
  --days N             how long it holds: 1 to ${DAYS_MAX}, 30 unless told
${PLACE_USAGE}
  --playground         in place of the last three: at the playground that npm run playground started here, for its agent. The mandate is
                       also put where the examples find it; account and subject are A-1001 and its first contact unless told
  limits: ${LIMIT_USAGE}`;

export async function mandateCommand(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subject: { type: 'string' },
      account: { type: 'string', multiple: true },
      action: { type: 'string', multiple: true },
      key: { type: 'string' },
      days: { type: 'string', default: '30' },
      playground: { type: 'boolean', default: false },
      ...PLACE_OPTIONS,
      ...LIMIT_OPTIONS,
    },
  });
  if (!values.playground) return issued(values, io, (mandate) => io.out(mandate));
  if (values.data !== undefined || values.config !== undefined)
    throw new UsageError('--playground says where: leave --data and --config out');
  const playground = readPlayground();
  const {
    account = ['A-1001'],
    subject = await customerOf(playground, account[0] ?? ''),
    key = playground.key,
  } = values;
  return issued({ ...values, account, subject, key, data: playground.data }, io, (mandate) => {
    writeFileSync(playground.mandate, mandate, { mode: 0o600 });
    io.out(mandate);
    io.err(`the examples and parley mcp take it from ${playground.mandate}, for ${subject} at ${account.join(', ')}`);
  });
}

interface Order extends Given, LimitsGiven {
  readonly subject?: string | undefined;
  readonly account?: readonly string[] | undefined;
  readonly action?: readonly string[] | undefined;
  readonly key?: string | undefined;
  readonly days: string;
}

async function issued(order: Order, io: Io, hand: (mandate: string) => void): Promise<number> {
  const { subject, account: accounts, action: actions, key, days } = order;
  if (subject === undefined || accounts === undefined || actions === undefined || key === undefined) {
    const missing = Object.entries({ subject, account: accounts, action: actions, key }).flatMap(([name, value]) =>
      value === undefined ? [`--${name}`] : [],
    );
    throw new UsageError(`${missing.join(', ')} must be given`);
  }
  if (!PRINCIPAL.test(subject)) throw new UsageError(`--subject must be contact:ID or account:ID, not ${subject}`);
  for (const each of accounts)
    if (!/^[\x21-\x7e]{1,128}$/.test(each) || each.startsWith('account:'))
      throw new UsageError(`--account is the account's id alone, such as A-1001, not ${JSON.stringify(each)}`);
  if (!/^[1-9]\d{0,3}$/.test(days) || Number(days) > DAYS_MAX)
    throw new UsageError(`--days must be a whole number from 1 to ${DAYS_MAX}, not ${days}`);
  const limits = readLimits(order);
  if (!limits.ok) throw new UsageError(limits.error);
  const place = placeGiven(order);
  for (const each of unknownActions(actions, place))
    io.err(`${each} is no action that comes with Parley: it is taken for one of your own`);
  const agent = agentIn(key);
  const { origin, instance } = await recipient(place.folder, agent);
  const path = join(place.folder, 'keys.json');
  const file = readKeyFile(path);
  if (file?.instance === undefined || file.instance !== instance)
    throw new CannotDo(`${path} and parley.db are not of one state: start the gateway to see what does not belong`);
  const keys = await openKeys(path, file);
  const now = systemClock.now();
  const [jti, expiresAt] = [randomUUID(), new Date(now.getTime() + Number(days) * DAY_MS)];
  const constraints = { actions, accounts, ...limits.value };
  const mandate = await issueMandate({
    key: { alg: 'ed25519', kid: keys.kid('mandates'), sign: (bytes) => keys.sign('mandates', bytes) },
    issuer: origin,
    subject,
    agent,
    jti,
    now,
    expiresAt,
    constraints,
  });
  const issued = {
    jti,
    issuer: origin,
    subject,
    key: await thumbprintOf(agent),
    expires: expiresAt.toISOString(),
    constraints,
  };
  // Noted before anybody has it: what was handed out can be found and taken back.
  appendFileSync(join(place.folder, ISSUED_FILE), `${JSON.stringify(issued)}\n`, { mode: 0o600, flush: true });
  hand(mandate);
  const where = order.data === undefined ? '' : ` --data ${order.data}`;
  io.err(`${jti} holds until ${expiresAt.toISOString()}; parley revoke mandate ${jti}${where} takes it back`);
  return 0;
}

/** In the data directory: a line for each mandate that `parley mandate` issued. */
export const ISSUED_FILE = 'issued.jsonl';

/** Throws for a misspelt one. With nothing but a data directory a company's own actions are not known. */
function unknownActions(actions: readonly string[], { actions: folder }: Place): readonly string[] {
  const own = folder === undefined ? [] : readActions(folder).definitions;
  const known = [...SHIPPED.definitions, ...own].map((each) => String(Object(each).name));
  const unknown = actions.filter((each) => !known.includes(each));
  for (const each of unknown) {
    const near = meant(each, known);
    if (!/^[a-z][a-z0-9_.-]{0,63}$/.test(each) || near !== '' || folder !== undefined)
      throw new UsageError(`--action ${each} is no action here${near || '; parley action list shows them'}`);
  }
  return unknown;
}

function agentIn(path: string): PublicJwk {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CannotDo(`--key ${path}: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
  const agent = isRecord(value) ? publicJwk(value) : undefined;
  if (agent === undefined) throw new CannotDo(`--key ${path} holds no Ed25519 or P-256 JWK`);
  return agent;
}

/** Who issues: the gateway as its last start left it. */
async function recipient(folder: string, agent: PublicJwk) {
  const keyid = await thumbprintOf(agent);
  return readDatabase(folder, (db) => {
    const tables = instanceTables(db);
    const [origin, instance] = [tables.origin(), tables.id()];
    if (origin === undefined)
      throw new CannotDo(`${folder} does not say yet which gateway's it is: start the gateway once with this version`);
    const revoked = db.prepare("SELECT 1 FROM revocations WHERE kind = 'key' AND id = ?").get(keyid);
    if (revoked !== undefined)
      throw new CannotDo(`the key ${keyid} has been revoked: a mandate to it would be refused`);
    return { origin, instance };
  });
}
