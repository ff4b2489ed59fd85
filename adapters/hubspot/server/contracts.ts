/** The contracts change API (beta): preview, draft, accept or cancel. A change is a document with a status and a name; accepting it
 * changes line items, which it knows by their ramp key, in quantity and price. */
import { Hono } from 'hono';
import type { Db, Properties, Stored } from './db.ts';
import { bodyOf, type Env, type Fields, type Http, isFields, listOf, Refused, textOf } from './env.ts';
import { checked } from './schema.ts';
import { create, shown, update } from './store.ts';

const VIEW = { withHistory: [], associations: [] };

export function contractRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/contracts/:id', (c) => c.json(contractView(db, contractOf(db, c.req.param('id')))));
  app.get('/contracts/:id/changes', (c) => {
    const { id } = contractOf(db, c.req.param('id'));
    return c.json({ changes: changesOf(db).filter(({ contractId }) => contractId === id) });
  });
  app.post('/changes/preview', async (c) => {
    const body = await bodyOf(c);
    const contract = contractOf(db, textOf(body['contractId']) ?? '');
    const changed = changedItems(db, contract, body);
    const proposedLineItems = lineItems(db, contract).map((item) =>
      itemView({ ...item, properties: { ...item.properties, ...changed.get(item.id) } }),
    );
    return c.json({ deltaLineItems: proposedLineItems.filter(({ id }) => changed.has(id)), proposedLineItems });
  });
  app.post('/changes', async (c) => {
    const body = await bodyOf(c);
    const contract = contractOf(db, textOf(body['contractId']) ?? '');
    if (body['type'] !== 'DIRECT' || typeof body['prorating'] !== 'boolean' || typeof body['autoAccept'] !== 'boolean')
      throw new Refused(400, 'VALIDATION_ERROR', 'type, prorating and autoAccept are required.');
    changedItems(db, contract, body);
    const id = String(changesOf(db).length + 1);
    const { autoAccept, ...asked } = body;
    const change = { ...asked, id, contractId: contract.id, status: 'DRAFT', createdAt: db.now().toISOString() };
    db.transaction(() => {
      db.putDocument('change', id, change);
      if (autoAccept === true) accept(c, db, change);
    });
    return c.json(db.document('change', id) as object, 201);
  });
  app.get('/changes/:id', (c) => c.json(changeOf(db, c.req.param('id'))));
  app.post('/changes/:id/accept', (c) => {
    const change = changeOf(db, c.req.param('id'));
    if (change['status'] !== 'DRAFT') throw new Refused(409, 'CONFLICT', `The change is ${change['status']}.`);
    db.transaction(() => accept(c, db, change));
    return c.json(changeOf(db, c.req.param('id')));
  });
  app.post('/changes/:id/cancel', (c) => {
    const change = changeOf(db, c.req.param('id'));
    if (change['status'] !== 'DRAFT') throw new Refused(409, 'CONFLICT', `The change is ${change['status']}.`);
    db.putDocument('change', String(change['id']), { ...change, status: 'CANCELED' });
    return c.json(changeOf(db, c.req.param('id')));
  });
  app.post('/contracts/:id/renewal-quotes', async (c) => {
    const contract = contractOf(db, c.req.param('id'));
    const body = await bodyOf(c);
    if (textOf(body['quoteTemplateId']) === undefined)
      throw new Refused(400, 'VALIDATION_ERROR', 'quoteTemplateId is required.');
    const hs_expiration_date = contract.properties['end_date'] ?? '2099-12-31';
    const properties = { hs_title: textOf(body['name']) ?? 'Renewal', hs_status: 'DRAFT', hs_expiration_date };
    const quote = db.transaction(() => create(db, 'quotes', checked(db, 'quotes', properties, true), 'INTEGRATION'));
    return c.json(shown(db, quote, { ...VIEW, properties: [] }), 201);
  });
  app.post('/contracts/:id/terminate', async (c) => {
    const contract = contractOf(db, c.req.param('id'));
    const end_date = textOf((await bodyOf(c))['terminationDate']) ?? '';
    const values = checked(db, 'contracts', { end_date, contract_status: 'cancelled', hs_status: 'TERMINATED' }, false);
    return c.json(
      contractView(
        db,
        db.transaction(() => update(db, contract, values, 'INTEGRATION')),
      ),
    );
  });
  return app;
}

