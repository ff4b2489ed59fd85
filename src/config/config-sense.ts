/** What no schema can say of a configuration: its parts are held against the world and against each other. */
import { existsSync, readdirSync } from 'node:fs';
import type { JsonObject } from '../../protocol/base/json.ts';
import { isTimeZone } from '../../protocol/base/zone.ts';
import { SHIPPED } from '../actions/files.ts';
import { meant } from '../engine/nearest.ts';
import { DEFAULT_ROLE } from '../signoff/policy.ts';

interface Signoff {
  readonly rules: readonly JsonObject[];
  readonly allow: readonly JsonObject[];
  readonly answers_by: readonly string[];
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]', '::1']);

interface Addresses {
  readonly origin: string;
  readonly listen: { readonly host: string };
  readonly allow_private_network: boolean;
}

export function unsafeAddresses(file: Addresses): string[] {
  const problems: string[] = [];
  const origin = URL.parse(file.origin);
  if (origin === null || origin.origin !== file.origin)
    problems.push('/origin must be an origin: scheme and authority, nothing else');
  else if (origin.protocol !== 'https:' && !LOOPBACK.has(origin.hostname))
    problems.push('/origin must be https except on loopback');
  const isPublic = origin?.protocol === 'https:';
  if (!LOOPBACK.has(file.listen.host) && !isPublic)
    problems.push('/listen/host may leave loopback only behind an https origin');
  if (isPublic && file.allow_private_network) problems.push('/allow_private_network is for loopback gateways only');
  return problems;
}

export function unknownZone({ time_zone }: { readonly time_zone: string }): string[] {
  return isTimeZone(time_zone) ? [] : ['/time_zone must be an IANA time zone, such as Europe/Berlin'];
}

export function unanswered({
  signoff,
  webhooks,
  approvers,
}: {
  readonly signoff: Signoff;
  readonly webhooks: readonly { readonly name: string }[];
  readonly approvers: readonly unknown[];
}): string[] {
  const problems = signoff.answers_by
    .filter((name) => !webhooks.some((each) => each.name === name))
    .map((name) => `/signoff/answers_by names ${name}, which is not in /webhooks`);
  if (approvers.length === 0 && signoff.answers_by.length === 0)
    problems.push('nobody can sign off: configure /approvers or /signoff/answers_by');
  return problems;
}

export function repeated<K extends string>(
  where: string,
  member: K,
  list: readonly { readonly [each in K]: string }[],
): string[] {
  const ids = list.map((each) => each[member]);
  return ids.flatMap((id, at) =>
    ids.indexOf(id) === at
      ? []
      : [`${where}/${at}/${member} is ${id}, as that of ${where}/${ids.indexOf(id)}: each has its own`],
  );
}

/** A system that answers has no roles: it answers for whom it asked. */
export function strangeRoles(file: {
  readonly approvers: readonly { readonly roles: readonly string[] }[];
  readonly signoff: Signoff;
}): string[] {
  const roles = [...new Set(file.approvers.flatMap((each) => each.roles))];
  if (file.signoff.answers_by.length > 0 || roles.length === 0) return [];
  return file.signoff.rules.flatMap(({ role = DEFAULT_ROLE }, at) =>
    typeof role !== 'string' || roles.includes(role)
      ? []
      : [`/signoff/rules/${at}/role is ${role}, which no approver has (${roles.join(', ')})${meant(role, roles)}`],
  );
}

/** A rule for an action that there is not would never hold. `folder`: of the company's own. */
export function strangeActions({ rules, allow }: Signoff, folder: string | undefined): string[] {
  const known = knownActions(folder);
  return [
    ...rules.flatMap((rule, at) => strangeIn(`/signoff/rules/${at}`, rule, known)),
    ...allow.flatMap((rule, at) => strangeIn(`/signoff/allow/${at}`, rule, known)),
  ];
}

/** `action == "x"`, `"x" != action` and `action in ["x", "y"]`: a name that no action has would make a rule that never holds. */
function strangeIn(where: string, { when }: JsonObject, known: readonly string[]): string[] {
  if (typeof when !== 'string') return [];
  const compared = [
    ...when.matchAll(/\baction\s*[!=]=\s*(["'])(.*?)\1/g),
    ...when.matchAll(/(["'])([^"']*?)\1\s*[!=]=\s*action\b/g),
  ].map(([, , name = '']) => name);
  const listed = [...when.matchAll(/\baction\s+in\s+\[(.*?)\]/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/(["'])(.*?)\1/g)].map(([, , name = '']) => name),
  );
  const strange = [...new Set([...compared, ...listed])].filter((name) => !known.includes(name));
  return strange.map(
    (name) => `${where}/when asks for the action ${JSON.stringify(name)}, which there is not${meant(name, known)}`,
  );
}

function knownActions(folder: string | undefined): readonly string[] {
  const own = folder === undefined || !existsSync(folder) ? [] : readdirSync(folder);
  const names = own.flatMap((file) => /^([a-z][a-z0-9_.-]*?)(?:@[^@]*)?\.json$/.exec(file)?.[1] ?? []);
  return [...SHIPPED.definitions.map((each) => String(Object(each).name)), ...names];
}
