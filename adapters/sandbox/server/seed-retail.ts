/** Shop records in the shape and scale of the retail set of tau2-bench (500 customers, 1,000 orders, 50 products): generated, the same
 * for the same seed date. */
import type { Db } from './db.ts';
import { generator, PEOPLE } from './seed.ts';

const USERS = 500;
const PRODUCTS = 50;
const ORDERS = 1_000;
const INVOICES = 400;
const KIND = [
  'Headset',
  'Keyboard',
  'Desk lamp',
  'Backpack',
  'Monitor',
  'Webcam',
  'Docking station',
  'Chair',
  'Router',
  'Printer',
];
const MAKE = ['Basic', 'Plus', 'Pro', 'Travel', 'Studio'];
const STATES = ['pending', 'pending', 'processed', 'shipped', 'delivered', 'delivered', 'delivered', 'cancelled'];
/** What the first customer has, so that examples can name it. */
const FIRST_STATES = ['pending', 'delivered', 'shipped', 'delivered'];
const DELIVERED_AFTER_DAYS = 6;

export function seedRetail(db: Db, now: Date): void {
  const below = generator(2002);
  const day = (offset: number) => new Date(now.getTime() + offset * 86_400_000).toISOString().slice(0, 10);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const accounts = db.count('accounts');
  const accountOf = (index: number) => `A-${1001 + (index < 4 ? 0 : index % accounts)}`;
  const currencyOf = (account: string) => String(db.get('accounts', account)?.data['currency']);

  for (let index = db.count('contacts'); index < USERS; index += 1) {
    const [first, last] = [pick(PEOPLE.first), pick(PEOPLE.last)];
    db.insert('contacts', `C-${1001 + index}`, {
      account: `A-${1001 + below(accounts)}`,
      first_name: first,
      last_name: last,
      job_title: pick(PEOPLE.titles),
      phone: `+49 40 ${1_000_000 + below(8_999_999)}`,
      email: `customer${1001 + index}@retail.example`,
    });
  }
  for (let index = 0; index < PRODUCTS; index += 1)
    db.insert('products', `P-${1001 + index}`, {
      name: `${KIND[index % KIND.length]} ${MAKE[Math.floor(index / KIND.length)]}`,
      unit_price: { amount: 1_900 + below(300) * 100, currency: 'EUR' },
      lead_days: 2 + below(12),
      status: index === PRODUCTS - 1 ? 'ended' : 'sold',
    });
  for (let index = 0; index < ORDERS; index += 1) {
    const account = accountOf(index);
    const owner = db.get('accounts', account)?.data ?? {};
    const quantity = 1 + below(6);
    const price = 1_900 + below(300) * 100;
    const status = FIRST_STATES[index] ?? pick(STATES);
    const placed = index < FIRST_STATES.length ? -9 : below(60) - 61;
    const currency = currencyOf(account);
    db.insert('orders', `O-${1001 + index}`, {
      account,
      status,
      product: `P-${1001 + below(PRODUCTS)}`,
      quantity,
      unit_price: { amount: price, currency },
      total: { amount: price * quantity, currency },
      refunded: { amount: 0, currency },
      street: owner['street'],
      city: owner['city'],
      postal_code: owner['postal_code'],
      country: owner['country'],
      placed_on: day(placed),
      deliver_on: day(status === 'pending' || status === 'processed' ? 4 + below(10) : placed + DELIVERED_AFTER_DAYS),
    });
  }
  for (let index = 0; index < INVOICES; index += 1) {
    const account = accountOf(index);
    const currency = currencyOf(account);
    const amount = 20_000 + below(9_000) * 100;
    const due = index < 4 ? 14 : below(90) - 45;
    const status = index < 4 ? 'open' : pick(['open', 'paid', 'paid']);
    db.insert('invoices', `I-${1001 + index}`, {
      account,
      status: status === 'open' && due < 0 ? 'overdue' : status,
      total: { amount, currency },
      open_amount: { amount: status === 'paid' ? 0 : amount, currency },
      issued_on: day(due - 30),
      due_on: day(due),
    });
  }
}
