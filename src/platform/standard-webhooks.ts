/** Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0): `v1` is HMAC-SHA256 over `id.timestamp.payload`. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';

const TOLERANCE_SECONDS = 300;
const PREFIX = 'whsec_';
/** The start refuses shorter ones (config-secrets.ts). Nothing is believed by one, however it came here: an empty key signs for everybody. */
const KEY_BYTES_MIN = 24;

/** Signed with every secret, newest first: receivers rotate without a gap. */
export function webhookHeaders(
  id: string,
  payload: string,
  secrets: readonly string[],
  now: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = secrets.map((secret) => `v1,${mac(secret, id, timestamp, payload).toString('base64')}`).join(' ');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

/** Verifies a message signed by any of the secrets; returns its id, which the caller uses once. */
export function verifyWebhook(
  header: (name: string) => string | undefined,
  payload: string,
  secrets: readonly string[],
  now: Date,
): Result<string, Refusal> {
  const id = header('webhook-id');
  const timestamp = header('webhook-timestamp') ?? '';
  const offered = (header('webhook-signature') ?? '')
    .split(' ')
    .flatMap((each) => (each.startsWith('v1,') ? [Buffer.from(each.slice(3), 'base64')] : []));
  if (id === undefined || id === '' || offered.length === 0)
    return err(refusal('signature-missing', 'Standard Webhooks headers are required.'));
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now.getTime() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    return err(refusal('signature-expired'));
  const genuine = secrets.some((secret) => {
    if (keyOf(secret).length < KEY_BYTES_MIN) return false;
    const expected = mac(secret, id, timestamp, payload);
    return offered.some((each) => each.length === expected.length && timingSafeEqual(each, expected));
  });
  return genuine ? ok(id) : err(refusal('signature-invalid'));
}

function mac(secret: string, id: string, timestamp: string, payload: string): Buffer {
  return createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${payload}`).digest();
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret, 'base64');
}
