/** The card for each version that may be asked for, each signed over exactly what is served. */
import { LegacyRestTransportHandler } from '@a2a-js/sdk/compat/v0_3/server';
import { type A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server';
import { isObject, type Json, type JsonObject } from '../../../protocol/base/json.ts';

/** By the version that is asked for. No version means 0.3 (A2A §3.6.2), and clients of 1.0 leave it out all the same, for they look here
 * before they know what is spoken: so that one is a card of 0.3 with every member of 1.0 beside, which 0.3's schema allows and 1.0's
 * readers, who pass over what they do not know, read as theirs. */
export type Cards = Readonly<Record<'1.0' | '0.3' | '', JsonObject>>;

export interface CardsDeps {
  /** Of 1.0, signed. */
  readonly card: JsonObject;
  readonly handler: A2ARequestHandler;
  readonly seal: Seal;
}

export type Seal = (card: JsonObject) => JsonObject;

export async function cardsOf({ card, handler, seal }: CardsDeps): Promise<Cards> {
  const { signatures: _of1, ...legacy } = await legacyCard(handler);
  const both = merged(legacy, card);
  // Whoever knows 1.0 only finds the signature over what they know of it first, that over all of it last.
  return { '1.0': card, '0.3': seal(legacy), '': seal(isObject(both) ? both : {}) };
}

/** The card as 0.3 has it. The SDK translates cards only where it serves the extended one. */
async function legacyCard(handler: A2ARequestHandler): Promise<JsonObject> {
  const { getAgentCard } = handler;
  const translating = Object.assign(Object.create(handler), { getAuthenticatedExtendedAgentCard: getAgentCard });
  const card = await new LegacyRestTransportHandler(translating).getAuthenticatedExtendedAgentCard(
    new ServerCallContext(),
  );
  return JSON.parse(JSON.stringify(card));
}

/** Member by member, where a name means something in both: a security scheme has its `type` and its kind's own name. */
function merged(legacy: Json | undefined, card: Json): Json {
  if (!isObject(legacy) || !isObject(card)) return card;
  const both = Object.entries(card).map(([name, value]): [string, Json] => [name, merged(legacy[name], value ?? null)]);
  return { ...legacy, ...Object.fromEntries(both) };
}
