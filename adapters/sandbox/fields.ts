/** Which field of ours is which field of the sandbox CRM: data, in both directions. */
export interface FieldMapping {
  readonly type: 'account' | 'contact';
  readonly field: string;
  readonly label: string;
}

export const DATA_FIELDS: ReadonlyMap<string, FieldMapping> = new Map<string, FieldMapping>([
  ['contact.email', { type: 'contact', field: 'email', label: 'E-mail' }],
  ['contact.phone', { type: 'contact', field: 'phone', label: 'Phone' }],
  ['contact.first_name', { type: 'contact', field: 'first_name', label: 'First name' }],
  ['contact.last_name', { type: 'contact', field: 'last_name', label: 'Last name' }],
  ['contact.job_title', { type: 'contact', field: 'job_title', label: 'Job title' }],
  ['billing.street', { type: 'account', field: 'street', label: 'Billing street' }],
  ['billing.city', { type: 'account', field: 'city', label: 'Billing city' }],
  ['billing.postal_code', { type: 'account', field: 'postal_code', label: 'Billing postal code' }],
  ['billing.country', { type: 'account', field: 'country', label: 'Billing country' }],
  ['billing.email', { type: 'account', field: 'billing_email', label: 'Billing e-mail' }],
  ['tax.vat_id', { type: 'account', field: 'vat_id', label: 'VAT ID' }],
  ['account.name', { type: 'account', field: 'name', label: 'Company name' }],
]);

/** The sandbox's collection for each of our types. */
export const COLLECTION: Readonly<Record<string, string>> = {
  account: 'accounts',
  contact: 'contacts',
  contract: 'contracts',
  ticket: 'tickets',
};

export const CONTRACT_LABELS: Readonly<Record<string, string>> = {
  unit_price: 'Price per seat and month',
  term_months: 'Term (months)',
  seats: 'Seats',
  start_date: 'Start',
  end_date: 'End',
  notice_days: 'Notice period (days)',
  status: 'Status',
};
