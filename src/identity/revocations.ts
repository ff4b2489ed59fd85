import { hash } from 'node:crypto';
import { appendFileSync, closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import { isRecord } from '../../protocol/base/shape.ts';
import { parseStrictJson } from '../edge/strict-json.ts';
import { type Clock, type Log, REVOCATION_KINDS, type RevocationKind, type Store } from '../ports.ts';

/** A line of the revocation file: how an operator takes something back from a running gateway, with nothing but the data directory. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly id: string;
  readonly reason: string;
}

const REASON_CHARS_MAX = 2_000;
/** What an id of each kind can be: one that fits none revokes nothing, however it reads. */
const IDS: { readonly [K in RevocationKind]: RegExp } = {
  key: /^[\w-]{43}$/,
  mandate: /^[\x21-\x7e]{1,128}$/,
  subject: /^[\x20-\x7e]{1,255}$/,
  issuer: /^[\x21-\x7e]{1,255}$/,
  client: /^[\x21-\x7e]{1,255} [\x20-\x7e]{1,255}$/,
};

/** What is wrong with it; `undefined` where nothing is. */
function misfitOf({ kind, id, reason }: Revocation): string | undefined {
  if (!IDS[kind].test(id)) return `the id is not one of a ${kind}`;
  return reason.length <= REASON_CHARS_MAX ? undefined : `the reason is longer than ${REASON_CHARS_MAX} characters`;
}

/** Adds a line, on the disk when it returns. Refuses, with the reason, what the gateway would not be able to read. */
export function appendRevocation(path: string, revocation: Revocation): Result<void, string> {
  const misfit = misfitOf(revocation);
  if (misfit !== undefined) return err(misfit);
  // A line that somebody left without its end must not swallow this one.
  const start = endsOpen(path) ? '\n' : '';
  appendFileSync(path, `${start}${JSON.stringify(revocation)}\n`, { mode: 0o600, flush: true });
  return ok(undefined);
}

function endsOpen(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const { size } = fstatSync(file);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
  } finally {
    closeSync(file);
  }
}

export interface Revocations {
  /** Takes over what is new; how many lines. What was once taken over stays revoked, whatever becomes of the file. */
  read(): Promise<number>;
  /** Why nobody can say now what has been revoked: until it is mended, nothing may rest on anybody's authority. */
  unreadable(): string | undefined;
}

export interface RevocationsDeps {
  readonly path: string;
  readonly store: Pick<Store, 'revoke' | 'isRevoked'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was read of the file so far: its beginning, by which it is known again. */
interface Known {
  readonly bytes: number;
  readonly lines: number;
  readonly digest: string;
}

const NOTHING: Known = { bytes: 0, lines: 0, digest: digestOf(new Uint8Array()) };

/** Follows the revocation file: read it once before anything is served, then every few seconds. Lines that are added are read once; a
 * file that was emptied, replaced or rewritten is read anew from its start. One line that cannot be read costs its neighbours nothing,
 * and is told until it is mended. */
export function makeRevocations({ path, store, clock, log }: RevocationsDeps): Revocations {
  let known = NOTHING;
  /** Lines that cannot be read, by number. */
  let broken = new Map<number, string>();
  let unread: string | undefined;
  let told = '';

  async function read(): Promise<number> {
    const found = contentOf(path);
    const taken = found.ok ? await takeOver(found.value).catch(notTaken) : found;
    unread = taken.ok ? undefined : taken.error;
    tell();
    return taken.ok ? taken.value : 0;
  }

  async function takeOver(content: Buffer): Promise<Result<number, string>> {
    const same = content.length >= known.bytes && digestOf(content.subarray(0, known.bytes)) === known.digest;
    const from = same ? known : NOTHING;
    const wrong = new Map(same ? broken : []);
    const whole = content.lastIndexOf(0x0a) + 1;
    const revocations = new Map<string, Revocation>();
    // A last line without its end is read too, and again once it has one.
    const lines = content.subarray(from.bytes).toString('utf8').split('\n');
    for (const [index, line] of lines.entries()) {
      const parsed = parseRevocation(line);
      wrong.delete(from.lines + index + 1);
      if (!parsed.ok) wrong.set(from.lines + index + 1, parsed.error);
      else if (parsed.value !== undefined) revocations.set(`${parsed.value.kind} ${parsed.value.id}`, parsed.value);
    }
    const at = clock.now().toISOString();
    const news = [...revocations.values()].filter(({ kind, id }) => !store.isRevoked(kind, id));
    await Promise.all(news.map(({ kind, id, reason }) => store.revoke(kind, id, at, reason)));
    // Only now: had it failed, the same lines would be read again.
    known = { bytes: whole, lines: from.lines + lines.length - 1, digest: digestOf(content.subarray(0, whole)) };
    broken = wrong;
    if (news.length > 0) log('revocations.taken', { count: news.length });
    return ok(news.length);
  }

  function unreadable(): string | undefined {
    if (unread !== undefined) return `${path} ${unread}`;
    const [first] = broken;
    if (first === undefined) return undefined;
    const more = broken.size > 1 ? `, and ${broken.size - 1} more` : '';
    return `line ${first[0]} of ${path}: ${first[1]}${more}`;
  }

  /** Once for each state it gets into, so that it is found in any log. */
  function tell(): void {
    const now = unreadable() ?? '';
    if (now === told) return;
    told = now;
    if (now === '') log('revocations.readable');
    else if (unread !== undefined) log('revocations.unreadable', { file: path, reason: unread });
    else for (const [line, reason] of broken) log('revocations.unreadable', { file: path, line, reason });
  }

  return { read, unreadable };
}

/** No file is an empty one: nothing has ever been revoked. */
function contentOf(path: string): Result<Buffer, string> {
  try {
    return ok(readFileSync(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return code === 'ENOENT' ? ok(Buffer.alloc(0)) : err(`cannot be read (${code})`);
  }
}

/** `undefined` for an empty line. */
function parseRevocation(line: string): Result<Revocation | undefined, string> {
  const text = line.trim();
  if (text === '') return ok(undefined);
  const parsed = parseStrictJson(new TextEncoder().encode(text));
  if (!parsed.ok || !isRecord(parsed.value)) return err('it is not a JSON object');
  const { kind: named, id, reason = '' } = parsed.value;
  const kind = REVOCATION_KINDS.find((each) => each === named);
  if (kind === undefined) return err(`its kind is none of ${REVOCATION_KINDS.join(', ')}`);
  if (typeof id !== 'string' || typeof reason !== 'string') return err('its id or reason is not a text');
  const misfit = misfitOf({ kind, id, reason });
  return misfit === undefined ? ok({ kind, id, reason }) : err(misfit);
}

const notTaken = (error: unknown): Result<number, string> =>
  err(`cannot be taken over: ${error instanceof Error ? error.message : 'unknown'}`);

function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64url');
}
