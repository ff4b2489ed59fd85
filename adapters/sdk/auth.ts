import { AdapterError, type Ctx } from './index.ts';

export type Credentials = Readonly<Record<string, string>>;

/** How an adapter’s requests are authorised. Secrets live here and go into headers and the token endpoint, nowhere else. */
export interface Auth {
  /** The headers in force; signs in where needed. Throws `unauthorised`, `retryable` or `rate_limited`: nothing was sent to the API yet. */
  credentials(ctx: Ctx): Promise<Credentials>;
  /** The server refused these very headers. Answers whether there can be others. */
  refused(credentials: Credentials): boolean;
}

export interface StaticTokenOptions {
  readonly token: string;
  /** `authorization` unless told. */
  readonly header?: string;
  /** Before the token, with a space between; `Bearer` unless told, nothing when empty. */
  readonly scheme?: string;
}

/** One token that nobody renews: an API key, a private app’s token, a service key. */
export function staticToken({ token, header = 'authorization', scheme = 'Bearer' }: StaticTokenOptions): Auth {
  if (!isHeaderValue(token)) throw new AdapterError('bug', 'The configured token is not usable.');
  const credentials = { [header]: scheme === '' ? token : `${scheme} ${token}` };
  return { credentials: async () => credentials, refused: () => false };
}

/** What may stand in a header without splitting it. */
export function isHeaderValue(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);
}
