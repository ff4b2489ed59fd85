import { decodeBase64Url } from '../base/base64.ts';
import type { JsonObject } from '../base/json.ts';
import { unsigned } from '../schedule.ts';
import type { ToolView } from './tool-words.ts';

/** What was signed, without the signatures. */
function agreedIn({ payload }: JsonObject): object {
  const bytes = typeof payload === 'string' ? decodeBase64Url(payload) : undefined;
  if (bytes === undefined) return {};
  const { offer, terms, choice } = JSON.parse(new TextDecoder().decode(bytes));
  return { offer, terms, ...(choice === undefined ? {} : { choice }) };
}

/** An operation as a model needs it to decide: the offers that are open and the last of each side, without signatures and evidence. */
export function slimView(view: ToolView): object {
  const { agreement, reminder: _said, offers, ...more } = view;
  const rest = { ...more, ...(agreement === undefined ? {} : { agreement: agreedIn(agreement) }) };
  if (offers === undefined) return rest;
  const last = new Map(offers.map((offer) => [offer.by, offer.id]));
  const kept = new Set([...(view.open_offers ?? []), ...last.values()]);
  return {
    ...rest,
    offers: offers
      .filter(({ id }) => kept.has(id))
      .map(({ jws: _jws, facts: _facts, parent: _parent, made_at: _made, schedule, ...offer }) =>
        schedule === undefined ? offer : { ...offer, schedule: unsigned(schedule) },
      ),
  };
}
