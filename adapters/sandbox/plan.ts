import type { Json, JsonObject } from '../../protocol/json.ts';
import { AdapterError, type Change, type Plan, type PlanRequest, type PlanStep, type Ref } from '../sdk/index.ts';
import { type CrmRecord, isObject } from './answers.ts';
import { CONTRACT_LABELS, DATA_FIELDS, type FieldMapping, TICKET_LABELS } from './fields.ts';
import { isMoney, renewedFields } from './renewal.ts';

/** Reads a record for planning; cannot write. */
export type Reader = (ref: Ref) => Promise<CrmRecord>;
type Planner = (request: PlanRequest, read: Reader) => Promise<Plan>;

/** What each action would change. Deterministic: the same request on the same records is the same plan, byte for byte. */
export const PLANNERS: ReadonlyMap<string, Planner> = new Map([
  ['contract.renew', planRenewal],
  ['data.validate', planCorrection],
  ['human.handoff', planTicket],
]);

const SUBJECT_CHARS_MAX = 200;
const MESSAGE_CHARS_MAX = 8_000;

async function planRenewal(request: PlanRequest, read: Reader): Promise<Plan> {
  const wanted = renewedFields(request.terms ?? {});
  const ref: Ref = { type: 'contract', by: 'id', value: textOf(request.input['contract']) };
  const contract = await read(ref);
  if (contract.fields['status'] === 'cancelled') throw new AdapterError('invalid', 'The contract has been cancelled.');
  const changes = changesOf(ref, contract, wanted, CONTRACT_LABELS);
  return planned(updates(request, ref, contract, changes, `Renew contract ${ref.value} until ${wanted.end_date}`));
}

async function planCorrection(request: PlanRequest, read: Reader): Promise<Plan> {
  const claims = claimsOf(request.input['fields']);
  const steps: PlanStep[] = [];
  for (const type of ['contact', 'account'] as const) {
    const mine = claims.filter(({ mapping }) => mapping.type === type);
    if (mine.length === 0) continue;
    const ref: Ref = { type, by: 'id', value: textOf(request.input[type]) };
    const record = await read(ref);
    const wanted = Object.fromEntries(mine.map(({ mapping, value }) => [mapping.field, value]));
    const labels = new Map(mine.map(({ mapping }) => [mapping.field, mapping.label]));
    const changes = changesOf(ref, record, wanted, labels);
    const fields = changes.length === 1 ? '1 field' : `${changes.length} fields`;
    steps.push(...updates(request, ref, record, changes, `Correct ${fields} of ${type} ${ref.value}`));
  }
  return planned(steps);
}

async function planTicket({ operation, action, input }: PlanRequest): Promise<Plan> {
  const { topic, message, urgency, operation: about } = input;
  const named = ['account', 'contact', 'contact_back'].flatMap((name) => {
    const value = input[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  const payload: JsonObject = {
    subject: cut(textOf(topic), SUBJECT_CHARS_MAX),
    body: typeof message === 'string' ? cut(message, MESSAGE_CHARS_MAX) : '',
    priority: urgency ?? 'normal',
    // What the person should look at: the operation help is asked for, else this one.
    operation: about ?? operation,
    ...Object.fromEntries(named),
  };
  const idempotencyKey = `${operation}:ticket`;
  const ref: Ref = { type: 'ticket', by: 'external', value: idempotencyKey };
  const changes = Object.entries(payload).map(([field, to]) => changeOf(ref, field, TICKET_LABELS, null, to));
  const summary = 'Open a ticket for a person';
  return planned([
    { id: 'ticket', action, summary, changes, preconditions: [], idempotencyKey, reversal: 'none', payload },
  ]);
}

function planned(steps: readonly PlanStep[]): Plan {
  return { steps, warnings: [] };
}

/** One conditional update of one record; no step when nothing would change. */
function updates(
  { operation, action }: PlanRequest,
  ref: Ref,
  record: CrmRecord,
  changes: readonly Change[],
  summary: string,
): PlanStep[] {
  if (changes.length === 0) return [];
  return [
    {
      id: ref.type,
      action,
      summary,
      changes,
      preconditions: [{ ref, version: String(record.revision) }],
      idempotencyKey: `${operation}:${ref.type}`,
      reversal: 'undo',
      payload: Object.fromEntries(changes.map(({ field, to }) => [field, to])),
    },
  ];
}

function changesOf(ref: Ref, record: CrmRecord, wanted: JsonObject, labels: ReadonlyMap<string, string>): Change[] {
  return Object.entries(wanted).flatMap(([field, to]) => {
    const from = record.fields[field] ?? null;
    return same(from, to) ? [] : [changeOf(ref, field, labels, from, to)];
  });
}

function changeOf(ref: Ref, field: string, labels: ReadonlyMap<string, string>, from: Json, to: Json): Change {
  const change = { ref, field, label: labels.get(field) ?? field, from, to };
  return isMoney(to) ? { ...change, money: { from: isMoney(from) ? from : null, to } } : change;
}

/** Planned values that the record does not show, with what it shows instead. */
export function differences(changes: readonly Change[], record: CrmRecord): Change[] {
  return changes.flatMap((change) => {
    const shown = record.fields[change.field] ?? null;
    return same(shown, change.to) ? [] : [{ ...change, from: shown }];
  });
}

function same(a: Json, b: Json): boolean {
  return isMoney(a) && isMoney(b) ? a.amount === b.amount && a.currency === b.currency : a === b;
}

interface Claim {
  readonly mapping: FieldMapping;
  readonly value: string;
}

/** What the record should say, each field once: two values for one field are a contradiction that no read-back could confirm. */
function claimsOf(fields: Json | undefined): Claim[] {
  const claims = new Map<string, Claim>();
  const list: readonly Json[] = Array.isArray(fields) ? fields : [];
  for (const each of list) {
    const path = textOf(isObject(each) ? each['path'] : undefined);
    const value = textOf(isObject(each) ? each['value'] : undefined);
    const mapping = DATA_FIELDS.get(path);
    if (mapping === undefined) throw refused('/fields', 'names a field that cannot be corrected');
    if (value.length > mapping.charsMax) throw refused(path, `is longer than ${mapping.charsMax} characters`);
    if ((claims.get(path)?.value ?? value) !== value) throw refused(path, 'is given twice with different values');
    claims.set(path, { mapping, value });
  }
  return [...claims.values()];
}

function refused(path: string, message: string): AdapterError {
  return new AdapterError('invalid', 'A correction cannot be written as asked.', { fields: [{ path, message }] });
}

/** Cut without leaving half a surrogate pair. */
function cut(text: string, charsMax: number): string {
  return text.slice(0, charsMax).toWellFormed();
}

function textOf(value: Json | undefined): string {
  if (typeof value !== 'string') throw new AdapterError('invalid', 'An identifier or value is missing.');
  return value;
}
