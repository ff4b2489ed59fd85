/** The objects of the simulated org: standard fields by their public names, and the custom fields Parley asks an admin to add. */

export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'email'
  | 'phone'
  | 'picklist'
  | 'date'
  | 'datetime'
  | 'int'
  | 'double'
  | 'currency'
  | 'boolean'
  | 'reference';

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: FieldType;
  readonly length: number;
  readonly scale: number;
  readonly nillable: boolean;
  readonly createable: boolean;
  readonly updateable: boolean;
  readonly unique: boolean;
  readonly externalId: boolean;
  readonly picklist: readonly string[];
  readonly referenceTo: string | undefined;
  readonly defaulted: unknown;
}

export interface ObjectType {
  readonly name: string;
  readonly label: string;
  readonly prefix: string;
  readonly fields: ReadonlyMap<string, Field>;
}

const field = (name: string, type: FieldType, more: Partial<Field> = {}): Field => ({
  name,
  label: name.replace(/__c$/, '').replaceAll('_', ' '),
  type,
  length: 0,
  scale: 0,
  nillable: true,
  createable: true,
  updateable: true,
  unique: false,
  externalId: false,
  picklist: [],
  referenceTo: undefined,
  defaulted: undefined,
  ...more,
});
const text = (name: string, length: number, more: Partial<Field> = {}) => field(name, 'string', { length, ...more });
const area = (name: string, length: number) => field(name, 'textarea', { length });
const pick = (name: string, picklist: readonly string[], more: Partial<Field> = {}) =>
  field(name, 'picklist', { length: 255, picklist, ...more });
const to = (name: string, referenceTo: string, more: Partial<Field> = {}) =>
  field(name, 'reference', { length: 18, referenceTo, ...more });
const money = (name: string, scale = 2) => field(name, 'currency', { scale });
const day = (name: string, more: Partial<Field> = {}) => field(name, 'date', more);
const derived: Partial<Field> = { createable: false, updateable: false, nillable: false };

const CURRENCIES = ['EUR', 'GBP', 'USD', 'CHF', 'JPY', 'KWD'];
export const ACTION_FIELD = 'Gw_ActionId__c';

const system: readonly Field[] = [
  field('Id', 'id', { ...derived, length: 18 }),
  field('IsDeleted', 'boolean', derived),
  field('CreatedDate', 'datetime', derived),
  to('CreatedById', 'User', derived),
  field('LastModifiedDate', 'datetime', derived),
  to('LastModifiedById', 'User', derived),
  field('SystemModstamp', 'datetime', derived),
  pick('CurrencyIsoCode', CURRENCIES, { defaulted: 'EUR', nillable: false }),
];
const action = text(ACTION_FIELD, 128, { externalId: true, unique: true, label: 'Parley action' });
const owner = to('OwnerId', 'User', { defaulted: '0055g0000000001AAA', nillable: false });

function object(name: string, prefix: string, fields: readonly Field[]): ObjectType {
  const all = [...system, ...fields].map((each) => [each.name, each] as const);
  return { name, label: name.replace(/(?<=[a-z])(?=[A-Z])/g, ' '), prefix, fields: new Map(all) };
}

const billing = [
  area('BillingStreet', 255),
  text('BillingCity', 40),
  text('BillingState', 80),
  text('BillingPostalCode', 20),
  text('BillingCountry', 80),
];

const ACCOUNT = object('Account', '001', [
  text('Name', 255, { nillable: false }),
  ...billing,
  field('Phone', 'phone', { length: 40 }),
  field('Website', 'string', { length: 255 }),
  pick('Type', ['Customer - Direct', 'Prospect', 'Other']),
  text('AccountNumber', 40),
  field('Billing_Email__c', 'email', { length: 80 }),
  text('Vat_Id__c', 20),
  owner,
  action,
]);

const CONTACT = object('Contact', '003', [
  to('AccountId', 'Account'),
  text('Name', 121, derived),
  text('FirstName', 40),
  text('LastName', 80, { nillable: false }),
  text('Title', 128),
  text('Department', 80),
  field('Email', 'email', { length: 80 }),
  field('Phone', 'phone', { length: 40 }),
  field('MobilePhone', 'phone', { length: 40 }),
  owner,
  action,
]);

const CONTRACT_STATUS = ['Draft', 'In Approval Process', 'Activated', 'Expired', 'Cancelled'];
const CONTRACT = object('Contract', '800', [
  to('AccountId', 'Account', { nillable: false }),
  text('ContractNumber', 30, derived),
  pick('Status', CONTRACT_STATUS, { nillable: false, defaulted: 'Draft' }),
  pick('StatusCode', ['Draft', 'InApproval', 'Activated'], derived),
  day('StartDate'),
  day('EndDate'),
  field('ContractTerm', 'int'),
  pick('OwnerExpirationNotice', ['15', '30', '45', '60', '90', '120']),
  to('CustomerSignedId', 'Contact'),
  day('CustomerSignedDate'),
  text('CustomerSignedTitle', 40),
  day('CompanySignedDate'),
  field('ActivatedDate', 'datetime', { ...derived, nillable: true }),
  area('SpecialTerms', 4000),
  area('Description', 32_000),
  money('Unit_Price__c', 3),
  field('Seats__c', 'double'),
  field('Notice_Days__c', 'double'),
  text('Plan__c', 40),
  field('Auto_Renew__c', 'boolean', { nillable: false, defaulted: false }),
  field('Payment_Terms_Days__c', 'double'),
  owner,
  action,
]);

