/** How the rig’s tables say what Parley means: an example of a mapping document. */
import type { JsonObject } from '../../../protocol/base/json.ts';

const text = (field: string, label: string, chars_max: number, correctable = false): JsonObject => ({
  field,
  label,
  kind: 'text',
  chars_max,
  correctable,
});
const of = (kind: string, field: string, label: string, more: JsonObject = {}): JsonObject => ({
  field,
  label,
  kind,
  ...more,
});

export const MAPPING: JsonObject = {
  money: 'decimal',
  types: {
    account: {
      object: 'accounts',
      version: 'version',
      fields: {
        'account.name': text('name', 'Company name', 120, true),
        'billing.street': text('street', 'Billing street', 120, true),
        'billing.country': text('country', 'Billing country', 2, true),
        'tax.vat_id': text('vat_id', 'VAT ID', 20, true),
      },
    },
    contact: {
      object: 'contacts',
      account: 'account_id',
      fields: {
        'contact.email': text('email', 'E-mail', 254, true),
        'contact.phone': text('phone', 'Phone', 40, true),
        'contact.first_name': text('first_name', 'First name', 80, true),
        'contact.job_title': text('job_title', 'Job title', 80, true),
      },
    },
    contract: {
      object: 'contracts',
      id: 'number',
      account: 'account_id',
      version: 'version',
      fields: {
        unit_price: of('money', 'price', 'Price per seat and month', { currency: 'currency' }),
        term_months: of('whole', 'term_months', 'Term (months)'),
        seats: of('whole', 'seats', 'Seats'),
        start_date: of('day', 'starts_on', 'Start'),
        end_date: of('day', 'ends_on', 'End'),
        notice_days: of('whole', 'notice_days', 'Notice period (days)'),
        payment_terms_days: of('whole', 'payment_days', 'Payment terms (days)'),
        auto_renew: of('flag', 'auto_renew', 'Renews by itself'),
        status: of('choice', 'state', 'Status', { values: { active: 'A', expired: 'X', cancelled: 'C' } }),
      },
    },
    ticket: {
      object: 'tickets',
      account: 'account_id',
      version: 'version',
      fields: {
        subject: text('subject', 'Subject', 255),
        body: of('long', 'body', 'Message', { chars_max: 8_000 }),
        priority: of('choice', 'priority', 'Priority', { values: { low: '1', normal: '2', high: '3' } }),
        operation: text('operation', 'Operation', 64),
      },
    },
  },
};
