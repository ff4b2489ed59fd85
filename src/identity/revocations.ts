import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import type { Clock, Store } from '../ports.ts';

/** A line of the revocation file: how an operator takes back a key or a mandate from a running gateway, with nothing but the data directory. */
export interface Revocation {
  readonly kind: 'key' | 'mandate';
  readonly id: string;
  readonly reason: string;
}

export function appendRevocation(path: string, revocation: Revocation): void {
  appendFileSync(path, `${JSON.stringify(revocation)}\n`, { mode: 0o600 });
}

/** Takes over new lines; what was once taken over stays revoked, whatever becomes of the file. Call it every few seconds. */
export function makeRevocationReader(path: string, store: Pick<Store, 'revoke'>, clock: Clock): () => Promise<number> {
  let read = 0;
  return async () => {
    if (!existsSync(path) || statSync(path).size <= read) return 0;
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    const lines = bytes.subarray(read, whole).toString('utf8').split('\n');
    read = whole;
    const found = lines.flatMap((line) => parseRevocation(line));
    for (const { kind, id, reason } of found) await store.revoke(kind, id, clock.now().toISOString(), reason);
    return found.length;
  };
}

function parseRevocation(line: string): Revocation[] {
  if (line.trim() === '') return [];
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('id' in value)) return [];
  const kind = (['key', 'mandate'] as const).find((each) => each === value.kind);
  return kind === undefined
    ? []
    : [{ kind, id: String(value.id), reason: 'reason' in value ? String(value.reason) : '' }];
}
