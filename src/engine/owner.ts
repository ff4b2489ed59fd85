import type { TokenFacts } from './operation.ts';

export interface Known {
  readonly keyid: string;
  readonly token?: TokenFacts;
}

/** Whose an operation is, as the store names it. A signature is its key's. A key that a token is bound to acts for whom the token was
 * issued: what it asks for one customer is not there for another's token, nor for the bare key. A bearer's `keyid` says all of it. */
export function ownerOf({ keyid, token }: Known): string {
  return token?.boundTo === undefined ? keyid : JSON.stringify([keyid, token.issuer, token.subject]);
}
