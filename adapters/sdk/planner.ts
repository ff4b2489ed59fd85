/** Plans by recipe: the same for every CRM. It reads, never writes; the same request on the same records is the same plan, byte for byte. */
import { isObject, type Json, type JsonObject } from '../../protocol/base/json.ts';
import { inOrder, withoutOwn } from './dated.ts';
import type { Expression, Scope } from './expression.ts';
import { fitted, unfit } from './fit.ts';
import { AdapterError, type Change, type Plan, type PlanRequest, type PlanStep, type Ref } from './index.ts';
import type { MappedField, MappedType, Mapping } from './mapping.ts';
import { PAYLOAD_FORMAT, type Payload, payloadOf, type Reader, type ReadRecord } from './payload.ts';
import type { Fields, Recipe, StepRecipe } from './recipe.ts';
import { shortened } from './text.ts';
import { keepsToRead, ownerOf, touchedBy } from './touched.ts';
import { isUnreadable, UnreadableError } from './unreadable.ts';
import { isDay, isMoney, same } from './values.ts';

const SUMMARY_CHARS_MAX = 300;
const NOTE_CHARS_MAX = 4_000;

export async function planByRecipe(
  recipe: Recipe,
  mapping: Mapping,
  request: PlanRequest,
  read: Reader,
): Promise<Plan> {
  const { operation, input, terms = {}, asked_on = '', done = [], accounts, handoff = {} } = request;
  const records = new Map<string, ReadRecord>();
  const scope = (): Scope => ({
    operation,
    input,
    terms,
    asked_on,
    handoff,
    records: Object.fromEntries([...records].map(([name, { ref, data }]) => [name, withoutOwn(ref, data, done)])),
  });
  for (const { name, type, id, optional } of recipe.records) {
    const value = evaluate(id, scope());
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string') throw new AdapterError('invalid', 'An identifier is missing.');
    const ref: Ref = { type, by: 'id', value };
    const record = await (optional ? readIfThere(read, ref) : read(ref));
    const isOthers =
      optional &&
      record !== undefined &&
      accounts?.includes(ownerOf(record, { mapping, records: [...records.values()] }) ?? '') === false;
    if (record !== undefined && !isOthers) records.set(name, record);
  }
  const now = scope();
  for (const { that, otherwise } of recipe.require)
    if (evaluate(that, now) !== true) throw new AdapterError('invalid', otherwise);
  const items = inOrder(recipe.steps.flatMap((step) => itemsOf(step, now)));
  const planned = planSteps(items, { mapping, request, records });
  claimed(recipe, mapping, now);
  const seen = { mapping, records: [...records.values()] };
  keepsToRead(planned, seen);
  return {
    steps: planned,
    warnings: recipe.warnings.flatMap(({ when, text }) => (evaluate(when, now) === true ? [text] : [])),
    touched: touchedBy(planned, seen),
  };
}

async function readIfThere(read: Reader, ref: Ref): Promise<ReadRecord | undefined> {
  try {
    return await read(ref);
  } catch (error) {
    if (error instanceof AdapterError && (error.code === 'not_found' || error.code === 'invalid')) return undefined;
    throw error;
  }
}

/** One step to plan: where a recipe's step is for each element of a list, there are several. */
interface Item {
  readonly id: string;
  readonly step: StepRecipe;
  readonly scope: Scope;
  /** Undefined: at once. */
  readonly day: string | undefined;
}

function itemsOf(step: StepRecipe, scope: Scope): Item[] {
  if (step.when !== undefined && evaluate(step.when, scope) !== true) return [];
  if (step.each === undefined) return [{ id: step.id, step, scope, day: dayOf(step, scope) }];
  const items = evaluate(step.each, scope) ?? [];
  if (!Array.isArray(items)) throw undecided();
  return items.map((item: Json, index) => {
    const within = { ...scope, item, place: index + 1 };
    return { id: `${step.id}-${index + 1}`, step, scope: within, day: dayOf(step, within) };
  });
}

