/** What the company's own systems send is signed as Standard Webhooks, with a secret that the two share. */
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import type { Json } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import { parseStrictJson } from '../../edge/strict-json.ts';
import { verifyWebhook } from '../../platform/standard-webhooks.ts';

export interface Webhook {
  /** `webhook-id`: the same however often the message comes. */
  readonly id: string;
  readonly body: Json;
}

/** Refuses with `signature-*` what none of the secrets has signed in time, and with `malformed-json` what is none. */
export function openWebhook(raw: RawRequest, secrets: readonly string[], now: Date): Result<Webhook, Refusal> {
  const header = (name: string) => raw.headers.get(name)?.[0];
  const signed = verifyWebhook(header, Buffer.from(raw.body).toString('utf8'), secrets, now);
  if (!signed.ok) return signed;
  const body = parseStrictJson(raw.body);
  return body.ok ? ok({ id: signed.value, body: body.value }) : err(refusal('malformed-json', body.error.reason));
}
