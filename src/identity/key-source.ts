/** Where a request says its key is published, read only from what its signature covers. */
import { type Dictionary, parseDictionary, parseItem, Token } from 'structured-headers';
import type { Candidate } from '../../protocol/signature.ts';
import type { RawRequest } from '../edge/raw-request.ts';

const WELL_KNOWN = '/.well-known/http-message-signatures-directory';

export interface KeySource {
  readonly url: string;
  readonly via: 'directory' | 'profile';
  /** The identity is where the key was found, never what a header claims. */
  readonly name: string;
}

export type Pointing = Pick<Candidate, 'label' | 'agentMember'>;

/** `Signature-Agent` (Web Bot Auth: a string, or a dictionary with a member for each label) or `UCP-Agent: profile="…"`. */
export function keySourceOf({ headers }: Pick<RawRequest, 'headers'>, signature: Pointing): KeySource | undefined {
  const agent = headers.get('signature-agent')?.join(', ');
  if (agent !== undefined) {
    const url = URL.parse(signatureAgent(agent, signature) ?? '');
    return url === null ? undefined : { url: `${url.origin}${WELL_KNOWN}`, via: 'directory', name: url.origin };
  }
  const members = dictionaryOf(headers.get('ucp-agent')?.join(', ') ?? '');
  const profile = URL.parse(stringMember(members, 'profile') ?? '');
  if (profile === null) return undefined;
  // A fragment is not sent: with it, one profile would be fetched under many names.
  profile.hash = '';
  return { url: profile.href, via: 'profile', name: profile.href };
}

/** A member somebody else added must not rename the signer: only the covered one counts, else the signature's own, else the only one. */
function signatureAgent(field: string, { label, agentMember }: Pointing): string | undefined {
  const whole = stringItem(field);
  if (whole !== undefined) return agentMember === undefined ? whole : undefined;
  const members = dictionaryOf(field);
  const only = members.size === 1 ? members.keys().next().value : undefined;
  const name = agentMember ?? (members.has(label) ? label : only);
  if (name === undefined) return undefined;
  const type = members.get(name)?.[1].get('type');
  // Other kinds of sources than directories are not read, and not mistaken for one.
  if (type !== undefined && (type instanceof Token ? type.toString() : type) !== 'directory') return undefined;
  return stringMember(members, name);
}

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
