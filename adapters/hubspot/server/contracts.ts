/** The contracts change API (beta): preview, draft, accept or cancel. A change is a document with a status; accepting applies it. */
import { Hono } from 'hono';
import { linkDefault } from './associations.ts';
import type { Db, Stored } from './db.ts';
import { bodyOf, type Env, type Fields, type Http, isFields, listOf, Refused, textOf } from './env.ts';
import { checked } from './schema.ts';
import { create, shown, update } from './store.ts';

const VIEW = { withHistory: [], associations: [] };

export function contractRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  app.get('/contracts/:id', (c) => c.json(contractView(db, contractOf(db, c.req.param('id')))));
  app.get('/contracts/:id/changes', (c) => {
    const { id } = contractOf(db, c.req.param('id'));
    return c.json({ results: changesOf(db).filter(({ contractId }) => contractId === id) });
  });
  app.post('/changes/preview', async (c) => {
    const body = await bodyOf(c);
    const contract = contractOf(db, textOf(body['contractId']) ?? '');
    const deltaLineItems = listOf(body['lineItemChanges']);
    return c.json({ deltaLineItems, proposedLineItems: lineItems(db, contract).map(itemView) });
  });
  app.post('/contracts/:id/changes', async (c) => {
    const contract = contractOf(db, c.req.param('id'));
    const body = await bodyOf(c);
    const id = String(changesOf(db).length + 1);
    const change = { ...body, id, contractId: contract.id, status: 'DRAFT', createdAt: db.now().toISOString() };
    db.transaction(() => {
      db.putDocument('change', id, change);
      if (body['autoAccept'] === true) accept(c, db, change);
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

/** Applies a change once: the contract's own values, then its line items. */
function accept(c: Http, db: Db, change: Fields): void {
  const contract = contractOf(db, String(change['contractId']));
  const given = isFields(change['customProperties']) ? Object.entries(change['customProperties']) : [];
  const kept =
    c.get('partial') === true
      ? given.toSpliced(
          given.findLastIndex(([name]) => name !== 'gw_action_id'),
          1,
        )
      : given;
  update(db, contract, checked(db, 'contracts', Object.fromEntries(kept), false), 'INTEGRATION');
  for (const each of listOf(change['lineItemChanges'])) {
    if (!isFields(each)) continue;
    const { lineItemUpdate, lineItemAdd } = each;
    if (isFields(lineItemUpdate)) {
      const item = lineItems(db, contract).find(({ id }) => id === lineItemUpdate['lineItemId']);
      if (item === undefined) throw new Refused(400, 'VALIDATION_ERROR', 'No such line item on this contract.');
      update(db, item, checked(db, 'line_items', itemValues(lineItemUpdate), false), 'INTEGRATION');
    }
    if (isFields(lineItemAdd)) {
      const item = create(db, 'line_items', checked(db, 'line_items', itemValues(lineItemAdd), true), 'INTEGRATION');
      linkDefault(db, 'contracts', contract.id, 'line_items', item.id);
    }
  }
  db.putDocument('change', String(change['id']), { ...change, status: 'ACCEPTED' });
}

function itemValues({ quantity, unitPrice, termInMonths }: Fields): Fields {
  const named = { quantity, price: unitPrice, hs_term_in_months: termInMonths };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

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

function itemView({ id, properties }: Stored): object {
  return {
    id,
    name: properties['name'],
    quantity: properties['quantity'],
    unitPrice: properties['price'],
    termInMonths: properties['hs_term_in_months'],
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
