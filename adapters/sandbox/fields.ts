/** Which field of ours is which field of the sandbox CRM: data, in both directions. */
export interface FieldMapping {
  readonly type: 'account' | 'contact';
  readonly field: string;
  readonly label: string;
  /** The most the CRM holds: checked when planning, so that nobody signs off what it will refuse. */
  readonly charsMax: number;
}

const contact = (field: string, label: string, charsMax: number): FieldMapping => ({
  type: 'contact',
  field,
  label,
  charsMax,
});
const account = (field: string, label: string, charsMax: number): FieldMapping => ({
  type: 'account',
  field,
  label,
  charsMax,
});

export const DATA_FIELDS: ReadonlyMap<string, FieldMapping> = new Map([
  ['contact.email', contact('email', 'E-mail', 254)],
  ['contact.phone', contact('phone', 'Phone', 40)],
  ['contact.first_name', contact('first_name', 'First name', 80)],
  ['contact.last_name', contact('last_name', 'Last name', 80)],
  ['contact.job_title', contact('job_title', 'Job title', 80)],
  ['billing.street', account('street', 'Billing street', 120)],
  ['billing.city', account('city', 'Billing city', 80)],
  ['billing.postal_code', account('postal_code', 'Billing postal code', 20)],
  ['billing.country', account('country', 'Billing country', 2)],
  ['billing.email', account('billing_email', 'Billing e-mail', 254)],
  ['tax.vat_id', account('vat_id', 'VAT ID', 20)],
  ['account.name', account('name', 'Company name', 120)],
]);

/** The sandbox's collection for each of our types. */
export const COLLECTION: ReadonlyMap<string, string> = new Map([
  ['account', 'accounts'],
  ['contact', 'contacts'],
  ['contract', 'contracts'],
  ['ticket', 'tickets'],
]);

export const CONTRACT_LABELS: ReadonlyMap<string, string> = new Map([
  ['unit_price', 'Price per seat and month'],
  ['term_months', 'Term (months)'],
  ['seats', 'Seats'],
  ['start_date', 'Start'],
  ['end_date', 'End'],
  ['notice_days', 'Notice period (days)'],
  ['status', 'Status'],
]);

export const TICKET_LABELS: ReadonlyMap<string, string> = new Map([
  ['subject', 'Subject'],
  ['body', 'Message'],
  ['priority', 'Priority'],
  ['operation', 'Operation'],
  ['account', 'Account'],
  ['contact', 'Contact'],
  ['contact_back', 'Answer to'],
]);
