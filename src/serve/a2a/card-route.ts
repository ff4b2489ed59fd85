/** The agent card at its well-known address, by the version that is asked for. */
import { A2A_VERSION_HEADER, AGENT_CARD_PATH } from '@a2a-js/sdk';
import { Hono } from 'hono';
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Env } from '../exchange.ts';
import { answerPublished, type Published, published } from '../published.ts';
import type { Cards } from './cards.ts';

type Served = Readonly<Record<keyof Cards, Published>>;

/** `current`: the cards of now, the same promise for as long as nothing changed. */
export function serveCard(current: () => Promise<Cards>): Hono<Env> {
  let last: { readonly of: Promise<Cards>; readonly served: Promise<Served> } | undefined;
  const served = () => {
    const of = current();
    if (last?.of !== of) last = { of, served: of.then(publishedEach) };
    return last.served;
  };
  const app = new Hono<Env>();
  app.get(`/${AGENT_CARD_PATH}`, async (c) => {
    const asked = c.req.header(A2A_VERSION_HEADER) ?? c.req.query(A2A_VERSION_HEADER) ?? '';
    return answerPublished(c, (await served())[asked === '1.0' || asked === '0.3' ? asked : '']);
  });
  return app;
}

function publishedEach(cards: Cards): Served {
  const of = (card: JsonObject) =>
    published({ type: 'application/json', body: JSON.stringify(card), vary: [A2A_VERSION_HEADER] });
  return { '1.0': of(cards['1.0']), '0.3': of(cards['0.3']), '': of(cards['']) };
}
