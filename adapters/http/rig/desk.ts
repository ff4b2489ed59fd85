/** Another kind of API: records inside `data.attributes`, decimal money, ETags, changes answered with 204, and no promise about repeats:
 * it keeps the reference a write carried, and can be asked for it. */
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Env } from '../../sandbox/server/env.ts';
import { makeFaults, withFaults } from '../../sandbox/server/faults.ts';

interface Held {
  version: number;
  attributes: Record<string, unknown>;
  before?: Held;
}

export interface Desk {
  readonly origin: string;
  readonly faults: ReturnType<typeof makeFaults>;
  /** Every applied write. */
  readonly writes: { readonly ref: string; readonly type: string; readonly id: string }[];
  record(type: string, id: string): Record<string, unknown>;
  edit(type: string, id: string, attributes: object): void;
  stop(): Promise<void>;
}

export interface DeskOptions {
  readonly token: string;
  readonly marker: string;
  /** How long after it was made a write is found. */
  readonly lateMs?: number;
  /** The days of every contract. */
  readonly term?: { readonly from: string; readonly to: string };
}

export async function openDesk({ token, marker, lateMs = 0, term }: DeskOptions): Promise<Desk> {
  const stores = {
    contracts: new Map<string, Held>(),
    people: new Map<string, Held>(),
    tickets: new Map<string, Held>(),
  };
  const writes: { ref: string; type: string; id: string; at: number }[] = [];
  const faults = makeFaults();
  for (let n = 0; n < 200; n += 1) {
    const owner = '1';
    stores.contracts.set(`${n}`, { version: 1, attributes: { ...CONTRACT, ...term, owner } });
    stores.people.set(`${n}`, { version: 1, attributes: { mail: `p${n}@x.example`, tel: '1', role: marker, owner } });
  }
  const storeOf = (c: Context) => new Map(Object.entries(stores)).get(c.req.param('type') ?? '');
  const view = (c: Context, id: string, { version, attributes }: Held, status: 200 | 201 = 200) => {
    c.header('etag', `W/"${version}"`);
    return c.json({ data: { id: Number(id), attributes } }, status);
  };
  const app = new Hono<Env>();
  app.use(withFaults(faults));
  app.use(async (c, next) => (c.req.header('x-api-key') === token ? next() : c.json({}, 401)));
  app.get('/desk/:type', (c) => {
    const shown = writes.filter(({ at }) => at + lateMs <= performance.now());
    const found = shown.filter(({ ref, type }) => ref === c.req.query('ref') && type === c.req.param('type'));
    return c.json({ data: found.map(({ id }) => ({ id: Number(id) })) });
  });
  app.get('/desk/:type/:id', (c) => {
    const held = storeOf(c)?.get(c.req.param('id'));
    if (held === undefined) return c.json({ errors: ['none'] }, 404);
    return view(c, c.req.param('id'), c.get('stale') === true ? (held.before ?? held) : held);
  });
  app.patch('/desk/:type/:id', async (c) => {
    const { ref, attributes } = await bodyOf(c);
    const [type, id] = [c.req.param('type'), c.req.param('id')];
    const held = storeOf(c)?.get(id);
    if (held === undefined) return c.json({}, 404);
    if (c.req.header('if-match') !== `W/"${held.version}"`) return c.json({}, 412);
    change(held, attributes);
    writes.push({ ref, type, id, at: performance.now() });
    return c.body(null, 204);
  });
  app.post('/desk/tickets', async (c) => {
    const { ref, attributes } = await bodyOf(c);
    const id = String(stores.tickets.size + 1);
    const held = { version: 1, attributes };
    stores.tickets.set(id, held);
    writes.push({ ref, type: 'tickets', id, at: performance.now() });
    return view(c, id, held, 201);
  });
  const get = (type: string, id: string): Held => {
    const held = new Map(Object.entries(stores)).get(type)?.get(id);
    if (held === undefined) throw new Error(`no ${type} ${id}`);
    return held;
  };
  const { origin, stop } = await listening(app);
  return {
    origin,
    faults,
    writes,
    record: (type, id) => get(type, id).attributes,
    edit: (type, id, attributes) => change(get(type, id), attributes),
    stop,
  };
}

export const CONTRACT = {
  price: '1100.01',
  currency: 'EUR',
  months: 12,
  seats: 25,
  from: '2026-01-01',
  to: '2027-12-31',
  notice: 60,
  payment: 30,
  state: 'A',
};

function change(held: Held, attributes: object): void {
  held.before = { version: held.version, attributes: held.attributes };
  held.version += 1;
  held.attributes = { ...held.attributes, ...attributes };
}

