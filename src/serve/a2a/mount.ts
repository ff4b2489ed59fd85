/** The A2A binding of one gateway: its cards, its answers, and what is put in front of them. */
import { AgentCard } from '@a2a-js/sdk';
import type { ServerCallContext } from '@a2a-js/sdk/server';
import type { Hono } from 'hono';
import type { JsonObject } from '../../../protocol/base/json.ts';
import type { Contract } from '../../actions/contract.ts';
import { perOffering } from '../../actions/offering.ts';
import type { World } from '../../engine/world.ts';
import { metadataUrl } from '../../identity/token/oauth-metadata.ts';
import type { Env, Exchange } from '../exchange.ts';
import type { Operations } from '../operations.ts';
import type { Prove } from '../prove.ts';
import type { SuiteProfile } from '../suite-profile.ts';
import { makeA2aBinding } from './app.ts';
import { A2A_PATH, agentCard, type CardFacts, extendedCard, sealed, signedCard } from './card.ts';
import { serveCard } from './card-route.ts';
import { cardsOf } from './cards.ts';
import { withoutBugs } from './errors.ts';
import { type Call, makeA2aHandler } from './handler.ts';
import { withPlaces } from './places.ts';

export interface A2aMount {
  readonly world: World;
  readonly contract: Contract;
  readonly exchange: Exchange;
  readonly operations: Operations;
  readonly prove: Prove;
  /** Of this software. */
  readonly version: string;
  readonly takesTokens: boolean;
  readonly allowPrivate: boolean;
  readonly inFront: SuiteProfile['a2a'] | undefined;
}

export function mountA2a(mount: A2aMount): Hono<Env> {
  const { world, contract, exchange, operations, prove, inFront } = mount;
  const { settings, keys, log } = world;
  const tokens = mount.takesTokens ? { metadataUrl: metadataUrl(`${settings.origin}${A2A_PATH}`) } : undefined;
  const facts: CardFacts = { contract, settings, version: mount.version, tokens };
  const jku = `${settings.origin}/.well-known/jwks.json`;
  const signed = perOffering(contract, () => signedCard(agentCard(facts), keys, jku));
  const extended = perOffering(contract, () => AgentCard.fromJSON(signedCard(extendedCard(facts), keys, jku)));
  const calls = new WeakMap<ServerCallContext, Call>();
  const callOf = (context: ServerCallContext): Call =>
    calls.get(context) ?? { caller: undefined, signal: new AbortController().signal };
  const answers = makeA2aHandler({
    world,
    contract,
    operations,
    card: perOffering(contract, () => AgentCard.fromJSON(signed())),
    extendedCard: extended,
    callOf,
    allowPrivate: mount.allowPrivate,
  });
  const own = withPlaces(answers, callOf);
  const handler = withoutBugs(inFront?.(own) ?? own, (error) =>
    log('bug', { error: error instanceof Error ? (error.stack ?? error.message) : 'unknown' }),
  );
  const seal = (card: JsonObject) => sealed(card, keys, jku);
  const app = makeA2aBinding({ exchange, prove, handler, calls, seal });
  app.route('/', serveCard(perOffering(contract, () => cardsOf({ card: signed(), handler, seal }))));
  return app;
}
