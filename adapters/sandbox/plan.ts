import type { Json, JsonObject } from '../../protocol/json.ts';
import type { Money } from '../../protocol/money.ts';
import {
  AdapterError,
  type Change,
  type Plan,
  type PlanRequest,
  type PlanStep,
  type Ref,
  type Snapshot,
} from '../sdk/index.ts';
import { CONTRACT_LABELS, DATA_FIELDS } from './fields.ts';

/** Reads a record for planning; cannot write. */
export type Reader = (ref: Ref) => Promise<Snapshot>;

/** What each action would change. Deterministic: the same request on the same records is the same plan, byte for byte. */
export const PLANNERS: Readonly<Record<string, (request: PlanRequest, read: Reader) => Promise<Plan>>> = {
  'contract.renew': planRenewal,
  'data.validate': planCorrection,
  'human.handoff': planTicket,
};

async function planRenewal({ operation, action, input, terms }: PlanRequest, read: Reader): Promise<Plan> {
  if (terms === undefined) throw new AdapterError('invalid', 'A renewal needs agreed terms.');
  const contract = await read({ type: 'contract', by: 'id', value: stringOf(input['contract']) });
  if (contract.data['status'] === 'cancelled') throw new AdapterError('invalid', 'The contract has been cancelled.');
  const { unit_price, term_months, seats, start_date, notice_days } = terms;
  if (typeof start_date !== 'string' || typeof term_months !== 'number')
    throw new AdapterError('invalid', 'The terms are incomplete.');
  const wanted = {
    unit_price,
    term_months,
    seats,
    start_date,
    end_date: lastDay(start_date, term_months),
    notice_days,
    status: 'active',
  };
  const changes = changesOf(contract, wanted, CONTRACT_LABELS);
  return planOf(operation, action, contract, changes, `Renew contract ${contract.ref.value} until ${wanted.end_date}`);
}

async function planCorrection({ operation, action, input }: PlanRequest, read: Reader): Promise<Plan> {
  const claims = claimsOf(input['fields']);
  const steps: PlanStep[] = [];
  for (const type of ['contact', 'account'] as const) {
    const mine = claims.filter(({ path }) => DATA_FIELDS.get(path)?.type === type);
    if (mine.length === 0) continue;
    const snapshot = await read({ type, by: 'id', value: stringOf(input[type]) });
    const changes = mine.flatMap(({ path, value }) => {
      const mapping = DATA_FIELDS.get(path);
      const from = snapshot.data[path] ?? null;
      return mapping === undefined || from === value
        ? []
        : [{ ref: snapshot.ref, field: mapping.field, label: mapping.label, from, to: value }];
    });
    steps.push(
      ...planOf(
        operation,
        action,
        snapshot,
        changes,
        `Correct ${changes.length} field(s) of ${type} ${snapshot.ref.value}`,
      ).steps,
    );
  }
  return { steps, warnings: [] };
}

async function planTicket({ operation, action, input }: PlanRequest): Promise<Plan> {
  const ref: Ref = { type: 'ticket', by: 'external', value: `${operation}:ticket` };
  const payload: JsonObject = {
    subject: stringOf(input['topic']).slice(0, 255),
    body: typeof input['message'] === 'string' ? input['message'].slice(0, 8_000) : '',
    priority: input['urgency'] ?? 'normal',
    operation,
    ...(typeof input['account'] === 'string' ? { account: input['account'] } : {}),
    ...(typeof input['contact_back'] === 'string' ? { contact_back: input['contact_back'] } : {}),
  };
  const changes = [{ ref, field: 'subject', label: 'New ticket', from: null, to: payload['subject'] ?? null }];
  return {
    steps: [
      {
        id: 'ticket',
        action,
        summary: 'Open a ticket for a person',
        changes,
        preconditions: [],
        idempotencyKey: ref.value,
        reversal: 'none',
        payload,
      },
    ],
    warnings: [],
  };
}

function planOf(
  operation: string,
  action: string,
  snapshot: Snapshot,
  changes: readonly Change[],
  summary: string,
): Plan {
  if (changes.length === 0) return { steps: [], warnings: [] };
  const id = snapshot.ref.type;
  const payload = Object.fromEntries(changes.map(({ field, to }) => [field, to]));
  return {
    steps: [
      {
        id,
        action,
        summary,
        changes,
        preconditions: [{ ref: snapshot.ref, version: snapshot.version }],
        idempotencyKey: `${operation}:${id}`,
        reversal: 'undo',
        payload,
      },
    ],
    warnings: [],
  };
}

function changesOf(
  snapshot: Snapshot,
  wanted: Readonly<Record<string, Json | undefined>>,
  labels: Readonly<Record<string, string>>,
): Change[] {
  return Object.entries(wanted).flatMap(([field, to]) => {
    const from = snapshot.data[field] ?? null;
    if (to === undefined || same(from, to)) return [];
    const change = { ref: snapshot.ref, field, label: labels[field] ?? field, from, to };
    return [isMoney(to) ? { ...change, money: { from: isMoney(from) ? from : null, to } } : change];
  });
}

export function same(a: Json, b: Json): boolean {
  return isMoney(a) && isMoney(b) ? a.amount === b.amount && a.currency === b.currency : a === b;
}

function isMoney(value: unknown): value is Money & JsonObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    'amount' in value &&
    typeof value.amount === 'number' &&
    'currency' in value &&
    typeof value.currency === 'string'
  );
}

/** The last day of a term: the day before the same day `months` later; a start on the 31st ends with a shorter month's last day. */
export function lastDay(start: string, months: number): string {
  const [year = 0, month = 1, day = 1] = start.split('-').map(Number);
  const target = new Date(Date.UTC(year, month - 1 + months + 1, 0));
  const anniversary = Date.UTC(target.getUTCFullYear(), target.getUTCMonth(), Math.min(day, target.getUTCDate()));
  const clipped = day > target.getUTCDate();
  return new Date(anniversary - (clipped ? 0 : 86_400_000)).toISOString().slice(0, 10);
}

function claimsOf(value: Json | undefined): { path: string; value: string }[] {
  return (Array.isArray(value) ? value : []).map((each) => ({
    path: stringOf(each?.path),
    value: stringOf(each?.value),
  }));
}

function stringOf(value: unknown): string {
  if (typeof value !== 'string') throw new AdapterError('invalid', 'An identifier or value is missing.');
  return value;
}
