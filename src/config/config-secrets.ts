/** Every secret of a gateway, and the least each must be: a start with a weaker one is refused in words. */
import { decodeBase64 } from '../../protocol/base/base64.ts';
import { verifyKeyOf } from '../identity/signature/keys-node.ts';

/** Standard Webhooks ("Signature scheme"): 24 to 64 random bytes, in base64. */
const SIGNING_BYTES_MIN = 24;
const SIGNING_BYTES_MAX = 64;
/** Random bytes differ: 24 of them are fewer than this once in more than 10^15 times. */
const DIFFERENT_BYTES_MIN = 12;
/** What an app's secret at a CRM has at the least. It is the CRM's to make, and ours to hold notices to. */
const APP_SECRET_CHARS_MIN = 16;
/** Of what opens something else than this gateway: a placeholder is not one. */
const CREDENTIAL_CHARS_MIN = 8;
const DIFFERENT_CHARS_MIN = 5;

const HOW = 'make one with: echo "whsec_$(openssl rand -base64 32)"';

/** As they stand in the environment, by the names they have there. */
export interface NamedSecrets {
  /** Sign and verify messages: whoever guesses one speaks for the other side. */
  readonly signing: ReadonlyMap<string, readonly string[]>;
  /** Verify what the CRM sends. */
  readonly app: ReadonlyMap<string, string | undefined>;
  /** Open the CRM. */
  readonly credentials: ReadonlyMap<string, string | undefined>;
  /** Sent in a header field to whatever wants one: protects nothing of ours. */
  readonly sent: ReadonlyMap<string, string | undefined>;
}

export function weakSecrets({ signing, app, credentials, sent }: NamedSecrets): string[] {
  const problems: string[] = [];
  for (const [name, secrets] of signing)
    for (const each of secrets) problems.push(...prefixed(name, weaknessOfSigning(each)));
  for (const [name, secret] of app) problems.push(...prefixed(name, weaknessOf(secret, APP_SECRET_CHARS_MIN)));
  for (const [name, secret] of credentials) problems.push(...prefixed(name, weaknessOf(secret, CREDENTIAL_CHARS_MIN)));
  for (const [name, secret] of sent)
    if (secret !== undefined && !/^[\x21-\x7e]+$/.test(secret))
      problems.push(`${name} is empty, or cannot stand in a header field`);
  return [...problems, ...usedTwice(signing)];
}

/** Who holds a secret of one use must not be able to do another. */
function usedTwice(signing: NamedSecrets['signing']): string[] {
  const uses = new Map<string, string>();
  const problems: string[] = [];
  for (const [name, secrets] of signing)
    for (const secret of new Set(secrets)) {
      const other = uses.get(secret);
      if (other === undefined) uses.set(secret, name);
      else problems.push(`${name} is the same secret as ${other}: each use has its own`);
    }
  return problems;
}

const prefixed = (name: string, problem: string | undefined): string[] =>
  problem === undefined ? [] : [`${name} ${problem}`];

function weaknessOfSigning(secret: string): string | undefined {
  const bytes = decodeBase64(secret.replace(/^whsec_/, ''));
  if (bytes === undefined) return `is not base64, with or without whsec_ before it: ${HOW}`;
  if (bytes.length < SIGNING_BYTES_MIN || bytes.length > SIGNING_BYTES_MAX)
    return `has ${bytes.length} bytes, where ${SIGNING_BYTES_MIN} to ${SIGNING_BYTES_MAX} are needed: ${HOW}`;
  return new Set(bytes).size < DIFFERENT_BYTES_MIN ? `is not random: ${HOW}` : undefined;
}

function weaknessOf(secret: string | undefined, charsMin: number): string | undefined {
  if (secret === undefined) return undefined;
  if (secret.trim() !== secret) return 'begins or ends with white space';
  if (secret.length < charsMin) return `has ${secret.length} characters, where ${charsMin} are the least`;
  return new Set(secret).size < DIFFERENT_CHARS_MIN
    ? 'is no secret: it is a few characters again and again'
    : undefined;
}

/** As `parley password` makes it: a salt of 16 bytes and a key of 32. */
const PASSWORD_HASH = /^scrypt\$[\w-]{22}\$[\w-]{43}$/;

/** Of examples/parley.json: everybody knows its password. */
const EXAMPLE_HASH = 'scrypt$VfCOU-6VkTE00hRPT1OLcw$SEkaVUFzHpDjtz1xZJ5h6f4juvk6dH9fzvA-vGMjeuM';

export interface NamedKeys {
  readonly origin: string;
  readonly approvers: readonly { readonly id: string; readonly password_scrypt: string }[];
  readonly drp?: { readonly agents: readonly { readonly id: string; readonly verify_key: string }[] };
}

/** What stands in the file itself and proves who somebody is. */
export function weakKeys({ origin, approvers, drp }: NamedKeys): string[] {
  const isPublic = origin.startsWith('https:');
  const passwords = approvers.flatMap(({ password_scrypt }, at) =>
    PASSWORD_HASH.test(password_scrypt)
      ? []
      : [
          `/approvers/${at}/password_scrypt is not what \`parley password\` prints: a password itself never stands here`,
        ],
  );
  const agents = (drp?.agents ?? []).flatMap(({ verify_key: base64 }, at) => {
    const key = verifyKeyOf({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(base64, 'base64').toString('base64url') });
    return key.ok ? [] : [`/drp/agents/${at}/verify_key: ${key.error}`];
  });
  const examples = approvers.flatMap(({ password_scrypt }, at) =>
    isPublic && password_scrypt === EXAMPLE_HASH
      ? [
          `/approvers/${at}/password_scrypt is the example’s, whose password is published: make one with \`parley password\``,
        ]
      : [],
  );
  return [...passwords, ...examples, ...agents];
}
