/** The sandbox CRM as its own OpenAPI document would say it, and what of that means what: an example of both documents. */
import type { JsonObject } from '../../../protocol/base/json.ts';

const text = (maxLength: number): JsonObject => ({ type: ['string', 'null'], maxLength });
const whole: JsonObject = { type: 'integer' };
const day: JsonObject = { type: 'string', format: 'date' };
const money: JsonObject = {
  type: 'object',
  required: ['amount', 'currency'],
  properties: { amount: whole, currency: { type: 'string' } },
};
const fields = {
  account: { name: text(120), street: text(120), country: text(2), vat_id: text(20) },
  contact: { email: text(254), phone: text(40), first_name: text(80), job_title: text(80) },
  contract: {
    status: { enum: ['active', 'expired', 'cancelled'] },
    start_date: day,
    end_date: day,
    term_months: whole,
    seats: whole,
    unit_price: money,
    notice_days: whole,
    auto_renew: { type: 'boolean' },
    payment_terms_days: whole,
  },
  ticket: {
    account: text(64),
    subject: text(255),
    body: text(8_000),
    priority: { enum: ['low', 'normal', 'high'] },
    operation: text(64),
  },
} as const;

const named = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: JsonObject): JsonObject => ({ content: { 'application/json': { schema } } });
const answer = (name: string): JsonObject => ({
  '200': {
    description: 'The record',
    ...json({ type: 'object', properties: { record: named(name), replayed: { type: 'boolean' } } }),
  },
});
const at = (place: string, name: string): JsonObject => ({
  in: place,
  name,
  required: true,
  schema: { type: 'string' },
});

const stored = (name: keyof typeof fields): JsonObject => ({
  allOf: [
    named(`${name}_fields`),
    {
      type: 'object',
      properties: { id: { type: 'string' }, account: { type: 'string' }, revision: { type: 'integer' } },
    },
  ],
});
const item = (name: string): JsonObject => ({
  parameters: [at('path', 'id')],
  get: { operationId: `get_${name}`, responses: answer(name) },
  patch: {
    operationId: `change_${name}`,
    parameters: [at('header', 'External-Id'), at('header', 'If-Match')],
    requestBody: json(named(`${name}_fields`)),
    responses: answer(name),
  },
});

export const OPENAPI: JsonObject = {
  openapi: '3.1.0',
  info: { title: 'Sandbox CRM', version: '1' },
  servers: [{ url: 'https://elsewhere.example' }],
  paths: {
    '/accounts/{id}': item('account'),
    '/contacts/{id}': item('contact'),
    '/contracts/{id}': item('contract'),
    '/tickets/{id}': item('ticket'),
    '/tickets': {
      post: {
        operationId: 'open_ticket',
        parameters: [at('header', 'External-Id')],
        requestBody: json(named('ticket_fields')),
        responses: answer('ticket'),
      },
    },
    '/changes/{external}': {
      get: {
        operationId: 'find_change',
        parameters: [at('path', 'external')],
        responses: { '200': { description: 'What it did', ...json({ properties: { change: named('change') } }) } },
      },
    },
  },
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    schemas: {
      ...Object.fromEntries(
        Object.entries(fields).flatMap(([name, properties]) => [
          [`${name}_fields`, { type: 'object', properties, additionalProperties: false }],
        ]),
      ),
      account: stored('account'),
      contact: stored('contact'),
      contract: stored('contract'),
      ticket: stored('ticket'),
      change: {
        type: 'object',
        properties: { type: { type: 'string' }, id: { type: 'string' }, revision: { type: 'integer' } },
      },
    },
  },
};

const key = '$request.header.External-Id';
const id = '$request.path.id';
const found = { id: '/change/id', version: '/change/revision' };
const find: JsonObject = { operation: 'find_change', key: '$request.path.external', found };
const replayed = '$response.body#/replayed';
const resource = (name: string, of: JsonObject): JsonObject => ({
  object: '/record',
  version: '/revision',
  versions: 'counter',
  read: { operation: `get_${name}`, id },
  update: { operation: `change_${name}`, id, key, guard: '$request.header.If-Match', replayed },
  find,
  fields: of,
});
const line = (name: string, label: string, chars_max: number, correctable = false): JsonObject => ({
  field: `/${name}`,
  label,
  kind: 'text',
  chars_max,
  correctable,
});
const of = (kind: string, name: string, label: string): JsonObject => ({ field: `/${name}`, label, kind });
const same = (...words: string[]): JsonObject => Object.fromEntries(words.map((word) => [word, word]));

export const MAPPING: JsonObject = {
  idempotency: 'external_id',
  security: 'token',
  // A proxy's 404 has another body, and says nothing.
  errors: [{ status: 404, at: '/error/code', is: 'not_found', means: 'not_found' }],
  types: {
    account: resource('account', {
      'account.name': line('name', 'Company name', 120, true),
      'billing.street': line('street', 'Billing street', 120, true),
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
      ...resource('ticket', {
        subject: line('subject', 'Subject', 255),
        body: { field: '/body', label: 'Message', kind: 'long', chars_max: 8_000 },
        priority: { ...of('choice', 'priority', 'Priority'), values: same('low', 'normal', 'high') },
        operation: line('operation', 'Operation', 64),
      }),
      account: '/account',
      create: { operation: 'open_ticket', key, replayed },
    },
  },
};
