/** What documents say about keys: Web Bot Auth directories, JWK Sets, UCP profiles, and cards that hold keys or lead to them. */
import { LIMITS } from '../../../protocol/base/limits.ts';
import { parseStrictJson } from '../../edge/strict-json.ts';
import type { Fetched } from '../../platform/guarded-fetch.ts';
import type { SourceForm } from './key-source.ts';
import { type UnopenedKey, unopenedKeyOf } from './keys-node.ts';

export interface KeySet {
  readonly byThumbprint: ReadonlyMap<string, UnopenedKey>;
  /** By the `kid` that is written. Two keys of one `kid` are none. */
  readonly byLabel: ReadonlyMap<string, UnopenedKey>;
  /** What a UCP profile says besides its keys, as JSON: read once its key has proven something. */
  readonly profile?: string;
  /** What keeping it takes. */
  readonly bytes: number;
}

export const NO_KEYS: KeySet = { byThumbprint: new Map(), byLabel: new Map(), bytes: 0 };

/** An opened key is about this large, its members and maps included. */
const KEY_BYTES = 1_500;

const DIRECTORY_TYPE = 'application/http-message-signatures-directory+json';

const IS_TYPE: Readonly<Record<SourceForm, (type: string) => boolean>> = {
  directory: (type) => type === DIRECTORY_TYPE,
  jwks_uri: (type) => ['application/jwk-set+json', 'application/json', DIRECTORY_TYPE].includes(type),
  cimd: (type) => /\/(?:.+\+)?json$/.test(type),
  profile: (type) => /\/(?:.+\+)?json$/.test(type),
};

/** Its keys, or for a card the address of them. `undefined` when it is not such a document. */
export function readDocument(fetched: Fetched, form: SourceForm, url: string): KeySet | URL | undefined {
  const [type = ''] = String(fetched.headers['content-type'] ?? '').split(';', 1);
  if (fetched.status !== 200 || !IS_TYPE[form](type.trim().toLowerCase())) return undefined;
  const parsed = parseStrictJson(fetched.body);
  const document = parsed.ok ? membersOf(parsed.value) : undefined;
  if (document === undefined) return undefined;
  if (form === 'cimd') return readCard(document, url);
  const keys = keySet([document['keys'], document['signing_keys']]);
  return form === 'profile' && keys !== undefined ? withProfile(keys, document['ucp']) : keys;
}

/** Without what an agent's profile says of services and payments, which nobody here reads. */
function withProfile(keys: KeySet, ucp: unknown): KeySet | undefined {
  const { services: _services, payment_handlers: _handlers, ...rest } = membersOf(ucp) ?? {};
  const profile = JSON.stringify({ ucp: rest });
  return profile.length > LIMITS.profileBytesMax
    ? undefined
    : { ...keys, profile, bytes: keys.bytes + profile.length * 2 };
}

/** A card is of the address it is found at, and says in one way only which keys are its own. */
function readCard(card: Readonly<Record<string, unknown>>, url: string): KeySet | URL | undefined {
  const { client_id: id, jwks, jwks_uri: address, keys } = card;
  if (id !== undefined && id !== url) return undefined;
  if ([jwks, address, keys].filter((each) => each !== undefined).length !== 1) return undefined;
  if (address === undefined) return keySet([keys, membersOf(jwks)?.['keys']]);
  const target = typeof address === 'string' ? URL.parse(address) : null;
  if (target === null || (target.protocol !== 'https:' && target.origin !== URL.parse(url)?.origin)) return undefined;
  return target;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}

/** Kinds of keys we do not know never invalidate the set. */
function keySet(lists: readonly unknown[]): KeySet | undefined {
  const listed: unknown[] | undefined = lists.find(Array.isArray);
  if (listed === undefined) return undefined;
  const byThumbprint = new Map<string, UnopenedKey>();
  const byLabel = new Map<string, UnopenedKey>();
  const labels = new Set<string>();
  for (const jwk of listed.slice(0, LIMITS.directoryKeysMax)) {
    const members = membersOf(jwk);
    const label = labelOf(members?.['kid']);
    const isTaken = label !== undefined && labels.has(label);
    if (label !== undefined) labels.add(label);
    if (isTaken) byLabel.delete(label);
    const key = members !== undefined && isForRequests(members) ? unopenedKeyOf(members) : undefined;
    if (key === undefined) continue;
    byThumbprint.set(key.kid, key);
    if (label !== undefined && !isTaken) byLabel.set(label, key);
  }
  const labelBytes = [...byLabel.keys()].reduce((sum, { length }) => sum + length * 2, 0);
  return { byThumbprint, byLabel, bytes: byThumbprint.size * KEY_BYTES + labelBytes };
}

function labelOf(kid: unknown): string | undefined {
  return typeof kid === 'string' && kid.length <= LIMITS.keyLabelCharsMax ? kid : undefined;
}

const ALG_OF: Readonly<Record<string, readonly unknown[]>> = {
  OKP: ['EdDSA', 'Ed25519', 'ed25519'],
  EC: ['ES256', 'ecdsa-p256-sha256'],
};

/** RFC 7517 §4.3 and §4.4, and AdCP's purpose of a key: one that is for something else proves nothing here. */
function isForRequests({
  alg,
  kty,
  key_ops: operations,
  adcp_use: purpose,
}: Readonly<Record<string, unknown>>): boolean {
  const isItsAlg = alg === undefined || (typeof kty === 'string' && ALG_OF[kty]?.includes(alg) === true);
  const verifies = operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  return isItsAlg && verifies && (purpose === undefined || purpose === 'request-signing');
}