/** No clock: the same request has the same days whenever it is planned. Whether a day has come is for whoever carries the plan out. */
function dayOf({ on }: StepRecipe, scope: Scope): string | undefined {
  const day = (on === undefined ? undefined : evaluate(on, scope)) ?? undefined;
  if (day === undefined) return undefined;
  if (!isDay(day)) throw undecided();
  return day > (scope.asked_on ?? '') ? day : undefined;
}

interface Setting {
  readonly mapping: Mapping;
  readonly request: PlanRequest;
  readonly records: ReadonlyMap<string, ReadRecord>;
}

/** Each step is planned on what those before it leave. */
function planSteps(items: readonly Item[], setting: Setting): PlanStep[] {
  const { asked_on, done = [] } = setting.request;
  const records = new Map(setting.records);
  const changed = new Set<string>();
  const busy = new Set<string>();
  return items.flatMap((item) => {
    if (item.step.whereUnchanged !== undefined && busy.has(item.step.whereUnchanged)) return [];
    const name = item.step.update?.record;
    // The second change of a record needs the version that the first one left: it is planned again when its turn comes.
    const isSecond = name !== undefined && changed.has(name);
    const day = item.day ?? (isSecond ? asked_on : undefined);
    const isDone = done.some(({ id }) => id === item.id);
    const planned = isDone ? [] : stepOf({ ...item, day }, { ...setting, records });
    if (planned.length > 0 || isDone) busy.add(item.step.id);
    if (name === undefined || (planned.length === 0 && !isDone)) return planned;
    changed.add(name);
    const record = records.get(name);
    const values = planned[0] === undefined ? null : payloadOf(planned[0]).update?.values;
    if (record !== undefined && values) records.set(name, { ...record, data: { ...record.data, ...values } });
    return planned;
  });
}

function stepOf({ id, step, scope, day }: Item, { mapping, request, records }: Setting): PlanStep[] {
  const { summary, update, create, note, reversal } = step;
  const { operation, action } = request;
  const idempotencyKey = `${operation}:${id}`;
  const record = update === undefined ? undefined : records.get(update.record);
  const changes: Change[] = [];
  let updated: Payload['update'] = null;
  if (update !== undefined && record !== undefined) {
    const type = typeOf(mapping, record.ref.type);
    const changed = changesOf(type, record, valuesOf(type, update, scope));
    changes.push(...changed);
    const values = Object.fromEntries(changed.map(({ field, to }) => [field, to]));
    updated = { type: type.type, id: record.ref.value, values, seen: record.seen ?? {} };
  }
  if (update !== undefined && changes.length === 0) return [];
  let created: Payload['create'] = null;
  if (create !== undefined) {
    const type = typeOf(mapping, create.type);
    // In something new there is nothing to empty.
    const values = Object.fromEntries(
      Object.entries(valuesOf(type, create, scope)).filter(([, value]) => value !== null && value !== ''),
    );
    const ref: Ref = { type: type.type, by: 'external', value: idempotencyKey };
    changes.push(...Object.entries(values).map(([name, to]) => changeOf(ref, fieldOf(type, name), null, to)));
    const account = create.account === undefined ? null : (evaluate(create.account, scope) ?? null);
    created = { type: type.type, account: typeof account === 'string' ? account : null, values };
  }
  const beside = note === undefined ? undefined : evaluate(note, scope);
  const payload: Payload = {
    update: updated,
    create: created,
    note: typeof beside === 'string' ? shortened(beside, NOTE_CHARS_MAX) : null,
  };
  return [
    {
      id,
      action,
      summary: shortened(String(evaluate(summary, scope)), SUMMARY_CHARS_MAX),
      changes,
      preconditions: record === undefined ? [] : [{ ref: record.ref, version: record.version }],
      idempotencyKey,
      reversal,
      ...(day === undefined ? {} : { not_before: day }),
      payload: { format: PAYLOAD_FORMAT, ...payload },
    },
  ];
}

