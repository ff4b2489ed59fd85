import type { Offer } from '../../protocol/operation.ts';

/** The company's offers that may be accepted, in time: those made since the agent's last word, of which it may choose one, and those
 * that are held, which a counter-offer does not reject. */
export function openOffers(offers: readonly Offer[]): readonly Offer[] {
  const answered = offers.findLastIndex(({ by }) => by === 'agent');
  return offers.filter(({ by, firmness }, index) => by !== 'agent' && (index > answered || firmness === 'held'));
}