const STAGES = ['Prospecting', 'Qualification', 'Negotiation/Review', 'Closed Won', 'Closed Lost'];
const OPPORTUNITY = object('Opportunity', '006', [
  to('AccountId', 'Account'),
  to('ContractId', 'Contract'),
  text('Name', 120, { nillable: false }),
  area('Description', 32_000),
  pick('StageName', STAGES, { nillable: false }),
  money('Amount'),
  day('CloseDate', { nillable: false }),
  pick('Type', ['New Customer', 'Existing Customer - Upgrade', 'Existing Customer - Renewal']),
  text('NextStep', 255),
  field('IsClosed', 'boolean', derived),
  field('IsWon', 'boolean', derived),
  owner,
  action,
]);

const line = [field('Quantity', 'double', { nillable: false }), money('UnitPrice', 3), text('Description', 255)];
const CASE = object('Case', '500', [
  text('CaseNumber', 30, derived),
  to('AccountId', 'Account'),
  to('ContactId', 'Contact'),
  text('SuppliedEmail', 80),
  text('SuppliedPhone', 40),
  pick('Type', ['Question', 'Problem', 'Refund', 'Other']),
  pick('Status', ['New', 'Working', 'Escalated', 'Closed'], { nillable: false, defaulted: 'New' }),
  pick('Origin', ['Phone', 'Email', 'Web']),
  pick('Priority', ['High', 'Medium', 'Low'], { nillable: false, defaulted: 'Medium' }),
  text('Reason', 255),
  text('Subject', 255),
  area('Description', 32_000),
  field('IsEscalated', 'boolean', { nillable: false, defaulted: false }),
  field('IsClosed', 'boolean', derived),
  text('Gw_Operation__c', 128),
  text('Gw_Contact_Back__c', 255),
  owner,
  action,
]);

const objects = new Map<string, ObjectType>(
  [
    ACCOUNT,
    CONTACT,
    CONTRACT,
    OPPORTUNITY,
    CASE,
    object('CaseComment', '00a', [to('ParentId', 'Case', { nillable: false }), area('CommentBody', 4000)]),
    object('Quote', '0Q0', [
      to('AccountId', 'Account', { ...derived, nillable: true }),
      text('QuoteNumber', 30, derived),
      text('Name', 255, { nillable: false }),
      to('OpportunityId', 'Opportunity', { nillable: false }),
      to('ContractId', 'Contract'),
      pick('Status', ['Draft', 'In Review', 'Presented', 'Accepted', 'Denied'], { defaulted: 'Draft' }),
      day('ExpirationDate'),
      area('Description', 32_000),
      action,
    ]),
    object('QuoteLineItem', '0QL', [to('QuoteId', 'Quote', { nillable: false }), ...line]),
    object('Order', '801', [
      to('AccountId', 'Account', { nillable: false }),
      to('ContractId', 'Contract'),
      text('OrderNumber', 30, derived),
      day('EffectiveDate', { nillable: false }),
      day('EndDate'),
      pick('Status', ['Draft', 'Activated'], { nillable: false, defaulted: 'Draft' }),
      field('TotalAmount', 'currency', { ...derived, scale: 2 }),
      area('ShippingStreet', 255),
      text('ShippingCity', 40),
      text('ShippingPostalCode', 20),
      text('ShippingCountry', 80),
      area('Description', 32_000),
      owner,
      action,
    ]),
    object('OrderItem', '802', [to('OrderId', 'Order', { nillable: false }), text('Product__c', 80), ...line]),
    object('Task', '00T', [
      to('AccountId', 'Account', { ...derived, nillable: true }),
      text('Subject', 255),
      pick('Status', ['Not Started', 'In Progress', 'Completed'], { nillable: false, defaulted: 'Not Started' }),
      pick('Priority', ['High', 'Normal', 'Low'], { nillable: false, defaulted: 'Normal' }),
      day('ActivityDate'),
      area('Description', 32_000),
      field('WhatId', 'reference', { length: 18 }),
      field('WhoId', 'reference', { length: 18 }),
      owner,
      action,
    ]),
  ].map((each) => [each.name, each] as const),
);

export const OBJECTS: ReadonlyMap<string, ObjectType> = objects;

/** Makes the org another edition, or another admin's: without some objects (`Quote`) and fields (`Account.Vat_Id__c`), or with fields that
 * the user may only read. */
export function restrict(without: readonly string[], readOnly: readonly string[]): void {
  for (const name of without) if (!name.includes('.')) objects.delete(name);
  for (const type of [...objects.values()]) {
    const names = (list: readonly string[], field: Field) => list.includes(`${type.name}.${field.name}`);
    const kept = [...type.fields.values()].filter((each) => !names(without, each));
    const fields = kept.map((each) =>
      names(readOnly, each) ? { ...each, createable: false, updateable: false } : each,
    );
    objects.set(type.name, { ...type, fields: new Map(fields.map((each) => [each.name, each])) });
  }
}

/** Salesforce takes names in any letter case. */
export function objectNamed(name: string): ObjectType | undefined {
  return OBJECTS.get(name) ?? [...OBJECTS.values()].find((each) => each.name.toLowerCase() === name.toLowerCase());
}

export function fieldNamed(type: ObjectType, name: string): Field | undefined {
  const wanted = name.toLowerCase();
  return type.fields.get(name) ?? [...type.fields.values()].find((each) => each.name.toLowerCase() === wanted);
}
