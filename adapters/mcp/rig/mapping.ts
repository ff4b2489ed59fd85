/** What of the rig's tools means what: an example of a mapping document. */
import { digest } from '../../../protocol/base/canonical.ts';
import { type JsonObject, objectOf } from '../../../protocol/base/json.ts';
import { TOOLS } from '../server/tools.ts';

const line = (name: string, label: string, chars_max: number, correctable = false): JsonObject => ({
  field: `/${name}`,
  label,
  kind: 'text',
  chars_max,
  correctable,
});
const of = (kind: string, name: string, label: string): JsonObject => ({ field: `/${name}`, label, kind });
const same = (...words: string[]): JsonObject => Object.fromEntries(words.map((word) => [word, word]));

const find: JsonObject = {
  tool: 'find_change',
  key: '/reference',
  found: { id: '/matches/0/id', version: '/matches/0/revision' },
};
const resource = (name: string, fields: JsonObject): JsonObject => ({
  object: '/record',
  version: '/revision',
  versions: 'counter',
  read: { tool: `get_${name}`, id: '/id' },
  update: { tool: `update_${name}`, id: '/id', key: '/reference', values: '/changes' },
  find,
  fields,
});
const { update: _, ...ticket } = resource('ticket', {
  subject: line('subject', 'Subject', 255),
  body: { field: '/body', label: 'Message', kind: 'long', chars_max: 8_000 },
  priority: { ...of('choice', 'priority', 'Priority'), values: same('low', 'normal', 'high') },
  operation: line('operation', 'Operation', 64),
});

export const MAPPING: JsonObject = {
  idempotency: 'lookup',
  tools: Object.fromEntries(TOOLS.map(({ name, inputSchema }) => [name, digest(inputSchema)])),
  errors: [
    { at: '/code', is: 'NOT_FOUND', means: 'not_found' },
    { at: '/code', is: 'BAD_VALUES', means: 'invalid' },
    { at: '/code', is: 'DUPLICATE_REFERENCE', means: 'conflict' },
    { at: '/code', is: 'OTHER_REVISION', means: 'conflict' },
  ],
  types: {
    account: resource('account', {
      'account.name': line('name', 'Company name', 120, true),
      'tax.vat_id': line('vat_id', 'VAT ID', 20, true),
    }),
    contact: {
      ...resource('contact', {
        'contact.email': line('email', 'E-mail', 254, true),
        'contact.phone': line('phone', 'Phone', 40, true),
        'contact.first_name': line('first_name', 'First name', 80, true),
        'contact.job_title': line('job_title', 'Job title', 80, true),
      }),
      account: '/account',
    },
    contract: {
      ...resource('contract', {
        unit_price: of('money', 'unit_price', 'Price per seat and month'),
        term_months: of('whole', 'term_months', 'Term (months)'),
        seats: of('whole', 'seats', 'Seats'),
        start_date: of('day', 'start_date', 'Start'),
        end_date: of('day', 'end_date', 'End'),
        notice_days: of('whole', 'notice_days', 'Notice period (days)'),
        payment_terms_days: of('whole', 'payment_terms_days', 'Payment terms (days)'),
        auto_renew: of('flag', 'auto_renew', 'Renews by itself'),
        status: { ...of('choice', 'status', 'Status'), values: same('active', 'expired', 'cancelled') },
      }),
      account: '/account',
    },
    ticket: {
      ...ticket,
      account: '/account',
      create: { tool: 'open_ticket', key: '/reference', values: '/ticket' },
    },
  },
};

/** The same where a change says on which revision it was decided. */
export const GUARDED_MAPPING: JsonObject = {
  ...MAPPING,
  types: Object.fromEntries(
    Object.entries(objectOf(MAPPING['types'])).map(([type, of]) => {
      const { update, ...rest } = objectOf(of);
      if (update === undefined) return [type, rest];
      return [type, { ...rest, update: { ...objectOf(update), tool: `revise_${type}`, guard: '/revision' } }];
    }),
  ),
};
