/** Idempotency, once for everything that somebody asks with a key: the same key with the same content is answered as it first was, with
 * other content it is refused, and one whose time is over is told so, never run again. */
import { digest } from '../../protocol/base/canonical.ts';
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import type { Json, JsonObject } from '../../protocol/base/json.ts';
import { LIMITS } from '../../protocol/base/limits.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Claim, Committed, Held, Nonce, StoredAnswer, Unit } from '../ports.ts';
import type { World } from './world.ts';

export interface Keyed {
  /** Whose key it is, and for what: the same key of another, or for something else, is another. */
  readonly scope: string;
  readonly key: string;
  /** What makes it the same request. */
  readonly content: readonly Json[];
  /** Of the signed request; spent with the change, or with the repeated answer. */
  readonly nonce?: Nonce | undefined;
}

export type Answered = StoredAnswer & { readonly replayed: boolean };

export interface Done {
  readonly committed: Exclude<Committed, Held>;
  readonly answer: StoredAnswer;
}

/** What is written in the transaction of the change: the answer under its key. */
export type Keep = (answer: StoredAnswer) => Pick<Unit, 'claim' | 'nonce'>;

/** A step that loses a race is decided again on what is there then; more losses than this mean a livelock. */
const RACES_MAX = 8;

/** `act` decides and commits, with what `keep` gives in its unit. What it refuses is not kept: the same request is decided again. */
export async function idempotent(
  world: Pick<World, 'store' | 'clock'>,
  { scope, key, content, nonce }: Keyed,
  act: (keep: Keep) => Promise<Result<Done, Refusal>>,
): Promise<Result<Answered, Refusal>> {
  const { store, clock } = world;
  const fingerprint = digest([...content]);
  const once = nonce === undefined ? {} : { nonce };
  const keep: Keep = (answer) => {
    const expiresAt = Math.floor(clock.now().getTime() / 1000) + LIMITS.idempotencyRetentionSeconds;
    return { ...once, claim: { scope, key, fingerprint, answer, expiresAt } };
  };
  const settled = (claim: Claim): Result<Answered, Refusal> => {
    if (claim.fingerprint !== fingerprint) return err(refusal('idempotency-key-reused'));
    if (claim.expiresAt * 1000 <= clock.now().getTime()) return err(refusal('idempotency-key-expired'));
    return ok({ ...claim.answer, replayed: true });
  };
  for (let race = 0; race < RACES_MAX; race += 1) {
    const claimed = store.claim(scope, key);
    if (claimed !== undefined) {
      if (nonce !== undefined && !(await store.spend(nonce))) return err(refusal('signature-replayed'));
      return settled(claimed);
    }
    const done = await act(keep);
    if (!done.ok) return done;
    const { committed, answer } = done.value;
    if (committed.ok) return ok({ ...answer, replayed: false });
    if (committed.reason === 'replayed') return err(refusal('signature-replayed'));
    if (committed.reason === 'claimed') return settled(committed.claim);
  }
  return err(refusal('conflict'));
}

/** Of a unit that would hold nothing. */
export function notHeld(committed: Committed, answer: StoredAnswer): Result<Done, Refusal> {
  return !committed.ok && committed.reason === 'held' ? err(refusal('conflict')) : ok({ committed, answer });
}

/** A retry may bind the same mandate afresh: what is asked, and with whose permission, is what makes it the same request. */
export function withoutKeyBinding(body: Json): Json {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { mandate, ...rest } = body as JsonObject;
  return typeof mandate === 'string' ? { ...rest, mandate: mandate.slice(0, mandate.lastIndexOf('~') + 1) } : body;
}
