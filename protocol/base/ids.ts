/** Typed identifiers. Every id Parley makes is `<prefix>_<uuidv7>` (RFC 9562 §5.7): time-ordered, unguessable enough that
 * authorisation is still always checked, and never confused with an id of another kind. An operation's is a UUIDv8 made from who asked
 * and their Idempotency-Key: the same request is the same operation, also to a gateway that has lost its records. */
declare const brand: unique symbol;
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type OperationId = Id<'op'>;
export type OfferId = Id<'of'>;
export type SignoffId = Id<'so'>;
export type EventId = Id<'ev'>;
/** RFC 7638 SHA-256 JWK thumbprint (base64url): the identity of an agent is its key. */
export type Thumbprint = Id<'jkt'>;

export interface IdKinds {
  op: OperationId;
  of: OfferId;
  so: SignoffId;
  ev: EventId;
}

const uuid = (versions: string) => `[0-9a-f]{8}-[0-9a-f]{4}-[${versions}][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`;
const UUID_V7 = uuid('7');
const PATTERNS: { readonly [K in keyof IdKinds]: RegExp } = {
  op: new RegExp(`^op_${uuid('78')}$`),
  of: new RegExp(`^of_${UUID_V7}$`),
  so: new RegExp(`^so_${UUID_V7}$`),
  ev: new RegExp(`^ev_${UUID_V7}$`),
};

/** Parses an id of a kind; `undefined` when the text is not one. */
export function parseId<K extends keyof IdKinds>(kind: K, text: string): IdKinds[K] | undefined {
  return PATTERNS[kind].test(text) ? (text as IdKinds[K]) : undefined;
}

/** Makes an id from a fresh UUIDv7, or an operation's from {@link uuidOf}. */
export function makeId<K extends keyof IdKinds>(kind: K, uuidV7: string): IdKinds[K] {
  return `${kind}_${uuidV7}` as IdKinds[K];
}

/** Parses an RFC 7638 SHA-256 thumbprint: 43 base64url characters. */
export function parseThumbprint(text: string): Thumbprint | undefined {
  return /^[A-Za-z0-9_-]{43}$/.test(text) ? (text as Thumbprint) : undefined;
}

/** A UUIDv8 (RFC 9562 §5.8) of 32 bytes of a digest. */
export function uuidOf(digest: Uint8Array): string {
  const bytes = digest.slice(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
