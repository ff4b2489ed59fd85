import type { Fields, RecordType } from './db.ts';

type Rule = (value: unknown) => boolean;
const text =
  (max: number): Rule =>
  (value) =>
    typeof value === 'string' && value.length <= max && value.isWellFormed();
/** What may be empty: a correction can be taken back to it. */
const clearable =
  (rule: Rule): Rule =>
  (value) =>
    value === null || rule(value);
const count =
  (max: number): Rule =>
  (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max;
const day: Rule = (value) =>
  typeof value === 'string' &&
  /^\d{4}-\d{2}-\d{2}$/.test(value) &&
  !Number.isNaN(Date.parse(value)) &&
  new Date(value).toISOString().startsWith(value);
const oneOf =
  (...allowed: string[]): Rule =>
  (value) =>
    typeof value === 'string' && allowed.includes(value);
/** A unit price may be finer than the minor unit. */
const price: Rule = (value) =>
  money(value) && (!Object.hasOwn(Object(value), 'scale') || count(6)((value as { readonly scale?: unknown }).scale));
const money: Rule = (value) =>
  typeof value === 'object' &&
  value !== null &&
  'amount' in value &&
  count(1e12)(value.amount) &&
  'currency' in value &&
  typeof value.currency === 'string' &&
  /^[A-Z]{3}$/.test(value.currency);

/** What may be written, field by field; everything else is read-only. */
const WRITABLE: Readonly<Record<RecordType, Readonly<Record<string, Rule>>>> = {
  accounts: {
    name: text(120),
    street: clearable(text(120)),
    city: clearable(text(80)),
    postal_code: clearable(text(20)),
    country: clearable(text(2)),
    billing_email: clearable(text(254)),
    vat_id: clearable(text(20)),
    loyalty_points: count(1e9),
  },
  contacts: {
    first_name: clearable(text(80)),
    last_name: text(80),
    job_title: clearable(text(80)),
    phone: clearable(text(40)),
    email: clearable(text(254)),
  },
  contracts: {
    status: oneOf('active', 'expired', 'cancelled'),
    start_date: day,
    end_date: clearable(day),
    term_months: count(120),
    seats: count(100_000),
    unit_price: price,
    notice_days: count(365),
    auto_renew: (value) => typeof value === 'boolean',
    payment_terms_days: count(365),
    cancels_on: clearable(day),
    seats_from: clearable(day),
    switching_to: clearable(text(200)),
    switched_by: clearable(day),
    auto_renew_was: clearable((value) => typeof value === 'boolean'),
    next_start_date: clearable(day),
    next_end_date: clearable(day),
    next_term_months: clearable(count(120)),
    next_unit_price: clearable(price),
    next_seats: clearable(count(100_000)),
    next_notice_days: clearable(count(365)),
    next_payment_terms_days: clearable(count(365)),
    planned_from: clearable(day),
    planned_seats: clearable(count(100_000)),
    planned_unit_price: clearable(price),
    concluded_on: clearable(day),
    anchor_day: clearable(count(31)),
    minimum_until: clearable(day),
    early_exit_fee: clearable(money),
    early_exit_months: clearable(count(120)),
    notice_months: clearable(count(24)),
    notice_to: clearable(oneOf('month', 'quarter', 'year', 'term')),
    no_notice_before: clearable(day),
    cooling_off_days: clearable(count(365)),
    time_zone: clearable(text(64)),
  },
  line_items: { product: text(120), quantity: count(1e6) },
  tickets: {
    account: text(64),
    contact: text(64),
    subject: text(255),
    body: text(8_000),
    priority: oneOf('low', 'normal', 'high'),
    status: oneOf('open', 'closed'),
    operation: text(64),
    contact_back: text(255),
    amount: money,
    kind: oneOf('question', 'refund', 'dispute', 'data_request', 'switch', 'handoff', 'cancellation'),
    exercise: text(40),
    due_on: day,
  },
  products: {},
  orders: {
    account: text(64),
    contact: text(64),
    quote: text(64),
    status: oneOf('pending', 'processed', 'shipped', 'delivered', 'cancelled'),
    product: text(64),
    quantity: count(1e6),
    unit_price: price,
    total: money,
    refunded: money,
    fee: money,
    street: clearable(text(120)),
    city: clearable(text(80)),
    postal_code: clearable(text(20)),
    country: clearable(text(2)),
    placed_on: day,
    deliver_on: clearable(day),
  },
  invoices: {
    status: oneOf('open', 'paid', 'overdue', 'disputed', 'arranged'),
    instalments: clearable(count(36)),
    first_on: clearable(day),
    fee: clearable(money),
    disputed_because: clearable(text(500)),
  },
  quotes: {
    account: text(64),
    product: text(64),
    quantity: count(1e6),
    unit_price: price,
    total: money,
    status: oneOf('open', 'accepted', 'expired'),
    valid_until: day,
    deliver_on: clearable(day),
  },
  credits: {
    account: text(64),
    order: text(64),
    contract: text(64),
    kind: oneOf('refund', 'sla'),
    form: oneOf('refund', 'credit', 'exchange'),
    amount: money,
    reason: text(500),
    status: oneOf('approved', 'paid'),
    due_on: day,
  },
};

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export function fieldErrors(type: RecordType, body: Fields): FieldError[] {
  const rules = WRITABLE[type];
  return Object.entries(body).flatMap(([name, value]) => {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) return [{ path: name.slice(0, 64), message: 'cannot be written' }];
    return rule(value) ? [] : [{ path: name, message: 'is not valid' }];
  });
}

/** What must hold between the fields of a record once it is written. */
export function recordErrors(type: RecordType, record: Fields): FieldError[] {
  const { start_date: start, end_date: end } = record;
  if (type === 'orders') return refundErrors(record);
  if (type !== 'contracts' || typeof start !== 'string' || typeof end !== 'string' || start <= end) return [];
  return [{ path: 'end_date', message: 'is before start_date' }];
}

/** Nobody gets back more than was paid. */
function refundErrors({ total, refunded }: Fields): FieldError[] {
  if (!money(total) || !money(refunded)) return [];
  const [paid, back] = [total, refunded] as { amount: number; currency: string }[];
  const fits =
    paid !== undefined && back !== undefined && back.amount <= paid.amount && back.currency === paid.currency;
  return fits ? [] : [{ path: 'refunded', message: 'is more than the total' }];
}
