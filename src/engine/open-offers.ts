import type { Offer } from '../../protocol/operation.ts';
import type { Negotiation } from './operation.ts';

/** The company's offers that may be accepted, in time: those made since the agent's last word, of which it may choose one, and those
 * that are held, which a counter-offer does not reject. None of them once the record has changed under it. */
export function openOffers({ offers, overtaken }: Pick<Negotiation, 'offers' | 'overtaken'>): readonly Offer[] {
  const answered = offers.findLastIndex(({ by }) => by === 'agent');
  const stale = overtaken?.offers ?? [];
  return offers.filter(
    ({ id, by, firmness }, index) => by !== 'agent' && (index > answered || firmness === 'held') && !stale.includes(id),
  );
}

/** Those of them whose time has not run out. */
export function standingOffers(talk: Pick<Negotiation, 'offers' | 'overtaken'>, now: Date): readonly Offer[] {
  return openOffers(talk).filter(({ expires_at }) => Date.parse(expires_at) > now.getTime());
}

/** The rounds are over, and a person of the company thinks about what was asked for last. */
export function isWithPerson({ turn, person }: Pick<Negotiation, 'turn' | 'person'>): boolean {
  return turn === 'company' && person !== undefined && person.answeredAt === undefined;
}
