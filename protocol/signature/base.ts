/** RFC 9421 §2: message components and the signature base. Pure: bytes in, text out. */
import {
  type InnerList,
  type Item,
  parseDictionary,
  serializeInnerList,
  serializeItem,
  serializeParameters,
} from 'structured-headers';
import { err, ok, type Result } from '../base/result.ts';

/** What a signature can cover. `target` is the origin-form request target exactly as sent: path, and query with its `?`. */
export interface SignableRequest {
  readonly method: string;
  readonly scheme: string;
  /** Host and non-default port, lower case: from configuration, never from a header. */
  readonly authority: string;
  readonly target: string;
  /** Lower-case names; every field line's value, in order. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

export interface SignableResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** The request it answers, for `;req` components (§2.4). */
  readonly request: SignableRequest;
}

export type Signable = SignableRequest | SignableResponse;

export function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}

/** §2.2.7: `?` and everything after it; `?` alone when there is no query. */
export function queryOf(target: string): string {
  const mark = target.indexOf('?');
  return mark === -1 ? '?' : target.slice(mark);
}

/** §2.5. The reason names the component that cannot be resolved. `text` is the covered list as it stands in the field, when known. */
export function signatureBase(
  covered: InnerList,
  message: Signable,
  text: string = coveredText(covered),
): Result<string, string> {
  const seen = new Set<string>();
  let base = '';
  for (const item of covered[0]) {
    const identifier = identifierOf(item);
    if (seen.has(identifier)) return err(`${identifier} is covered twice`);
    seen.add(identifier);
    const value = componentValue(item, message);
    if (value === undefined) return err(`${identifier} cannot be resolved`);
    base += `${identifier}: ${value}\n`;
  }
  return ok(`${base}"@signature-params": ${text}`);
}

/** The one serialisation of a covered list with its parameters (RFC 9651 §4.1.1.1). */
export function coveredText([items, parameters]: InnerList): string {
  return `(${items.map(identifierOf).join(' ')})${serializeParameters(parameters)}`;
}

/** Nothing in such a name needs escaping: the general serialiser is only for the rare component with parameters. */
const PLAIN_NAME = /^[!#-[\]-~]+$/;

function identifierOf(item: Item): string {
  const [name, parameters] = item;
  if (typeof name === 'string' && parameters.size === 0 && PLAIN_NAME.test(name)) return `"${name}"`;
  return serializeItem(item);
}

function componentValue([name, parameters]: Item, message: Signable): string | undefined {
  if (typeof name !== 'string' || name !== name.toLowerCase()) return undefined;
  for (const parameter of parameters.keys()) if (parameter !== 'req' && parameter !== 'key') return undefined;
  const ofRequest = parameters.get('req');
  if (ofRequest !== undefined && (ofRequest !== true || !('status' in message))) return undefined;
  const source = ofRequest === true && 'status' in message ? message.request : message;
  if (name.startsWith('@')) return parameters.has('key') ? undefined : derivedValue(name, source);
  const lines = source.headers.get(name);
  if (lines === undefined) return undefined;
  return parameters.has('key') ? memberValue(lines, parameters.get('key')) : fieldValue(lines);
}

/** §2.1: lines trimmed and joined. §2.5 has neither line breaks, which would forge another line of the base, nor obs-text, which
 * two libraries would encode, and two runtimes trim, differently. */
function fieldValue(lines: readonly string[]): string | undefined {
  if (!lines.every((line) => FIELD_TEXT.test(line))) return undefined;
  return lines.map((line) => line.trim()).join(', ');
}

const FIELD_TEXT = /^[\t\x20-\x7e]*$/;

/** §2.1.2: one member of a dictionary field, serialised strictly. */
function memberValue(lines: readonly string[], key: unknown): string | undefined {
  if (typeof key !== 'string') return undefined;
  try {
    const member = parseDictionary(lines.join(', ')).get(key);
    if (member === undefined) return undefined;
    return Array.isArray(member[0]) ? serializeInnerList(member as InnerList) : serializeItem(member as Item);
  } catch {
    return undefined;
  }
}

function derivedValue(name: string, source: Signable): string | undefined {
  if ('status' in source) return name === '@status' ? String(source.status) : undefined;
  switch (name) {
    case '@method':
      return source.method;
    case '@authority':
      return source.authority;
    case '@scheme':
      return source.scheme;
    case '@target-uri':
      return `${source.scheme}://${source.authority}${source.target}`;
    case '@request-target':
      return source.target;
    case '@path':
      return pathOf(source.target);
    case '@query':
      return queryOf(source.target);
    default:
      return undefined;
  }
}
