import { Hono } from 'hono';
import type { Db } from './db.ts';
import { bodyOf, type Env, isFields, listOf, Refused, textOf } from './env.ts';
import { definedBy, objectOf, type Property, propertiesOf } from './schema.ts';

/** The properties API: what may be written, and how. `hasUniqueValue` is fixed when a property is created. */
export function propertyRoutes(db: Db): Hono<Env> {
  const app = new Hono<Env>();
  const view = ({ maxLength: _m, readOnly, required: _r, ...property }: Property) => ({
    ...property,
    hidden: false,
    displayOrder: -1,
    formField: false,
    calculated: false,
    modificationMetadata: {
      archivable: !property.hubspotDefined,
      readOnlyDefinition: property.hubspotDefined,
      readOnlyValue: readOnly === true,
    },
  });
  const find = (object: string, name: string) => {
    const found = propertiesOf(db, object).find((each) => each.name === name);
    if (found === undefined) throw new Refused(404, 'OBJECT_NOT_FOUND', `No property ${name.slice(0, 64)}`);
    return found;
  };
  app.get('/:type', (c) => c.json({ results: propertiesOf(db, objectOf(c.req.param('type'))).map(view) }));
  app.get('/:type/:name', (c) => c.json(view(find(objectOf(c.req.param('type')), c.req.param('name')))));
  app.post('/:type', async (c) => {
    const object = objectOf(c.req.param('type'));
    const property = definedBy(await bodyOf(c));
    if (propertiesOf(db, object).some(({ name }) => name === property.name))
      throw new Refused(409, 'CONFLICT', `A property named '${property.name}' already exists.`);
    db.putProperty(object, property.name, property);
    return c.json(view(property), 201);
  });
  app.patch('/:type/:name', async (c) => {
    const object = objectOf(c.req.param('type'));
    const before = find(object, c.req.param('name'));
    const body = await bodyOf(c);
    const given = listOf(body['options']).flatMap((each) => {
      const value = isFields(each) ? textOf(each['value']) : undefined;
      return value === undefined
        ? []
        : [{ value, label: (isFields(each) ? textOf(each['label']) : undefined) ?? value }];
    });
    const next = {
      ...before,
      label: textOf(body['label']) ?? before.label,
      options: given.length > 0 ? given : before.options,
    };
    db.putProperty(object, next.name, next);
    return c.json(view(next));
  });
  app.delete('/:type/:name', (c) => {
    db.dropProperty(objectOf(c.req.param('type')), c.req.param('name'));
    return c.body(null, 204);
  });
  return app;
}
