/** The root of every identifier that is Parley's own: problem types, mandate types, schemas, extensions. */
export const URN = 'urn:parley';

/** A2A extensions (A2A 1.0 §4.6): a breaking change gets a new URI, never a new meaning. See A2A.md. */
export const A2A_EXTENSION = {
  actions: `${URN}:a2a:actions:1`,
  signatures: `${URN}:a2a:http-signatures:1`,
} as const;

/** Header fields that carry Parley's protocol (all others are the RFCs' own). */
export const HEADER = {
  idempotencyKey: 'idempotency-key',
  idempotencyReplayed: 'idempotency-replayed',
} as const;

/** `typ` of each kind of signed record (JWS over JCS, RFC 7515 + RFC 8785). */
export const RECORD_TYPE = {
  offer: 'parley-offer+jws',
  schedule: 'parley-schedule+jws',
  agreement: 'parley-agreement+jws',
  receipt: 'parley-receipt+jws',
} as const;
