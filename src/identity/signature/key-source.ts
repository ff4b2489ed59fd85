/** Where a request says its key is published, read only from what its signature covers. */
import { type Dictionary, parseDictionary, parseItem, Token } from 'structured-headers';
import type { Candidate } from '../../../protocol/signature/signature.ts';
import type { RawRequest } from '../../edge/raw-request.ts';

const WELL_KNOWN = '/.well-known/http-message-signatures-directory';

/** How the document at the address holds keys: a Web Bot Auth directory, a JWK Set, a card (client metadata), a UCP profile. */
export type SourceForm = 'directory' | 'jwks_uri' | 'cimd' | 'profile';

export interface KeySource {
  readonly url: string;
  readonly form: SourceForm;
  readonly via: 'directory' | 'profile';
  /** The identity is where the key was found, never what a header claims. */
  readonly name: string;
}

export type Pointing = Pick<Candidate, 'label' | 'agentMember' | 'profile'>;

/** `Signature-Agent` (Web Bot Auth: a string, or a dictionary with a member for each label) or `UCP-Agent: profile="…"`. A field that
 * is there and leads nowhere is not made up for by the next. */
export function keySourceOf({ headers }: Pick<RawRequest, 'headers'>, signature: Pointing): KeySource | undefined {
  const field = signature.profile.keyFields.find((name) => headers.has(name));
  const value = field === undefined ? '' : (headers.get(field)?.join(', ') ?? '');
  return field === 'signature-agent' ? agentSource(value, signature) : profileSource(value);
}

function profileSource(field: string): KeySource | undefined {
  const profile = URL.parse(stringMember(dictionaryOf(field), 'profile') ?? '');
  if (profile === null) return undefined;
  // A fragment is not sent: with it, one profile would be fetched under many names.
  profile.hash = '';
  return { url: profile.href, form: 'profile', via: 'profile', name: profile.href };
}

/** A member somebody else added must not rename the signer: only the covered one counts, else the signature's own, else the only one. */
function agentSource(field: string, { label, agentMember }: Pointing): KeySource | undefined {
  const whole = stringItem(field);
  // The first generation has one string, of which only the origin counts.
  if (whole !== undefined) return agentMember === undefined ? directorySource(URL.parse(whole)) : undefined;
  const members = dictionaryOf(field);
  const only = members.size === 1 ? members.keys().next().value : undefined;
  const name = agentMember ?? (members.has(label) ? label : only);
  if (name === undefined) return undefined;
  const type = members.get(name)?.[1].get('type') ?? 'directory';
  const form = type instanceof Token ? type.toString() : type;
  const url = URL.parse(stringMember(members, name) ?? '');
  if (url === null) return undefined;
  if (form === 'directory') return isOrigin(url) ? directorySource(url) : undefined;
  // A kind we do not know is not mistaken for one that we do.
  return form === 'jwks_uri' || form === 'cimd' ? documentSource(url, form) : undefined;
}

function directorySource(url: URL | null): KeySource | undefined {
  if (url === null) return undefined;
  return { url: `${url.origin}${WELL_KNOWN}`, form: 'directory', via: 'directory', name: url.origin };
}

/** Fetched as sent, named without its query: one set of keys would otherwise have as many names as it is asked for. */
function documentSource(url: URL, form: SourceForm): KeySource {
  url.hash = '';
  return { url: url.href, form, via: 'directory', name: `${url.origin}${url.pathname}` };
}

const isOrigin = ({ pathname, search, hash, username }: URL): boolean =>
  pathname === '/' && search === '' && hash === '' && username === '';

function stringItem(field: string): string | undefined {
  try {
    const [value] = parseItem(field);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function dictionaryOf(field: string): Dictionary {
  try {
    return parseDictionary(field);
  } catch {
    return new Map();
  }
}

function stringMember(members: Dictionary, name: string): string | undefined {
  const value = members.get(name)?.[0];
  return typeof value === 'string' ? value : undefined;
}
