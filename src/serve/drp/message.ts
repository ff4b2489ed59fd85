/** Signed messages of the Data Rights Protocol 1.0: base64 of an Ed25519 signature followed by the JSON it signs (§2.01, §3.07). */
import { createPublicKey, verify } from 'node:crypto';
import { decodeBase64 } from '../../../protocol/base/base64.ts';
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import { isObject, type Json, type JsonObject } from '../../../protocol/base/json.ts';
import { LIMITS } from '../../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import { parseStrictJson } from '../../edge/strict-json.ts';

export interface DrpAgent {
  readonly id: string;
  readonly name: string;
  /** Raw Ed25519 public key, 32 bytes, in standard base64: `verify_key` of the network's directory. */
  readonly verify_key: string;
}

export interface Opened {
  readonly claims: JsonObject;
  /** Standard base64 of the 64 bytes. */
  readonly signature: string;
}

const SIGNATURE_BYTES = 64;
/** An Ed25519 key's SubjectPublicKeyInfo is these bytes and the key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** The protocol recommends 10 minutes at most. */
const WINDOW_MS_MAX = 600_000;

/** The checks in the order of §3.07: decode, signature, then what was signed. */
function openMessage(body: Uint8Array, agent: DrpAgent): Result<Opened, Refusal> {
  const bytes = decodeBase64(new TextDecoder().decode(body).trim());
  if (bytes === undefined || bytes.length <= SIGNATURE_BYTES)
    return err(refusal('malformed-request', 'The body is not base64 of a signature and a message.'));
  const [signature, message] = [bytes.subarray(0, SIGNATURE_BYTES), bytes.subarray(SIGNATURE_BYTES)];
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, Buffer.from(agent.verify_key, 'base64')]),
    format: 'der',
    type: 'spki',
  });
  if (!verify(null, message, key, signature)) return err(refusal('signature-invalid'));
  const parsed = parseStrictJson(message);
  if (!parsed.ok) return err(refusal('malformed-json', parsed.error.reason));
  if (!isObject(parsed.value)) return err(refusal('malformed-json', 'The message is not an object.'));
  return ok({ claims: parsed.value, signature: Buffer.from(signature).toString('base64') });
}

/** What a message is for: one that was made for something else is not taken for it (a request is no sign-in, nor takes itself back). */
type Purpose = 'agent' | 'exercise' | 'revoke';

const MEMBERS = ['agent-id', 'business-id', 'issued-at', 'expires-at', 'drp.version'];

/** Every check of a message, the same at every address that takes one. */
export function readMessage(
  body: Uint8Array,
  {
    agent,
    business,
    now,
    purpose,
  }: { readonly agent: DrpAgent; readonly business: string; readonly now: Date; readonly purpose: Purpose },
): Result<Opened, Refusal> {
  const opened = openMessage(body, agent);
  if (!opened.ok) return opened;
  const { claims } = opened.value;
  const meant = checkParties(claims, { agent: agent.id, business, now });
  if (!meant.ok) return meant;
  const hasRequest = claims['exercise'] !== undefined;
  if (purpose === 'agent' && Object.keys(claims).some((name) => !MEMBERS.includes(name)))
    return err(refusal('forbidden', 'The message was made for something else.'));
  if (purpose === 'revoke' && hasRequest) return err(invalid('/exercise', 'is for requests, not for taking one back'));
  return opened;
}

/** Whether the message is of this agent, to this business, and meant for now: one agent, one business, one moment. */
function checkParties(
  claims: JsonObject,
  { agent, business, now }: { readonly agent: string; readonly business: string; readonly now: Date },
): Result<void, Refusal> {
  if (claims['agent-id'] !== agent) return err(refusal('forbidden', 'The message is of another agent.'));
  if (claims['business-id'] !== business) return err(refusal('forbidden', 'The message is for another business.'));
  const [issued, expires] = [timeOf(claims['issued-at']), timeOf(claims['expires-at'])];
  if (Number.isNaN(issued) || Number.isNaN(expires))
    return err(invalid('/issued-at', 'and expires-at must be ISO 8601'));
  if (issued > now.getTime() + LIMITS.clockSkewSeconds * 1_000)
    return err(refusal('signature-expired', 'The message is from the future.'));
  if (expires <= now.getTime()) return err(refusal('signature-expired', 'The message has expired.'));
  if (expires - issued > WINDOW_MS_MAX) return err(invalid('/expires-at', 'is more than 10 minutes after issued-at'));
  return claims['drp.version'] === '1.0' ? ok(undefined) : err(invalid('/drp.version', 'must be 1.0'));
}

export function invalid(pointer: string, message: string): Refusal {
  return refusal('schema-violation', undefined, { errors: [{ pointer, message }] });
}

function timeOf(value: Json | undefined): number {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) : Number.NaN;
}
