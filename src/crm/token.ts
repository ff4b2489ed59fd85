/** A CRM's refresh token where the CRM gives a new one with each use: the newest is kept, or the next start could not sign in. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { saveFile } from '../platform/save-file.ts';

export interface KeptToken {
  readonly refreshToken: string;
  /** Keeps the next one; on the disk when it resolves. */
  rotated(next: string): Promise<void>;
}

/** The newest of the chain that began with the configured token. Another configured token begins another. */
export function keptToken(path: string, configured: string): KeptToken {
  const of = createHash('sha256').update(configured).digest('base64url');
  return {
    refreshToken: readKept(path, of) ?? configured,
    async rotated(token) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      saveFile(path, `${JSON.stringify({ of, token })}\n`);
    },
  };
}

function readKept(path: string, configured: string): string | undefined {
  if (!existsSync(path)) return undefined;
  let kept: unknown;
  try {
    kept = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new Error(`${path} cannot be read: restore it, or remove it and configure a new refresh token`);
  }
  if (typeof kept !== 'object' || kept === null || !('of' in kept) || !('token' in kept)) return undefined;
  return kept.of === configured && typeof kept.token === 'string' ? kept.token : undefined;
}
