import {
  AdapterError,
  type Change,
  type Json,
  type JsonObject,
  type Plan,
  type PlanRequest,
  type Ref,
  type Snapshot,
} from '../sdk/public.ts';

/** Parley’s names of fields, and yours; with the most your CRM holds, so that nobody signs off what it will refuse. */
const FIELDS: ReadonlyMap<string, { readonly field: string; readonly label: string; readonly charsMax: number }> =
  new Map([
    ['contact.email', { field: 'email', label: 'E-mail', charsMax: 254 }],
    ['contact.phone', { field: 'phone', label: 'Phone', charsMax: 40 }],
    ['contact.first_name', { field: 'first_name', label: 'First name', charsMax: 80 }],
    ['contact.last_name', { field: 'last_name', label: 'Last name', charsMax: 80 }],
  ]);
const SUBJECT_CHARS_MAX = 200;
const BODY_CHARS_MAX = 4_000;

/** What an action would change. Deterministic: a person approves the digest of exactly this, and it is planned again before it is written. */
export async function plan(request: PlanRequest, read: (ref: Ref) => Promise<Snapshot>): Promise<Plan> {
  if (request.action === 'data.validate') return correction(request, read);
  if (request.action === 'human.handoff') return ticket(request);
  throw new AdapterError('unsupported', `This CRM does not know ${request.action}.`);
}

async function correction(
  { operation, action, input }: PlanRequest,
  read: (ref: Ref) => Promise<Snapshot>,
): Promise<Plan> {
  const ref: Ref = { type: 'contact', by: 'id', value: textOf(input['contact']) };
  const { data, version } = await read(ref);
  const changes = claimsOf(input['fields']).flatMap(({ field, label, value }): Change[] => {
    const from = data[field] ?? null;
    return from === value ? [] : [{ ref, field, label, from, to: value }];
  });
  // Nothing to change is a plan without steps.
  if (changes.length === 0) return { steps: [], warnings: [] };
  const step = {
    id: 'contact',
    action,
    summary: `Correct ${changes.map(({ label }) => label).join(', ')} of contact ${ref.value}`,
    changes,
    preconditions: [{ ref, version }],
    // From the operation and the step, never random: a repeat is recognised by it.
    idempotencyKey: `${operation}:contact`,
    reversal: 'undo' as const,
    payload: Object.fromEntries(changes.map(({ field, to }) => [field, to])),
  };
  return { steps: [step], warnings: [] };
}

function ticket({ operation, action, input }: PlanRequest): Plan {
  const idempotencyKey = `${operation}:ticket`;
  const ref: Ref = { type: 'ticket', by: 'external', value: idempotencyKey };
  const message = input['message'];
  const payload: JsonObject = {
    subject: textOf(input['topic']).slice(0, SUBJECT_CHARS_MAX).toWellFormed(),
    body: typeof message === 'string' ? message.slice(0, BODY_CHARS_MAX).toWellFormed() : '',
    operation,
  };
  const changes = Object.entries(payload).map(([field, to]): Change => ({ ref, field, label: field, from: null, to }));
  const summary = 'Open a ticket for a person';
  return {
    steps: [{ id: 'ticket', action, summary, changes, preconditions: [], idempotencyKey, reversal: 'none', payload }],
    warnings: [],
  };
}

/** Planned values that the record does not show, with what it shows instead. */
export function differences(changes: readonly Change[], data: JsonObject): readonly Change[] {
  return changes.flatMap((change) => {
    const shown = data[change.field] ?? null;
    return shown === change.to ? [] : [{ ...change, from: shown }];
  });
}

function claimsOf(fields: Json | undefined) {
  const list: readonly Json[] = Array.isArray(fields) ? fields : [];
  const seen = new Set<string>();
  return list.map((each) => {
    const claim: JsonObject = typeof each === 'object' && each !== null && 'path' in each ? each : {};
    const path = textOf(claim['path']);
    const value = textOf(claim['value']);
    const known = FIELDS.get(path);
    if (known === undefined) throw refused('/fields', 'names a field that cannot be corrected');
    if (seen.has(path)) throw refused(path, 'is given twice');
    seen.add(path);
    if (value.length > known.charsMax) throw refused(path, `is longer than ${known.charsMax} characters`);
    return { ...known, value };
  });
}

function refused(path: string, message: string): AdapterError {
  return new AdapterError('invalid', 'A correction cannot be written as asked.', { fields: [{ path, message }] });
}

function textOf(value: Json | undefined): string {
  if (typeof value !== 'string') throw new AdapterError('invalid', 'An identifier or value is missing.');
  return value;
}