/** What the step wants the fields to be; a field whose expression gives nothing stays as it is. */
function valuesOf(type: MappedType, { set, corrections }: Fields, scope: Scope): JsonObject {
  const values: Record<string, Json> = {};
  for (const [name, expression] of set) {
    const value = evaluate(expression, scope);
    if (value !== undefined) values[name] = fitted(fieldOf(type, name), value);
  }
  const asked = corrections === undefined ? [] : correctionsOf(corrections, scope);
  for (const { path, value } of asked) {
    const field = type.fields.get(path);
    if (field === undefined || !field.correctable) continue;
    const wanted = fitted(field, value);
    if ((wanted === null || wanted === '') && !field.clearable) throw unfit(path, 'cannot be left empty');
    if (!same(values[path] ?? wanted, wanted)) throw unfit(path, 'is given twice with different values');
    values[path] = wanted;
  }
  return values;
}

/** Every correction must be somebody's: what no step writes would be confirmed by nothing. */
function claimed({ steps, records }: Recipe, mapping: Mapping, scope: Scope): void {
  const correcting = steps.filter(({ update }) => update?.corrections !== undefined);
  const types = new Map(records.map(({ name, type }) => [name, type]));
  for (const { update } of correcting.slice(0, 1)) {
    if (update?.corrections === undefined) continue;
    for (const { path } of correctionsOf(update.corrections, scope)) {
      const isKnown = correcting.some(({ update: by }) => {
        const present = by !== undefined && isObject(scope.records[by.record] ?? null);
        return present && mapping.types.get(types.get(by.record) ?? '')?.fields.get(path)?.correctable === true;
      });
      if (!isKnown) throw unfit(path, 'names a field that cannot be corrected here');
    }
  }
}

function correctionsOf(expression: Expression, scope: Scope): { readonly path: string; readonly value: Json }[] {
  const list = evaluate(expression, scope) ?? [];
  if (!Array.isArray(list)) throw undecided();
  return list.map((each: Json) => {
    const { path, value } = isObject(each) ? each : {};
    if (typeof path !== 'string' || value === undefined) throw unfit('/fields', 'is not a field with a value');
    return { path, value };
  });
}

function changesOf(type: MappedType, { ref, data }: ReadRecord, wanted: JsonObject): Change[] {
  return Object.entries(wanted).flatMap(([name, to]) => {
    const from = data[name] ?? null;
    // Nobody could take the change back: what was there is not known.
    if (isUnreadable(from)) throw new AdapterError('invalid', `${from.unreadable} Correct it in the CRM first.`);
    return same(from, to) ? [] : [changeOf(ref, fieldOf(type, name), from, to)];
  });
}

function changeOf(ref: Ref, { name, label, kind }: MappedField, from: Json, to: Json): Change {
  const change = { ref, field: name, label, from, to };
  return kind === 'money' && isMoney(to) ? { ...change, money: { from: isMoney(from) ? from : null, to } } : change;
}

function typeOf({ types }: Mapping, type: string): MappedType {
  const found = types.get(type);
  if (found === undefined) throw new AdapterError('unsupported', 'The CRM has no such type here.');
  return found;
}

function fieldOf({ fields, type }: MappedType, name: string): MappedField {
  const found = fields.get(name);
  if (found === undefined) throw new AdapterError('unsupported', `The field mapping of ${type} has no ${name}.`);
  return found;
}

function evaluate(expression: Expression, scope: Scope): Json | undefined {
  try {
    return expression(scope);
  } catch (cause) {
    if (cause instanceof UnreadableError) throw new AdapterError('invalid', cause.message, { cause });
    throw undecided(cause);
  }
}

const undecided = (cause?: unknown) =>
  new AdapterError('invalid', 'The request does not fit the record: what to write cannot be decided.', { cause });
