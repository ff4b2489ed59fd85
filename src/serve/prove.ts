/** Who asks, for the bindings that take more than signatures: a signature if there is one, else an access token, else nobody.
 * What is there and broken refuses: it never falls back to something weaker. */
import { type Refusal, refusal } from '../../protocol/base/errors.ts';
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { RawRequest } from '../edge/raw-request.ts';
import type { Caller } from '../identity/signature/authenticate.ts';

export interface Prove {
  (raw: RawRequest): Promise<Result<Caller | undefined, Refusal>>;
  /** Header fields that tell how to be proven. */
  challenge(refused: Refusal): Record<string, string>;
}

export interface ProveDeps {
  readonly bySignature: (raw: RawRequest) => Promise<Result<Caller, Refusal>>;
  readonly byToken: (raw: RawRequest) => Promise<Result<Caller, Refusal>>;
  readonly challenge: (refused: Refusal) => Record<string, string>;
  /** Who is believed to ask when nothing says who: only in the conformance profile. */
  readonly anyone?: Caller;
}

/** The field Idempotency-Key is not what makes a call of these bindings unrepeatable; only the signature itself is. */
const NONCE = 'Here a signature needs a `nonce`, or `created` and no Idempotency-Key field.';

export function makeProve({ bySignature, byToken, challenge, anyone }: ProveDeps): Prove {
  const prove = async (raw: RawRequest): Promise<Result<Caller | undefined, Refusal>> => {
    if (raw.headers.has('signature-input') || raw.headers.has('signature')) {
      const caller = await bySignature(raw);
      return caller.ok && caller.value.nonce === undefined ? err(refusal('signature-coverage', NONCE)) : caller;
    }
    return raw.headers.has('authorization') ? byToken(raw) : ok(anyone);
  };
  return Object.assign(prove, { challenge });
}
