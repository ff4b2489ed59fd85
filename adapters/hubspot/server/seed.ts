/** The sandbox's companies, people, contracts and tickets as HubSpot holds them: `A-1001` is company 31000001001, and so on. */

import { toDecimal } from '../../../protocol/base/money.ts';
import { openDb as openSandbox } from '../../sandbox/server/db.ts';
import { seed as seedSandbox } from '../../sandbox/server/seed.ts';
import { seedRetail } from '../../sandbox/server/seed-retail.ts';
import { linkDefault } from './associations.ts';
import type { Db, Properties } from './db.ts';
import { isFields } from './env.ts';
import { checked, defineBuiltIns, OBJECTS } from './schema.ts';

const LIST_MAX = 10_000;
/** Of the sandbox’s orders as many as a portal needs to have some. */
const ORDERS = 100;

/** HubSpot's id for a record of the sandbox. */
export function idOf(object: string, sandboxId: string): string {
  return String((OBJECTS.get(object)?.firstId ?? 0) + Number(sandboxId.slice(2)));
}

export function seed(db: Db, now: Date): void {
  const source = openSandbox(':memory:', () => now);
  seedSandbox(source, now);
  const all = (type: 'accounts' | 'contacts' | 'contracts' | 'line_items' | 'orders' | 'tickets') =>
    source.list(type, '', '', LIST_MAX);
  defineBuiltIns(db);
  for (const { id, data } of all('accounts'))
    insert(db, 'companies', id, {
      name: data['name'],
      address: data['street'],
      city: data['city'],
      zip: data['postal_code'],
      country: data['country'],
      account_currency: data['currency'],
      billing_email: data['billing_email'],
      vat_id: data['vat_id'],
    });
  for (const { id, data } of all('contacts')) {
    const company = idOf('companies', String(data['account']));
    const contact = insert(db, 'contacts', id, {
      firstname: data['first_name'],
      lastname: data['last_name'],
      jobtitle: data['job_title'],
      phone: data['phone'],
      // HubSpot keeps contacts' addresses unique; the sandbox does not.
      email:
        db.ownerOf('contacts', 'email', String(data['email'])) === undefined
          ? data['email']
          : `${id.toLowerCase()}.${data['email']}`,
      associatedcompanyid: company,
    });
    linkDefault(db, 'contacts', contact, 'companies', company);
  }
  for (const { id, data } of all('contracts')) seedContract(db, id, data);
  for (const { id, data } of all('tickets')) {
    const ticket = insert(db, 'tickets', id, {
      subject: data['subject'],
      hs_pipeline: '0',
      hs_pipeline_stage: '4',
      hs_ticket_priority: 'MEDIUM',
      gw_account: idOf('companies', String(data['account'])),
    });
    linkDefault(db, 'tickets', ticket, 'companies', idOf('companies', String(data['account'])));
  }
  seedRetail(source, now);
  for (const { id, data } of all('orders').slice(0, ORDERS)) seedOrder(db, id, data);
  source.close();
  db.forgetLedger();
}

function seedOrder(db: Db, id: string, data: Record<string, unknown>): void {
  const { amount, currency } = isFields(data['total']) ? data['total'] : {};
  const order = insert(db, 'orders', id, {
    hs_order_name: id,
    hs_total_price: toDecimal({ amount: Number(amount), currency: String(currency) }),
    hs_currency_code: currency,
    hs_fulfillment_status: data['status'],
    hs_shipping_address_street: data['street'],
    hs_shipping_address_city: data['city'],
    hs_shipping_address_postal_code: data['postal_code'],
    hs_shipping_address_country: data['country'],
  });
  linkDefault(db, 'orders', order, 'companies', idOf('companies', String(data['account'])));
}

/** A contract is a deal with its line item and, for the contracts API, a contract with one of its own. */
function seedContract(db: Db, id: string, data: Record<string, unknown>): void {
  const price = isFields(data['unit_price']) ? data['unit_price'] : {};
  const money = { amount: Number(price['amount']), currency: String(price['currency']) };
  const terms = {
    unit_price_minor: String(money.amount),
    currency: money.currency,
    ...Object.fromEntries(
      ['seats', 'term_months', 'start_date', 'end_date', 'notice_days', 'payment_terms_days', 'auto_renew', 'plan'].map(
        (name) => [name, String(data[name])],
      ),
    ),
    contract_status: String(data['status']),
  };
  const company = idOf('companies', String(data['account']));
  const item = {
    name: `${data['plan']} seat`,
    quantity: String(data['seats']),
    price: toDecimal(money),
    hs_line_item_currency_code: money.currency,
    hs_term_in_months: String(data['term_months']),
  };
  const label = `${id} ${data['plan']}`;
  const deal = insert(db, 'deals', id, {
    dealname: label,
    pipeline: 'default',
    dealstage: 'closedwon',
    dealtype: 'existingbusiness',
    deal_currency_code: money.currency,
    ...terms,
  });
  linkDefault(db, 'deals', deal, 'companies', company);
  linkDefault(db, 'deals', deal, 'line_items', insert(db, 'line_items', `L-${id.slice(2)}`, item));
  const contract = insert(db, 'contracts', id, {
    hs_name: label,
    hs_contract_number: id,
    hs_status: 'ACTIVE',
    ...terms,
  });
  linkDefault(db, 'contracts', contract, 'companies', company);
  linkDefault(
    db,
    'contracts',
    contract,
    'line_items',
    insert(db, 'line_items', `L-${Number(id.slice(2)) + 5_000}`, item),
  );
}

function insert(db: Db, object: string, sandboxId: string, fields: Record<string, unknown>): string {
  const given = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
  const properties: Properties = checked(db, object, given, true);
  const id = idOf(object, sandboxId);
  const stored = {
    type: object,
    id,
    revision: 1,
    createdAt: db.now().toISOString(),
    archived: false,
    properties,
    source: 'INTEGRATION',
  };
  db.write(stored, object === 'contacts' ? ['email'] : []);
  return id;
}
