import type { Snapshot } from '../../adapters/sdk/index.ts';
import { type Refusal, toProblem } from '../../protocol/errors.ts';
import type { Json, JsonObject } from '../../protocol/json.ts';
import { ok, type Result } from '../../protocol/result.ts';
import type { Operation } from '../engine/operation.ts';
import { move } from '../engine/transitions.ts';
import type { Change, World } from '../engine/world.ts';
import { ownRecord } from './authority.ts';
import { crmContext, unread } from './crm.ts';

type FieldResult = { readonly path: string; readonly result: 'confirmed' | 'differs' | 'unknown' };

export interface Validated {
  readonly fields: readonly FieldResult[];
  /** The operation, its input reduced to what a correction would write; null when there is nothing to correct. */
  readonly correction: Operation | null;
}

/** `data.validate`: the customer's AI says what it believes; the answer says where the record agrees, never what the record holds. */
export async function validateData(world: World, operation: Operation): Promise<Result<Validated, Refusal>> {
  const records = await readRecords(world, operation);
  if (!records.ok) return records;
  const claims = claimsOf(operation.input);
  const fields = claims.map(
    ({ path, value }): FieldResult => ({ path, result: compare(path, value, records.value.get(recordOf(path))) }),
  );
  const wrong = claims.filter((_, index) => fields[index]?.result !== 'confirmed');
  const wantsCorrection = operation.input['on_difference'] === 'propose' && wrong.length > 0;
  return ok({
    fields,
    correction: wantsCorrection
      ? { ...operation, input: { ...operation.input, fields: wrong }, output: { fields } }
      : null,
  });
}

/** Ends a validation that changes nothing. */
export function answered(world: World, operation: Operation, fields: readonly FieldResult[]): Change {
  const moved = move(operation, 'answered', 'company', world.clock.now(), { output: { fields } });
  return { next: moved.next, expected: operation.version, records: [moved.record] };
}

async function readRecords(
  world: World,
  operation: Operation,
): Promise<Result<ReadonlyMap<string, Snapshot>, Refusal>> {
  const { account, contact } = operation.input;
  const records = new Map<string, Snapshot>();
  for (const [type, id] of [
    ['account', account],
    ['contact', contact],
  ] as const) {
    if (typeof id !== 'string') continue;
    const snapshot = await world.crm.read(crmContext(world, operation), { type, by: 'id', value: id });
    const own = ownRecord(operation, snapshot);
    if (!own.ok) return own;
    records.set(type, own.value);
  }
  return ok(records);
}

const recordOf = (path: string): string => (path.startsWith('contact.') ? 'contact' : 'account');

function compare(path: string, claimed: string, snapshot: Snapshot | undefined): FieldResult['result'] {
  const held = snapshot?.data[path];
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

function claimsOf(input: JsonObject): { path: string; value: string }[] {
  const fields: Json = input['fields'] ?? [];
  if (!Array.isArray(fields)) return [];
  return fields.flatMap((field: Json) => {
    if (typeof field !== 'object' || field === null || Array.isArray(field)) return [];
    const { path, value } = field as JsonObject;
    return typeof path === 'string' && typeof value === 'string' ? [{ path, value }] : [];
  });
}

export function refuse(world: World, operation: Operation, error: Refusal): Change {
  const moved = move(
    operation,
    'refused',
    'engine',
    world.clock.now(),
    { problem: toProblem(error) },
    { problem: error.code },
  );
  return { next: moved.next, expected: operation.version, records: [moved.record] };
}

export function unreadable(world: World, operation: Operation, thrown: unknown): Change {
  const moved = unread(world, operation, thrown);
  return { next: moved.next, expected: moved.expected, records: [moved.record] };
}
