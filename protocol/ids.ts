/** Typed identifiers. Every id Parley makes is `<prefix>_<uuidv7>` (RFC 9562 §5.7): time-ordered, unguessable enough that
 * authorisation is still always checked, and never confused with an id of another kind. */
declare const brand: unique symbol;
type Id<Kind extends string> = string & { readonly [brand]: Kind };

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

const UUID_V7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
const PATTERNS: { readonly [K in keyof IdKinds]: RegExp } = {
  op: new RegExp(`^op_${UUID_V7}$`),
  of: new RegExp(`^of_${UUID_V7}$`),
  so: new RegExp(`^so_${UUID_V7}$`),
  ev: new RegExp(`^ev_${UUID_V7}$`),
};

/** Parses an id of a kind; `undefined` when the text is not one. */
export function parseId<K extends keyof IdKinds>(kind: K, text: string): IdKinds[K] | undefined {
  return PATTERNS[kind].test(text) ? (text as IdKinds[K]) : undefined;
}

/** Makes an id from a fresh UUIDv7. */
export function makeId<K extends keyof IdKinds>(kind: K, uuidV7: string): IdKinds[K] {
  return `${kind}_${uuidV7}` as IdKinds[K];
}

/** Parses an RFC 7638 SHA-256 thumbprint: 43 base64url characters. */
export function parseThumbprint(text: string): Thumbprint | undefined {
  return /^[A-Za-z0-9_-]{43}$/.test(text) ? (text as Thumbprint) : undefined;
}
