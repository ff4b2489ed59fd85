/** The edge: what Node's HTTP parser lets through and RFC 9110 or 9112 do not, and bodies read within bounds. */
import type { IncomingMessage } from 'node:http';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';

export interface RawRequest {
  readonly method: string;
  /** Origin-form, exactly as received. */
  readonly target: string;
  /** Lower-case names; every field line's value, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
  /** The address at the other end of the connection. */
  readonly peer?: string | undefined;
}

/** Field lines as received, from Node's `rawHeaders`. */
export function headersOf(rawHeaders: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const lines = headers.get(name);
    if (lines === undefined) headers.set(name, [value]);
    else lines.push(value);
  }
  return headers;
}

/** Request line and Host. `authorities` are the lower-case authorities this gateway serves, from configuration. */
export function checkRequestLine(
  method: string,
  target: string,
  rawHeaders: readonly string[],
  authorities: ReadonlySet<string>,
): Result<void, Refusal> {
  if (rawHeaders.length / 2 > LIMITS.headerFieldsMax)
    return err(refusal('header-too-large', `More than ${LIMITS.headerFieldsMax} header fields.`));
  if (method === 'TRACE' || method === 'CONNECT') return err(refusal('method-not-allowed'));
  if (target.length > LIMITS.targetBytesMax) return err(refusal('uri-too-long'));
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
  const [host] = hosts;
  if (host === undefined || hosts.length > 1)
    return err(refusal('malformed-request', 'Exactly one Host header field is required (RFC 9112 §3.2).'));
  if (!authorities.has(host.toLowerCase())) return err(refusal('wrong-authority'));
  if (!target.startsWith('/')) return err(refusal('wrong-authority', 'Only origin-form request targets are served.'));
  return isNormal(target)
    ? ok(undefined)
    : err(refusal('malformed-request', 'The request target is not in its normal form.'));
}

/** No two spellings of one target (RFC 3986 §6.2.2): no dot segments, no empty segments, nothing encoded that needs no encoding, no
 * encoded separators or controls, printable ASCII only. A router that decodes and a signature that does not must mean one resource. */
function isNormal(target: string): boolean {
  const [path = '', query] = target.split(/\?(.*)/s, 2);
  if (!PRINTABLE.test(target) || NEVER_RAW.test(target) || BROKEN_ENCODING.test(target)) return false;
  if (query === '' || target.includes('%00') || path.includes('//')) return false;
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) return false;
  return [...path.matchAll(/%(..)/g)].every(([, hex = '']) => isEncodedInNeed(hex));
}

const JSON_ONLY: readonly string[] = ['application/json'];

const PRINTABLE = /^[\x21-\x7e]+$/;
const NEVER_RAW = /[\\#"<>^`{|}]/;
const BROKEN_ENCODING = /%(?![0-9a-fA-F]{2})/;

function isEncodedInNeed(hex: string): boolean {
  return (
    hex === hex.toUpperCase() && /^[ !"#$%&'()*+,:;<=>?@[\]^`{|}]$/.test(String.fromCharCode(Number.parseInt(hex, 16)))
  );
}

/** JSON in one of the media types (`application/json` unless told), UTF-8, not encoded: others are refused before a byte is read. */
export function checkBodyHeaders(
  headers: RawRequest['headers'],
  media: readonly string[] = JSON_ONLY,
): Result<void, Refusal> {
  const types = headers.get('content-type') ?? [];
  const [type = ''] = types;
  const [, essence = ''] = /^([^;\s]+)(?:\s*;\s*charset="?utf-8"?)?$/i.exec(type.trim()) ?? [];
  if (types.length > 1 || !media.includes(essence.toLowerCase()))
    return err(refusal('unsupported-media-type', `Content-Type must be ${media.join(' or ')}.`));
  const codings = (headers.get('content-encoding') ?? []).join(',').trim().toLowerCase();
  return codings === '' || codings === 'identity'
    ? ok(undefined)
    : err(refusal('unsupported-media-type', 'Content-Encoding is not supported.'));
}

/** The body's bytes, never holding more than the limit. What comes beyond it is read and dropped: the sender may not look at the answer
 * before it has sent everything, and how long that may take is the server's request timeout. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Result<Uint8Array, Refusal>> {
  const tooLarge = err(refusal('body-too-large', `At most ${bytesMax} bytes.`));
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
    request.resume();
    return Promise.resolve(tooLarge);
  }
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) {
        chunks.push(chunk);
      } else {
        chunks = [];
        resolve(tooLarge);
      }
    });
    request.on('end', () =>
      resolve(ok(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))),
    );
    const cutOff = () => resolve(err(refusal('malformed-request', 'The body was cut off.')));
    request.on('error', cutOff);
    request.on('close', cutOff);
  });
}
