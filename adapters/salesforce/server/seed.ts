/** The sandbox CRM's companies, people, contracts and tickets as a Salesforce org would hold them: `K-1001` is the first Contract, and so on. */
import { type Money, toDecimal } from '../../../protocol/base/money.ts';
import { openDb as openSandbox } from '../../sandbox/server/db.ts';
import { seed as seedSandbox } from '../../sandbox/server/seed.ts';
import { seedRetail } from '../../sandbox/server/seed-retail.ts';
import type { Db } from './db.ts';
import { type Fields, isFields } from './errors.ts';
import { recordId } from './ids.ts';
import { makeRows } from './rows.ts';
import { objectNamed } from './schema.ts';

const ALL = 1_000;
/** Of the sandbox’s orders as many as an org needs to have some. */
const ORDERS = 100;
const STATUS: Readonly<Record<string, string>> = { active: 'Activated', expired: 'Expired', cancelled: 'Cancelled' };

export function seed(db: Db, now: Date): void {
  const sandbox = openSandbox(':memory:', () => now);
  seedSandbox(sandbox, now);
  const rows = makeRows(db, '');
  const add = (name: string, fields: Fields) => {
    const type = objectNamed(name);
    if (type !== undefined) rows.create(type, fields);
  };
  const orders = objectNamed('Order');
  if (orders === undefined) throw new Error('an org has orders');
  db.transaction(() => {
    for (const { data } of sandbox.list('accounts', '', '', ALL)) add('Account', account(data));
    for (const { data } of sandbox.list('contacts', '', '', ALL)) add('Contact', contact(data));
    for (const { data } of sandbox.list('contracts', '', '', ALL)) add('Contract', contract(data));
    for (const { data } of sandbox.list('tickets', '', '', ALL)) add('Case', ticket(data));
    seedRetail(sandbox, now);
    for (const { data } of sandbox.list('orders', '', '', ORDERS)) {
      const { id, data: made } = rows.create(orders, order(data));
      // What an org sums up over an order's products.
      db.put('Order', id, { ...made, TotalAmount: Number(toDecimal(totalOf(data))) });
    }
    db.forgetChanges();
  });
  sandbox.close();
}

/** `A-1001` is the first account. */
function accountId(sandboxId: unknown): string {
  return recordId('001', Number(String(sandboxId).slice(2)) - 1_000);
}

function account(data: Fields): Fields {
  return {
    Name: data['name'],
    BillingStreet: data['street'],
    BillingCity: data['city'],
    BillingPostalCode: data['postal_code'],
    BillingCountry: data['country'],
    CurrencyIsoCode: data['currency'],
    Billing_Email__c: data['billing_email'],
    Vat_Id__c: data['vat_id'],
    Type: 'Customer - Direct',
  };
}

function contact(data: Fields): Fields {
  return {
    AccountId: accountId(data['account']),
    FirstName: data['first_name'],
    LastName: data['last_name'],
    Title: data['job_title'],
    Phone: data['phone'],
    Email: data['email'],
  };
}

function contract(data: Fields): Fields {
  const price = isFields(data['unit_price']) ? data['unit_price'] : {};
  return {
    AccountId: accountId(data['account']),
    Status: STATUS[String(data['status'])] ?? 'Draft',
    StartDate: data['start_date'],
    EndDate: data['end_date'],
    ContractTerm: data['term_months'],
    CurrencyIsoCode: price['currency'],
    // The seed has only currencies of two digits.
    Unit_Price__c: Number(price['amount']) / 100,
    Seats__c: data['seats'],
    Notice_Days__c: data['notice_days'],
    Plan__c: data['plan'],
    Auto_Renew__c: data['auto_renew'],
    Payment_Terms_Days__c: data['payment_terms_days'],
  };
}

function order(data: Fields): Fields {
  const { currency } = totalOf(data);
  return {
    AccountId: accountId(data['account']),
    CurrencyIsoCode: currency,
    EffectiveDate: data['placed_on'],
    Status: data['status'] === 'pending' ? 'Draft' : 'Activated',
    ShippingStreet: data['street'],
    ShippingCity: data['city'],
    ShippingPostalCode: data['postal_code'],
    ShippingCountry: data['country'],
  };
}

function totalOf(data: Fields): Money {
  const { amount, currency } = isFields(data['total']) ? data['total'] : {};
  return { amount: Number(amount), currency: String(currency) };
}

function ticket(data: Fields): Fields {
  return { AccountId: accountId(data['account']), Subject: data['subject'], Status: 'Closed', Origin: 'Web' };
}
