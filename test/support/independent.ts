/** An agent written without our code: requests signed, and answers verified, by the independent library `http-message-sig`. */
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { component, createSignature, type RequestDescriptor, type Signer, verifySignature } from 'http-message-sig';
import type { WireAnswer, WireRequest } from './signed.ts';

export interface IndependentKey {
  /** RFC 7638 thumbprint, computed here by hand. */
  readonly keyid: string;
  readonly jwk: JsonWebKey;
  readonly signer: Signer;
}

/** RSASSA-PSS with SHA-512 (RFC 9421 §3.3.1), and whether what it signed is that. */
export function independentRsaKey(): IndependentKey & { readonly verified: (request: WireRequest) => Promise<void> } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const jwk = publicKey.export({ format: 'jwk' });
  const { e, kty, n } = jwk;
  const algorithm = 'rsa-pss-sha512';
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 };
  return {
    keyid: createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url'),
    jwk,
    signer: { algorithm, sign: (data) => sign('sha512', data, { key: privateKey, ...padding }) },
    async verified(request) {
      const check = (data: Uint8Array, signature: Uint8Array) =>
        verify('sha512', data, { key: publicKey, ...padding }, signature);
      await verifySignature(descriptor('http://127.0.0.1', request), {
        label: 'mine',
        policy: { algorithms: [algorithm], requiredComponents: ['@method'], requiredParameters: ['keyid'] },
        resolveVerifier: () => ({ algorithm, verify: check }),
      });
    },
  };
}

export function independentKey(curve: 'ed25519' | 'P-256' = 'ed25519'): IndependentKey {
  const { privateKey, publicKey } =
    curve === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: curve });
  const jwk = publicKey.export({ format: 'jwk' });
  const { crv, kty, x, y } = jwk;
  const members = curve === 'ed25519' ? { crv, kty, x } : { crv, kty, x, y };
  const signer: Signer =
    curve === 'ed25519'
      ? { algorithm: 'ed25519', sign: (data) => sign(null, data, privateKey) }
      : {
          algorithm: 'ecdsa-p256-sha256',
          sign: (data) => sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
        };
  return { keyid: createHash('sha256').update(JSON.stringify(members)).digest('base64url'), jwk, signer };
}

export interface SignatureChoices {
  readonly label?: string;
  readonly without?: readonly string[];
  /** Replaces parameters; `undefined` leaves one out. */
  readonly parameters?: Readonly<Record<string, string | number | undefined>>;
}

export interface Unsigned {
  readonly method?: 'GET' | 'POST';
  readonly target: string;
  readonly body?: string;
  readonly idempotencyKey?: string;
}

/** A request in the profile `parley/1`, unless the choices break it. */
export async function independentRequest(
  origin: string,
  key: IndependentKey,
  { method = 'POST', target, body, idempotencyKey }: Unsigned,
  choices: SignatureChoices = {},
): Promise<WireRequest> {
  const headers: Record<string, string> = {
    ...(body === undefined
      ? {}
      : {
          'content-type': 'application/json',
          'content-digest': `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
        }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
  const components = ['@method', '@authority', '@path', ...(target.includes('?') ? ['@query'] : [])];
  const created = Math.floor(Date.now() / 1000);
  const fields = await createSignature(descriptor(origin, { method, target, headers, body: undefined }), {
    label: choices.label ?? 'mine',
    components: [...components, ...Object.keys(headers)].filter((name) => !choices.without?.includes(name)),
    parameters: defined({
      created,
      expires: created + 60,
      nonce: randomBytes(16).toString('base64url'),
      keyid: key.keyid,
      tag: 'parley/1',
      ...choices.parameters,
    }),
    signer: key.signer,
  });
  return {
    method,
    target,
    headers: { ...headers, 'signature-input': fields.signatureInput, signature: fields.signature },
    body: body === undefined ? undefined : Buffer.from(body),
  };
}

/** Verifies an answer against the company's key and the request it answers; throws when it is not the answer to it. */
export async function verifyAnswer(
  origin: string,
  request: WireRequest,
  answer: WireAnswer,
  companyKey: JsonWebKey,
): Promise<void> {
  const digest = `sha-256=:${createHash('sha256').update(answer.body).digest('base64')}:`;
  if (answer.headers['content-digest'] !== digest) throw new Error('the body is not the one the digest names');
  const label = /^([a-z]+)=/.exec(request.headers['signature'] ?? '')?.[1] ?? '';
  const key = createPublicKey({ key: companyKey, format: 'jwk' });
  const ofRequest = (name: string) => component(name, { req: true });
  await verifySignature(
    {
      kind: 'response',
      status: answer.status,
      fields: Object.entries(answer.headers).map(([name, value]) => ({ name, value: String(value) })),
      request: descriptor(origin, request),
    },
    {
      label: 'parley',
      policy: {
        algorithms: ['ed25519'],
        requiredComponents: [
          '@status',
          'content-type',
          'content-digest',
          ofRequest('@method'),
          ofRequest('@path'),
          component('signature', { req: true, key: label }),
        ],
        requiredParameters: ['created', 'expires', 'nonce', 'keyid', 'tag'],
        validate: ({ parameters }) => parameters.tag === 'parley/1-answer',
      },
      resolveVerifier: () => ({
        algorithm: 'ed25519',
        verify: (data: Uint8Array, signature: Uint8Array) => verify(null, data, key, signature),
      }),
    },
  );
}

function descriptor(origin: string, { method, target, headers }: WireRequest): RequestDescriptor {
  return {
    kind: 'request',
    method,
    targetUri: `${origin}${target}`,
    requestTarget: target,
    fields: Object.entries(headers).map(([name, value]) => ({ name, value })),
  };
}

function defined(all: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
}
