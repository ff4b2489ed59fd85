/** What the company's own systems send, signed as webhooks: decisions, change notices, offers to make. */
import { Hono } from 'hono';
import type { Refusal } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Result } from '../../../protocol/base/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import { type Env, type Exchange, type Http, rawRequest } from '../exchange.ts';

type Taken = Promise<Result<JsonObject, Refusal>>;

export interface CompanyDeps {
  readonly exchange: Exchange;
  readonly answerSignoff: (id: string, raw: RawRequest) => Taken;
  /** A change notice from the CRM. */
  readonly noticeFromCrm: (raw: RawRequest) => Taken;
  /** An offer is to be put to a customer's agent. */
  readonly propose: (raw: RawRequest) => Taken;
}

export function makeCompanyRoutes({ exchange, answerSignoff, noticeFromCrm, propose }: CompanyDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.post('/signoffs/:id/decision', (c) => take(c, 200, (raw) => answerSignoff(c.req.param('id'), raw)));
  app.post('/crm/events', (c) => take(c, 202, noticeFromCrm));
  app.post('/company/offers', (c) => take(c, 202, propose));

  async function take(c: Http, status: number, handle: (raw: RawRequest) => Taken): Promise<Response> {
    const raw = await rawRequest(c);
    if (!raw.ok) return exchange.refuse(raw.error);
    const taken = await handle(raw.value);
    return taken.ok ? exchange.answer(status, JSON.stringify(taken.value), undefined) : exchange.refuse(taken.error);
  }

  return app;
}
