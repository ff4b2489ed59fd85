import { parseItem } from 'structured-headers';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { HEADER } from '../../protocol/base/names.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { RawRequest } from '../edge/raw-request.ts';

/** The Idempotency-Key field (draft-ietf-httpapi-idempotency-key-header §2.1): one structured-field string. */
export function idempotencyKeyField(raw: RawRequest): Result<string, Refusal> {
  const values = raw.headers.get(HEADER.idempotencyKey) ?? [];
  const [value] = values;
  if (value === undefined) return err(refusal('idempotency-key-missing'));
  // UCP's agents send it bare.
  const bare = raw.headers.has('ucp-agent') && BARE.test(value) ? value : undefined;
  const key = values.length === 1 ? (parseString(value) ?? bare) : undefined;
  return key === undefined ? err(refusal('idempotency-key-invalid')) : idempotencyKey(key);
}

const BARE = /^[\w.:-]+$/;

/** The same key from any binding: 20 to 255 printable ASCII characters, as a structured-field string has them. */
export function idempotencyKey(key: unknown): Result<string, Refusal> {
  if (key === undefined) return err(refusal('idempotency-key-missing'));
  if (typeof key !== 'string' || !/^[\x20-\x7e]*$/.test(key)) return err(refusal('idempotency-key-invalid'));
  const usable = key.length >= LIMITS.idempotencyKeyCharsMin && key.length <= LIMITS.idempotencyKeyCharsMax;
  return usable ? ok(key) : err(refusal('idempotency-key-invalid', `It has ${key.length} characters.`));
}

function parseString(value: string): string | undefined {
  try {
    const [bare, parameters] = parseItem(value);
    return typeof bare === 'string' && parameters.size === 0 ? bare : undefined;
  } catch {
    return undefined;
  }
}
