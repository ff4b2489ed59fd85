/** A few hundred realistic records, the same for the same seed date: companies, people, contracts, tickets. */
import type { Db } from './db.ts';
import { firstTerm } from './seed-day.ts';

const FIRST = [
  'Katrin',
  'Jonas',
  'Aisha',
  'Pierre',
  'Marta',
  'Liam',
  'Sofia',
  'Noah',
  'Elena',
  'Mateo',
  'Ingrid',
  'Tariq',
  'Chloé',
  'Søren',
  'Zoë',
  'Hannah',
];
const LAST = [
  'Brandt',
  'Okafor',
  'Müller',
  'Dubois',
  'Rossi',
  'Nowak',
  'Jensen',
  'García',
  'O’Neill',
  'Kowalska',
  'Svensson',
  'Haddad',
  'Lefèvre',
  'Fischer',
  'Costa',
  'Walsh',
];
const TRADE = [
  'Logistik',
  'Textiles',
  'Robotics',
  'Foods',
  'Energy',
  'Optics',
  'Print',
  'Marine',
  'Analytics',
  'Ceramics',
];
const ROOT = [
  'Alder',
  'Borea',
  'Cormorant',
  'Delta',
  'Elm',
  'Fjord',
  'Granit',
  'Harbour',
  'Iris',
  'Juniper',
  'Kestrel',
  'Linden',
];
const TITLES = ['Head of IT', 'Procurement Manager', 'Managing Director', 'Finance Lead', 'Operations Manager'];
/** Names and titles for whoever else makes people. */
export const PEOPLE = { first: FIRST, last: LAST, titles: TITLES };
const PLANS = ['Team', 'Business', 'Enterprise'];
const PLACES = [
  {
    city: 'Hamburg',
    country: 'DE',
    postal: '20457',
    street: 'Am Sandtorkai',
    currency: 'EUR',
    legal: 'GmbH',
    phone: '+49 40',
    vat: 'DE',
  },
  {
    city: 'Lyon',
    country: 'FR',
    postal: '69002',
    street: 'Rue de la République',
    currency: 'EUR',
    legal: 'SAS',
    phone: '+33 4',
    vat: 'FR',
  },
  {
    city: 'Leeds',
    country: 'GB',
    postal: 'LS1 4DY',
    street: 'Wellington Street',
    currency: 'GBP',
    legal: 'Ltd',
    phone: '+44 113',
    vat: 'GB',
  },
  {
    city: 'Denver',
    country: 'US',
    postal: '80202',
    street: 'Blake Street',
    currency: 'USD',
    legal: 'Inc.',
    phone: '+1 303',
    vat: 'US',
  },
] as const;

const ACCOUNTS = 120;
const CONTACTS = 300;
const CONTRACTS = 240;
const TICKETS = 60;

/** mulberry32: small, good enough for test data. */
export function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

export function seed(db: Db, now: Date): void {
  const below = generator(1001);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const day = (offset: number) => new Date(now.getTime() + offset * 86_400_000).toISOString().slice(0, 10);
  for (let index = 0; index < ACCOUNTS; index += 1) {
    const place = index === 0 ? PLACES[0] : pick(PLACES);
    const name = index === 0 ? 'Nordwind Logistik GmbH' : `${pick(ROOT)} ${pick(TRADE)} ${place.legal}`;
    db.insert('accounts', `A-${1001 + index}`, {
      name,
      street: `${place.street} ${1 + below(90)}`,
      city: place.city,
      postal_code: place.postal,
      country: place.country,
      currency: place.currency,
      loyalty_points: 5_000 + 100 * index,
      billing_email: `billing@${slug(name)}.example`,
      vat_id: `${place.vat}${100_000_000 + below(899_999_999)}`,
    });
  }
  for (let index = 0; index < CONTACTS; index += 1) {
    const account = `A-${1001 + (index < ACCOUNTS ? index : below(ACCOUNTS))}`;
    const owner = db.get('accounts', account)?.data ?? {};
    const [first, last] = index === 0 ? ['Katrin', 'Brandt'] : [pick(FIRST), pick(LAST)];
    const place = PLACES.find(({ country }) => country === owner['country']) ?? PLACES[0];
    db.insert('contacts', `C-${1001 + index}`, {
      account,
      first_name: first,
      last_name: last,
      job_title: pick(TITLES),
      phone: `${place.phone} ${1_000_000 + below(8_999_999)}`,
      email: `${slug(first).slice(0, 1)}.${slug(last)}@${slug(String(owner['name']))}.example`,
    });
  }
  for (let index = 0; index < CONTRACTS; index += 1) {
    const account = `A-${1001 + (index % ACCOUNTS)}`;
    const months = index === 0 ? 12 : pick([12, 12, 24, 36]);
    const end = index === 0 ? firstTerm(now).end : day(below(400) - 40);
    const plan = index === 0 ? 'Business' : pick(PLANS);
    const seats = index === 0 ? 25 : 5 + below(200);
    db.insert('contracts', `K-${1001 + index}`, {
      account,
      plan,
      status: end < day(0) ? 'expired' : 'active',
      seats,
      term_months: months,
      start_date: minusMonths(end, months),
      end_date: end,
      unit_price: {
        amount: index === 0 ? 4900 : 1500 + below(80) * 100,
        currency: String(db.get('accounts', account)?.data['currency']),
      },
      notice_days: index === 0 ? 60 : pick([30, 60, 90]),
      auto_renew: false,
      payment_terms_days: pick([14, 30, 45]),
    });
    db.insert('line_items', `L-${1001 + index}`, {
      contract: `K-${1001 + index}`,
      product: `${plan} seat`,
      quantity: seats,
    });
  }
  for (let index = 0; index < TICKETS; index += 1) {
    const account = `A-${1001 + below(ACCOUNTS)}`;
    db.insert('tickets', `T-${1001 + index}`, {
      account,
      subject: pick(['Invoice question', 'Seat change', 'Login problem', 'Renewal date']),
      body: '',
      priority: 'normal',
      status: 'closed',
    });
  }
}

function slug(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase();
}

/** The first day of a term that ends on `end`. */
function minusMonths(end: string, months: number): string {
  const next = new Date(Date.parse(`${end}T00:00:00Z`) + 86_400_000);
  next.setUTCMonth(next.getUTCMonth() - months);
  return next.toISOString().slice(0, 10);
}