/** Applies a change once. On order it drops the last value of the last line item, and says nothing of it. */
function accept(c: Http, db: Db, change: Fields): void {
  const contract = contractOf(db, String(change['contractId']));
  for (const [id, values] of changedItems(db, contract, change)) {
    const item = db.get('line_items', id);
    const kept = c.get('partial') === true ? Object.fromEntries(Object.entries(values).slice(0, -1)) : values;
    if (item !== undefined) update(db, item, kept, 'INTEGRATION');
  }
  db.putDocument('change', String(change['id']), { ...change, status: 'ACCEPTED' });
}

/** What each line item of the contract would say; refuses what cannot be. */
function changedItems(db: Db, contract: Stored, change: Fields): Map<string, Properties> {
  const items = lineItems(db, contract);
  const changed = listOf(change['lineItemChanges']).map((each): [string, Properties] => {
    const { action, rampKey, lineItemUpdate } = isFields(each) ? each : {};
    const item = items.find(({ id }) => rampKeyOf(id) === rampKey);
    if (action !== 'UPDATE' || item === undefined || !isFields(lineItemUpdate))
      throw new Refused(400, 'VALIDATION_ERROR', 'No such line item on this contract.');
    return [item.id, checked(db, 'line_items', itemValues(lineItemUpdate), false)];
  });
  if (changed.length === 0) throw new Refused(400, 'VALIDATION_ERROR', 'lineItemChanges is required.');
  return new Map(changed);
}

function itemValues({ quantity, pricing }: Fields): Fields {
  const [first] = listOf(isFields(pricing) ? pricing['prices'] : undefined);
  const { currencyCode, price } = isFields(first) ? first : {};
  const named = { hs_line_item_currency_code: currencyCode, price, quantity };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

const rampKeyOf = (id: string): string => `00000000-0000-4000-8000-${id.padStart(12, '0')}`;

function contractOf(db: Db, id: string): Stored {
  const stored = db.get('contracts', id);
  if (stored === undefined || stored.archived) throw new Refused(404, 'OBJECT_NOT_FOUND', 'No such contract.');
  return stored;
}

function changesOf(db: Db): Fields[] {
  return db.documents('change').flatMap((each) => (isFields(each) ? [each] : []));
}

function changeOf(db: Db, id: string): Fields {
  const change = db.document('change', id);
  if (!isFields(change)) throw new Refused(404, 'OBJECT_NOT_FOUND', 'No such change.');
  return change;
}

function lineItems(db: Db, { id }: Stored): Stored[] {
  return db
    .links('contracts', id)
    .flatMap(({ toType, toId }) => (toType === 'line_items' ? (db.get(toType, toId) ?? []) : []));
}

function itemView({ id, properties }: Stored) {
  return {
    id,
    rampKey: rampKeyOf(id),
    name: properties['name'],
    quantity: Number(properties['quantity']),
    price: Number(properties['price']),
    lineItemCurrencyCode: properties['hs_line_item_currency_code'],
    termInMonths: Number(properties['hs_term_in_months']),
  };
}

function contractView(db: Db, stored: Stored): object {
  const { id, properties, updatedAt } = stored;
  const status = properties['hs_status'] ?? 'ACTIVE';
  return {
    id,
    status,
    renewalDate: properties['end_date'] ?? null,
    customProperties: properties,
    updatedAt,
    lineItems: lineItems(db, stored).map(itemView),
  };
}
