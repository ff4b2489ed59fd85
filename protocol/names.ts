/** The root of every identifier that is Parley's own: problem types, mandate types, schemas, extensions. */
export const URN = 'urn:parley';

/** Header fields that carry Parley's protocol (all others are the RFCs' own). */
export const HEADER = {
  idempotencyKey: 'idempotency-key',
  idempotencyReplayed: 'idempotency-replayed',
} as const;

/** `typ` of each kind of signed record (JWS over JCS, RFC 7515 + RFC 8785). */
export const RECORD_TYPE = {
  offer: 'parley-offer+jws',
  agreement: 'parley-agreement+jws',
  receipt: 'parley-receipt+jws',
} as const;
