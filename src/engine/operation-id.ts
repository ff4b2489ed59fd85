import { sha256 } from '@noble/hashes/sha2.js';
import { canonicalBytes } from '../../protocol/base/canonical.ts';
import { makeId, type OperationId, uuidOf } from '../../protocol/base/ids.ts';
import { ownerOf } from './owner.ts';
import type { Ask } from './world.ts';

/** Whose idempotency keys these are: one agent's for one customer, of one verb on one thing. */
export function scopeOf({ caller, verb, target }: Pick<Ask, 'caller' | 'verb' | 'target'>): string {
  return `${ownerOf(caller)} ${verb} ${verb === 'submit' ? '' : target}`;
}

/** The operation that a request makes. The keys its writes carry in the CRM begin with it: a request that is repeated to a gateway
 * which has lost its records meets what it did before. */
export function operationId({ scope, key }: { readonly scope: string; readonly key: string }): OperationId {
  return makeId('op', uuidOf(sha256(canonicalBytes(['operation', scope, key]))));
}

export function idOf(ask: Pick<Ask, 'caller' | 'verb' | 'target' | 'key'>): OperationId {
  return operationId({ scope: scopeOf(ask), key: ask.key });
}
