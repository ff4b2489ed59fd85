import { Hono } from 'hono';
import type { Env } from '../exchange.ts';
import { answerPublished, type Published, published } from '../published.ts';

/** A document that anyone may read, served with a strong ETag. */
export interface PublicDocument {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** `current`: the documents of now; the same list for as long as nothing changed. `paths`: where there may ever be one. */
export function serveDocuments(paths: readonly string[], current: () => readonly PublicDocument[]): Hono<Env> {
  const app = new Hono<Env>();
  let made: { readonly of: readonly PublicDocument[]; readonly byPath: ReadonlyMap<string, Published> } | undefined;
  const find = (path: string): Published | undefined => {
    const of = current();
    if (made?.of !== of) made = { of, byPath: new Map(of.map((each) => [each.path, published(each)])) };
    return made.byPath.get(path);
  };
  for (const path of paths)
    app.get(path, (c) => {
      const found = find(path);
      return found === undefined ? c.notFound() : answerPublished(c, found);
    });
  return app;
}
