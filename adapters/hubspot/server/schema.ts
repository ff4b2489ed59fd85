/** Which objects there are, their properties, and what a value must look like. Facts of the API in our own words. */
import type { Db, Properties } from './db.ts';
import { type Detail, type Fields, isFields, listOf, Refused, textOf } from './env.ts';

export interface Property {
  readonly name: string;
  readonly label: string;
  readonly type: 'string' | 'number' | 'date' | 'datetime' | 'enumeration' | 'bool';
  readonly fieldType: string;
  readonly groupName: string;
  readonly description: string;
  readonly options: readonly { readonly label: string; readonly value: string }[];
  readonly hasUniqueValue: boolean;
  readonly hubspotDefined: boolean;
  /** A required property of the admin's rules: enforced on writes by the API since 2026-09. */
  readonly required?: boolean;
  readonly maxLength?: number;
  readonly readOnly?: boolean;
}

/** Object type id and the first id of a portal's records, made up but stable: they only need to be numeric and apart. */
export const OBJECTS: ReadonlyMap<string, { readonly typeId: string; readonly firstId: number }> = new Map([
  ['contacts', { typeId: '0-1', firstId: 32_000_000_000 }],
  ['companies', { typeId: '0-2', firstId: 31_000_000_000 }],
  ['deals', { typeId: '0-3', firstId: 33_000_000_000 }],
  ['tickets', { typeId: '0-5', firstId: 35_000_000_000 }],
  ['line_items', { typeId: '0-8', firstId: 34_000_000_000 }],
  ['quotes', { typeId: '0-14', firstId: 36_000_000_000 }],
  ['contracts', { typeId: '0-801', firstId: 37_000_000_000 }],
  ['orders', { typeId: '0-123', firstId: 38_000_000_000 }],
]);

/** The path may name an object by its name, its singular or its type id. */
export function objectOf(named: string): string {
  for (const [name, { typeId }] of OBJECTS)
    if (named === name || named === typeId || singular(name) === named) return name;
  throw new Refused(400, 'VALIDATION_ERROR', `Unable to infer object type from: ${named.slice(0, 64)}`);
}

export function singular(name: string): string {
  return name === 'companies' ? 'company' : name.replace(/s$/, '');
}

type Short = readonly [type: Property['type'], more?: Partial<Property>];
const text = (maxLength: number, more: Partial<Property> = {}): Short => ['string', { maxLength, ...more }];
const choice = (...values: string[]): Short => [
  'enumeration',
  { options: values.map((value) => ({ label: value, value })) },
];
const custom = { hubspotDefined: false };
const own = ([type, more]: Short): Short => [type, { ...more, ...custom }];

const TERMS: Readonly<Record<string, Short>> = {
  unit_price_minor: ['number', custom],
  currency: own(choice('EUR', 'GBP', 'USD', 'JPY', 'KWD')),
  seats: ['number', custom],
  term_months: ['number', custom],
  start_date: ['date', custom],
  end_date: ['date', custom],
  notice_days: ['number', custom],
  payment_terms_days: ['number', custom],
  auto_renew: own(choice('true', 'false')),
  contract_status: own(choice('active', 'expired', 'cancelled')),
  plan: text(120, custom),
};

