/** Words over one operation as something typed, with the sentences and the typed forms that go with it. */
import type { JsonObject } from '../../protocol/base/json.ts';
import { withAt } from '../../protocol/base/pointer.ts';
import type { Offer, Reading } from '../../protocol/operation.ts';
import { chosenOffer } from '../../protocol/schedule.ts';
import { IN_WORDS } from '../engine/case.ts';
import { standingOffers } from '../engine/open-offers.ts';
import type { Operation, StoredReading } from '../engine/operation.ts';
import { languageFor } from '../engine/wording.ts';
import { actionOf, type World } from '../engine/world.ts';
import { answerTo } from '../reading/answer.ts';
import { contradictions } from '../reading/contradictions.ts';
import { type Reader, readWords, type Scene } from '../reading/reading.ts';
import { rangesOf } from './explain.ts';
import type { Stand, Stands } from './stand.ts';

/** Undefined where the records no longer bear a talk: then nothing of them is said. */
type Ground = Stand | undefined;

export function makeUnderstanding(world: World, stands: Pick<Stands, 'standOn'>) {
  function groundOf(operation: Operation): Ground {
    const stand = stands.standOn(operation, operation.negotiation?.revision ?? null);
    return stand.ok ? stand.value : undefined;
  }

  function sceneOf({ negotiation }: Operation, ground: Ground): Scene {
    return {
      issues: ground?.space.issues ?? [],
      currency: ground?.space.currency ?? '',
      open: negotiation === undefined ? [] : standingOffers(negotiation, world.clock.now()),
    };
  }

  function readingOf(operation: Operation, text: string): StoredReading {
    const ground = groundOf(operation);
    return told({ operation, ground, understood: readWords(text, sceneOf(operation, ground)), by: 'rules' });
  }

  /** Where words say something else than the terms they came with. */
  function contradictionOf(operation: Operation, text: string, typed: JsonObject): StoredReading | undefined {
    const ground = groundOf(operation);
    if (ground === undefined) return undefined;
    const { space } = ground;
    const known = [space.write(space.base), ...(operation.negotiation?.offers ?? []).map(({ terms }) => terms)];
    const between = contradictions(text, typed, { issues: space.issues, currency: space.currency, known });
    if (between.length === 0) return undefined;
    return told({ operation, ground, understood: { kind: 'contradiction', between }, by: 'rules', typed });
  }

  /** With its words and the typed forms that confirm it. */
  function told({ operation, ground, understood, by, typed = {} }: Understood): StoredReading {
    const scene = sceneOf(operation, ground);
    const checked =
      understood.kind === 'proposal' ? actionOf(world, operation)?.checkPartialTerms(understood.terms) : undefined;
    const fault = checked?.ok === false ? checked.error.detail : undefined;
    const { company, human } = world.settings;
    const words = answerTo({
      ...scene,
      language: languageFor(operation),
      understood,
      ranges: ground?.table?.ok === true ? rangesOf(ground.table.value) : new Map(),
      company,
      person: human.channel,
      ...(fault === undefined ? {} : { fault }),
    });
    const confirm = fault === undefined ? confirmationsOf(understood, scene.open, typed) : [];
    return { at: world.clock.now().toISOString(), by, understood, words, confirm };
  }

  return {
    readingOf,
    contradictionOf,
    /** By a model; by the rules where it has nothing usable to say. */
    async readBy(reader: Reader | undefined, operation: Operation, text: string): Promise<StoredReading> {
      const ground = groundOf(operation);
      const understood = await reader?.read({ operation: operation.id, text, scene: sceneOf(operation, ground) });
      return understood === undefined
        ? readingOf(operation, text)
        : told({ operation, ground, understood, by: 'model' });
    },
  };
}

interface Understood extends Pick<StoredReading, 'understood' | 'by'> {
  readonly operation: Operation;
  readonly ground: Ground;
  /** The terms that the words came with. */
  readonly typed?: JsonObject;
}

function confirmationsOf(understood: Reading, open: readonly Offer[], typed: JsonObject): StoredReading['confirm'] {
  switch (understood.kind) {
    case 'proposal':
      return [{ rel: 'counter', body: { terms: understood.terms } }];
    case 'acceptance':
      return open
        .filter(({ id }) => understood.offers.includes(id))
        .flatMap((offer) => {
          const { choice } = understood;
          const chosen = chosenOffer(offer, choice);
          if (!chosen.ok) return [];
          const { id, terms_digest } = chosen.value;
          return [{ rel: 'accept', body: { offer: id, terms_digest, ...(choice === undefined ? {} : { choice }) } }];
        });
    case 'withdrawal':
      return [{ rel: 'withdraw', body: {} }];
    case 'complaint':
    case 'person':
    case 'unclear':
      return [{ rel: 'handoff', body: { topic: IN_WORDS } }];
    case 'contradiction': {
      const inWords = understood.between.reduce((terms, { issue, words }) => withAt(terms, issue, words), typed);
      return [
        { rel: 'counter', body: { terms: typed } },
        { rel: 'counter', body: { terms: inWords } },
      ];
    }
    case 'question':
      return [];
  }
}
