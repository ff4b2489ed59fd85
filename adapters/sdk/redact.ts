/** A CRM’s own words, made fit for a log line or an error: bounded, on one line, and without anything that looks like a secret. */
const CHARS_MAX = 300;
const SECRET = [
  /\b(?:bearer|basic)\s+[\w.~+/=!-]{8,}/gi,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:access_token|refresh_token|client_secret|assertion|password|api_?key|authorization)["']?\s*[=:]\s*["']?[^\s"'&,;}]+/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g,
];

export function safeText(text: string, secrets: readonly string[] = []): string {
  let safe = text.slice(0, CHARS_MAX * 10);
  for (const secret of secrets)
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      if (form !== '') safe = safe.replaceAll(form, '[redacted]');
  for (const pattern of SECRET) safe = safe.replace(pattern, '[redacted]');
  return safe
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, CHARS_MAX)
    .toWellFormed();
}
