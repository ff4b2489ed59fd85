/** The agent card at its well-known address: one document that agents of 1.0 and of 0.3 both read, with a strong ETag. */
import { createHash } from 'node:crypto';
import { A2A_VERSION_HEADER, AGENT_CARD_PATH } from '@a2a-js/sdk';
import { Hono } from 'hono';
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Env } from '../exchange.ts';
import type { Cards } from './cards.ts';

const CACHE_SECONDS = 300;

/** `current`: the cards of now, the same promise for as long as nothing changed. */
export function serveCard(current: () => Promise<Cards>): Hono<Env> {
  let last: { readonly of: Promise<Cards>; readonly cards: Promise<Record<'1.0' | '0.3' | '', Tagged>> } | undefined;
  const cardsOf = () => {
    const of = current();
    if (last?.of !== of) last = { of, cards: of.then(taggedEach) };
    return last.cards;
  };
  const app = new Hono<Env>();
  app.get(`/${AGENT_CARD_PATH}`, async (c) => {
    const cards = await cardsOf();
    const asked = c.req.header(A2A_VERSION_HEADER) ?? c.req.query(A2A_VERSION_HEADER) ?? '';
    const { body, etag } = asked === '1.0' || asked === '0.3' ? cards[asked] : cards[''];
    const headers = {
      'content-type': 'application/json',
      etag,
      vary: A2A_VERSION_HEADER,
      'cache-control': `public, max-age=${CACHE_SECONDS}`,
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    };
    return c.req.header('if-none-match') === etag ? c.body(null, 304, headers) : c.body(body, 200, headers);
  });
  return app;
}

function taggedEach(cards: Cards) {
  return { '1.0': tagged(cards['1.0']), '0.3': tagged(cards['0.3']), '': tagged(cards['']) };
}

interface Tagged {
  readonly body: string;
  readonly etag: string;
}

function tagged(card: JsonObject): Tagged {
  const body = JSON.stringify(card);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"` };
}