const BUILT_IN: Readonly<Record<string, Readonly<Record<string, Short>>>> = {
  companies: {
    name: text(120),
    domain: text(255),
    address: text(120),
    city: text(80),
    zip: text(20),
    country: text(80),
    billing_email: text(254, custom),
    vat_id: text(20, custom),
    account_currency: own(choice('EUR', 'GBP', 'USD', 'JPY', 'KWD')),
  },
  contacts: {
    email: text(254, { hasUniqueValue: true }),
    firstname: text(80),
    lastname: text(80),
    jobtitle: text(80),
    phone: text(40),
    associatedcompanyid: ['number'],
  },
  deals: {
    dealname: text(255, { required: true }),
    amount: ['number'],
    closedate: ['datetime'],
    pipeline: text(80),
    dealstage: text(80),
    deal_currency_code: choice('EUR', 'GBP', 'USD', 'JPY', 'KWD'),
    dealtype: choice('newbusiness', 'existingbusiness'),
    ...TERMS,
  },
  contracts: { hs_name: text(255), hs_contract_number: text(80), hs_status: text(40), ...TERMS },
  line_items: {
    name: text(255),
    quantity: ['number'],
    price: ['number'],
    hs_line_item_currency_code: choice('EUR', 'GBP', 'USD', 'JPY', 'KWD'),
    hs_term_in_months: ['number'],
  },
  quotes: {
    hs_title: text(255, { required: true }),
    hs_expiration_date: ['date', { required: true }],
    hs_status: choice('DRAFT', 'APPROVAL_NOT_NEEDED', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED'),
    hs_currency: choice('EUR', 'GBP', 'USD', 'JPY', 'KWD'),
    hs_comments: text(8_000),
  },
  orders: {
    hs_order_name: text(255),
    hs_total_price: ['number'],
    hs_currency_code: choice('EUR', 'GBP', 'USD', 'JPY', 'KWD'),
    hs_fulfillment_status: text(80),
    hs_shipping_address_street: text(120),
    hs_shipping_address_city: text(80),
    hs_shipping_address_postal_code: text(20),
    hs_shipping_address_country: text(80),
  },
  tickets: {
    subject: text(255, { required: true }),
    content: text(65_536),
    hs_pipeline: text(80),
    hs_pipeline_stage: text(80, { required: true }),
    hs_ticket_priority: choice('LOW', 'MEDIUM', 'HIGH'),
    gw_operation: text(64, custom),
    gw_contact_back: text(255, custom),
    gw_account: text(64, custom),
    gw_contact: text(64, custom),
  },
};

/** Set by the CRM itself; never writable. */
export const SYSTEM = ['hs_object_id', 'createdate', 'hs_lastmodifieddate'];

export function defineBuiltIns(db: Db): void {
  for (const [object, properties] of Object.entries(BUILT_IN)) {
    for (const [name, short] of Object.entries(properties)) db.putProperty(object, name, property(name, short));
    const action = property('gw_action_id', text(128, { hasUniqueValue: true, ...custom }));
    db.putProperty(object, 'gw_action_id', action);
    for (const name of SYSTEM)
      db.putProperty(
        object,
        name,
        property(name, [name === 'hs_object_id' ? 'number' : 'datetime', { readOnly: true }]),
      );
  }
}

const FIELD_TYPES = {
  string: 'text',
  number: 'number',
  date: 'date',
  datetime: 'date',
  enumeration: 'select',
  bool: 'booleancheckbox',
};

export function property(name: string, [type, more]: Short): Property {
  const defaults = { groupName: 'gateway', description: '', options: [], hasUniqueValue: false, hubspotDefined: true };
  return { name, label: name, type, fieldType: FIELD_TYPES[type], ...defaults, ...more };
}

export function propertiesOf(db: Db, object: string): Property[] {
  return db.properties(object).flatMap((each) => (isProperty(each) ? [each] : []));
}

function isProperty(value: unknown): value is Property {
  return isFields(value) && textOf(value['name']) !== undefined && Array.isArray(value['options']);
}

/** The values of a write as the CRM stores them: strings, checked. Throws a 400 that names every value. */
export function checked(db: Db, object: string, properties: unknown, isNew: boolean): Properties {
  if (!isFields(properties)) throw new Refused(400, 'VALIDATION_ERROR', 'properties is required.');
  const known = new Map(propertiesOf(db, object).map((each) => [each.name, each]));
  const errors: Detail[] = [];
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties)) {
    const definition = known.get(name);
    const text = value === null ? '' : typeof value === 'string' ? value : String(value);
    const stored = object === 'contacts' && name === 'email' ? text.toLowerCase() : text;
    const wrong = definition === undefined ? missing(name) : wrongValue(definition, stored, value);
    if (wrong === undefined) values[name] = stored;
    else errors.push(wrong);
  }
  for (const { name, required } of known.values())
    if (required === true && (isNew ? (values[name] ?? '') === '' : values[name] === ''))
      errors.push({ message: `${name} is required`, code: 'REQUIRED_FIELD', context: { propertyName: [name] } });
  if (errors.length > 0)
    throw new Refused(400, 'VALIDATION_ERROR', `Property values were not valid: ${JSON.stringify(errors)}`, errors);
  return values;
}

function missing(name: string): Detail {
  const propertyName = [name.slice(0, 100)];
  return {
    message: `Property "${name.slice(0, 100)}" does not exist`,
    code: 'PROPERTY_DOESNT_EXIST',
    context: { propertyName },
  };
}

function wrongValue(definition: Property, value: string, raw: unknown): Detail | undefined {
  const { name, type, options, maxLength } = definition;
  const bad = (code: string, message: string): Detail => ({ message, code, context: { propertyName: [name] } });
  if (definition.readOnly === true) return bad('READ_ONLY_VALUE', `${name} is a read only property`);
  if (typeof raw === 'object' && raw !== null) return bad('INVALID_STRING', `${name} must be a string`);
  if (!value.isWellFormed() || value.includes('\u0000')) return bad('INVALID_STRING', `${name} has invalid characters`);
  if (maxLength !== undefined && value.length > maxLength)
    return bad('PROPERTY_LENGTH_TOO_LONG', `${name} is longer than ${maxLength} characters`);
  if (value === '') return undefined;
  if (type === 'number' && !/^-?\d+(\.\d+)?$/.test(value)) return bad('INVALID_LONG', `${name} is not a number`);
  if (type === 'date' && !isDay(value)) return bad('INVALID_DATE', `${name} is not a date`);
  if (type === 'datetime' && Number.isNaN(Date.parse(value)) && !/^\d+$/.test(value))
    return bad('INVALID_DATE', `${name} is not a date and time`);
  if (type === 'enumeration' && !options.some((each) => each.value === value))
    return bad('INVALID_OPTION', `${name} was not one of the allowed options`);
  if (type === 'bool' && value !== 'true' && value !== 'false')
    return bad('INVALID_BOOLEAN', `${name} is not a boolean`);
  return undefined;
}

function isDay(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(Date.parse(value))) return false;
  return new Date(value).toISOString().startsWith(value);
}

/** A property as a client defines it. */
export function definedBy(body: Fields): Property {
  const name = textOf(body['name']) ?? '';
  const type = (['string', 'number', 'date', 'datetime', 'enumeration', 'bool'] as const).find(
    (each) => each === body['type'],
  );
  if (!/^[a-z][a-z0-9_]{0,99}$/.test(name) || type === undefined)
    throw new Refused(400, 'VALIDATION_ERROR', 'A property needs a name in lower case and a known type.');
  const options = listOf(body['options']).flatMap((each) => {
    const value = isFields(each) ? textOf(each['value']) : undefined;
    return value === undefined ? [] : [{ value, label: (isFields(each) ? textOf(each['label']) : undefined) ?? value }];
  });
  return {
    ...property(name, [type]),
    label: textOf(body['label']) ?? name,
    fieldType: textOf(body['fieldType']) ?? FIELD_TYPES[type],
    groupName: textOf(body['groupName']) ?? 'gateway',
    description: textOf(body['description']) ?? '',
    options,
    hasUniqueValue: body['hasUniqueValue'] === true,
    hubspotDefined: false,
  };
}