async function bodyOf(c: Context<Env>): Promise<{ ref: string; attributes: Record<string, unknown> }> {
  const { data } = await c.req.json<{ data: { ref: string; attributes: Record<string, unknown> } }>();
  const { ref, attributes } = data;
  const applied = c.get('partial') === true ? Object.fromEntries(Object.entries(attributes).slice(0, 1)) : attributes;
  return { ref, attributes: applied };
}

function listening(app: Hono<Env>): Promise<{ origin: string; stop: () => Promise<void> }> {
  return new Promise((resolve) => {
    const server = serve(
      { fetch: app.fetch, hostname: '127.0.0.1', port: 0, overrideGlobalObjects: false },
      ({ port }) =>
        resolve({
          origin: `http://127.0.0.1:${port}`,
          stop: () =>
            new Promise((done) => {
              server.close(() => done());
              if ('closeAllConnections' in server) server.closeAllConnections();
            }),
        }),
    );
  });
}

const open: JsonObject = { type: 'object' };
const json = (schema: JsonObject): JsonObject => ({ content: { 'application/vnd.desk+json': { schema } } });
const record: JsonObject = {
  type: 'object',
  properties: { data: { type: 'object', properties: { id: { type: 'integer' }, attributes: open } } },
};
const asked: JsonObject = {
  type: 'object',
  properties: { data: { type: 'object', properties: { ref: { type: 'string' }, attributes: open } } },
};
const path = { in: 'path', name: 'id', required: true, schema: { type: 'string' } };
const item = (name: string): JsonObject => ({
  get: { operationId: `get_${name}`, parameters: [path], responses: { '200': json(record) } },
  patch: {
    operationId: `change_${name}`,
    parameters: [path, { in: 'header', name: 'If-Match', required: true }],
    requestBody: json(asked),
    responses: { '204': {} },
  },
});
const search = (name: string): JsonObject => ({
  operationId: `find_${name}`,
  parameters: [{ in: 'query', name: 'ref' }],
  responses: { '200': json({ properties: { data: { type: 'array', items: { properties: { id: {} } } } } }) },
});

export const DESK_OPENAPI: JsonObject = {
  openapi: '3.0.3',
  info: { title: 'Desk' },
  paths: {
    '/people': { get: search('person') },
    '/people/{id}': item('person'),
    '/contracts': { get: search('contract') },
    '/contracts/{id}': item('contract'),
    '/tickets': {
      get: search('ticket'),
      post: { operationId: 'open_ticket', requestBody: json(asked), responses: { '201': json(record) } },
    },
    '/tickets/{id}': item('ticket'),
  },
  components: { securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
};

const id = '$request.path.id';
const key = '$request.body#/data/ref';
const resource = (name: string, fields: JsonObject): JsonObject => ({
  object: '/data',
  account: '/attributes/owner',
  version: '$response.header.ETag',
  read: { operation: `get_${name}`, id },
  update: {
    operation: `change_${name}`,
    id,
    key,
    guard: '$request.header.If-Match',
    values: '$request.body#/data',
    answers: 'nothing',
  },
  find: { operation: `find_${name}`, key: '$request.query.ref', found: { id: '/data/0/id' } },
  fields,
});
const of = (kind: string, name: string, more: JsonObject = {}): JsonObject => ({
  field: `/attributes/${name}`,
  label: name,
  kind,
  ...more,
});
const text = (name: string): JsonObject => of('text', name, { chars_max: 255, correctable: true });

export const DESK_MAPPING: JsonObject = {
  money: 'decimal',
  idempotency: 'lookup',
  security: 'key',
  types: {
    contact: resource('person', {
      'contact.email': text('mail'),
      'contact.phone': text('tel'),
      'contact.job_title': text('role'),
      'contact.first_name': text('given'),
    }),
    account: { ...resource('person', { 'account.name': text('role') }), account: '/id' },
    contract: resource('contract', {
      unit_price: of('money', 'price', { currency: '/attributes/currency' }),
      term_months: of('whole', 'months'),
      seats: of('whole', 'seats'),
      start_date: of('day', 'from'),
      end_date: of('day', 'to'),
      notice_days: of('whole', 'notice'),
      payment_terms_days: of('whole', 'payment'),
      status: of('choice', 'state', { values: { active: 'A', cancelled: 'C' } }),
    }),
    ticket: {
      ...resource('ticket', {
        subject: text('subject'),
        body: of('long', 'body', { chars_max: 8_000 }),
        priority: of('choice', 'priority', { values: { low: 'L', normal: 'N', high: 'H' } }),
        operation: text('operation'),
      }),
      create: { operation: 'open_ticket', key, values: '$request.body#/data' },
    },
  },
};
