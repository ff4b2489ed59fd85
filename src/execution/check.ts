import type { Json, JsonObject } from '../../protocol/base/json.ts';
import type { Operation } from '../engine/operation.ts';
import type { World } from '../engine/world.ts';
import { outputOf } from './complete.ts';
import type { Read } from './subjects.ts';

type Claim = { readonly path: string; readonly value: string };
type Verdict = 'confirmed' | 'differs' | 'unknown';

export interface Checked {
  readonly operation: Operation;
  /** The operation, its claims reduced to what a correction would write; null when there is nothing to correct. */
  readonly correction: Operation | null;
}

/** A check: the customer's AI says in `fields` what it believes; the answer says where the record agrees, never what the record holds. */
export function check(world: World, operation: Operation, reads: readonly Read[]): Checked {
  const claims = claimsOf(operation.input['fields']);
  const checked = claims.map(({ path, value }) => ({ path, result: compare(path, value, reads) }));
  const wrong = claims.filter((_, index) => checked[index]?.result !== 'confirmed');
  const found: Operation = { ...operation, checked };
  if (operation.input['on_difference'] !== 'propose' || wrong.length === 0)
    return { operation: found, correction: null };
  const output = outputOf(world, found, {});
  const input: JsonObject = { ...operation.input, fields: wrong };
  return { operation: found, correction: { ...found, input, ...(output && { output }) } };
}

function compare(path: string, claimed: string, reads: readonly Read[]): Verdict {
  const held = reads.map(({ snapshot }) => snapshot.data[path]).find((value) => typeof value === 'string');
  if (typeof held !== 'string' || held === '') return 'unknown';
  return normal(path, held) === normal(path, claimed) ? 'confirmed' : 'differs';
}

/** Spelling that carries no meaning is not a difference: spaces, Unicode form, and case where the field has none. */
function normal(path: string, value: string): string {
  const text = value.normalize('NFC').trim().replace(/\s+/gu, ' ');
  if (path.endsWith('.email') || path.endsWith('.country')) return text.toLowerCase();
  if (path === 'tax.vat_id' || path === 'contact.phone') return text.replace(/[\s().-]/gu, '').toUpperCase();
  return text;
}

function claimsOf(list: Json | undefined): Claim[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((field: Json) => {
    if (typeof field !== 'object' || field === null || Array.isArray(field)) return [];
    const { path, value } = field as JsonObject;
    return typeof path === 'string' && typeof value === 'string' ? [{ path, value }] : [];
  });
}
