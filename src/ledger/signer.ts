import { decodeBase64Url } from '../../protocol/base/base64.ts';
import { type NoteSigner, noteKey } from '../../protocol/receipt/note.ts';
import type { Keys } from '../ports.ts';

/** The log's key as a note signer, named by the log's origin line. Throws when the key set lacks it: a configuration mistake. */
export function logSigner(keys: Keys, logOrigin: string): NoteSigner {
  const kid = keys.kid('log');
  const x = keys.jwks().keys.find((jwk) => jwk['kid'] === kid)?.['x'];
  const publicKey = typeof x === 'string' ? decodeBase64Url(x) : undefined;
  if (publicKey === undefined) throw new RangeError('the key set has no Ed25519 key for the log');
  return { ...noteKey(logOrigin, publicKey), sign: (message) => keys.sign('log', message) };
}
