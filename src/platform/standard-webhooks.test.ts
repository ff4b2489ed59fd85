import { describe, expect, it } from 'vitest';
import { verifyWebhook, webhookHeaders } from './standard-webhooks.ts';

const NOW = new Date('2026-11-28T12:00:00Z');
const secretOf = (byte: number, length = 32) => `whsec_${Buffer.alloc(length, byte).toString('base64')}`;
const [SECRET, OLD, OTHER] = [secretOf(1), secretOf(2), secretOf(3)];
const BODY = '{"decision":"approve"}';

function outcome(
  headers: Readonly<Record<string, string>>,
  {
    body = BODY,
    secrets = [SECRET],
    seconds = 0,
  }: { body?: string; secrets?: readonly string[]; seconds?: number } = {},
): string {
  const at = new Date(NOW.getTime() + seconds * 1_000);
  const verified = verifyWebhook((name) => headers[name], body, secrets, at);
  return verified.ok ? verified.value : verified.error.code;
}
const signed = (secrets: readonly string[] = [SECRET]) => webhookHeaders('msg_1', BODY, secrets, NOW);

describe('a message of the company’s own systems', () => {
  it('is taken with the signature of a secret that the two share, also while it is replaced', () => {
    expect(outcome(signed())).toBe('msg_1');
    expect(outcome(signed([SECRET, OLD]), { secrets: [OLD] })).toBe('msg_1');
    expect(outcome(signed([OLD]), { secrets: [SECRET, OLD] })).toBe('msg_1');
  });

  it('is refused with another’s signature, or with none', () => {
    expect(outcome(signed([OTHER]))).toBe('signature-invalid');
    expect(outcome({ ...signed(), 'webhook-signature': 'v1,AAAA' })).toBe('signature-invalid');
    expect(outcome({ ...signed(), 'webhook-signature': 'v2,AAAA' })).toBe('signature-missing');
    expect(outcome({})).toBe('signature-missing');
    expect(outcome(signed(), { secrets: [] })).toBe('signature-invalid');
  });

  it('is refused where its body, its id or its time is another than was signed', () => {
    expect(outcome(signed(), { body: BODY.replace('approve', 'reject') })).toBe('signature-invalid');
    expect(outcome({ ...signed(), 'webhook-id': 'msg_2' })).toBe('signature-invalid');
    const timestamp = String(Number(signed()['webhook-timestamp']) + 1);
    expect(outcome({ ...signed(), 'webhook-timestamp': timestamp })).toBe('signature-invalid');
  });

  it('is refused five minutes before and after it was made', () => {
    for (const [seconds, said] of [
      [-301, 'signature-expired'],
      [-300, 'msg_1'],
      [300, 'msg_1'],
      [301, 'signature-expired'],
    ] as const)
      expect(outcome(signed(), { seconds })).toBe(said);
    expect(outcome({ ...signed(), 'webhook-timestamp': 'now' })).toBe('signature-expired');
  });

  it('is believed by no secret that is short', () => {
    for (const length of [0, 23]) {
      const short = secretOf(4, length);
      expect(outcome(signed([short]), { secrets: [short] })).toBe('signature-invalid');
    }
  });
});
