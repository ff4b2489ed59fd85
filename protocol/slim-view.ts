import type { Offer } from './operation.ts';
import type { ToolView } from './tool-words.ts';

function unsigned({ jws: _jws, ...schedule }: NonNullable<Offer['schedule']>): object {
  return schedule;
}

/** An operation as a model needs it to decide: the offers that are open and the last of each side, without signatures and evidence. */
export function slimView(view: ToolView): object {
  const { agreement: _signed, reminder: _said, offers, ...rest } = view;
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
