/** Multi-round-trip requests (MCP 2026-07-28, basic/patterns/mrtr): while a person at the company decides, the customer is asked what
 * to do meanwhile. The state that comes back is the client's word: sealed, bound to caller, tool and arguments, used once. */
import { createRequestStateCodec, inputRequired, inputResponse } from '@modelcontextprotocol/server';
import { digest } from '../../../protocol/base/canonical.ts';
import type { Json } from '../../../protocol/base/json.ts';
import type { Operation } from '../../engine/operation.ts';
import { ownerOf } from '../../engine/owner.ts';
import { viewOf } from '../../engine/view.ts';
import type { Caller } from '../../identity/signature/authenticate.ts';
import type { Keys } from '../../ports.ts';
import { secretFor } from '../secret.ts';
import { inWords } from '../words.ts';
import { asToolCall } from './results.ts';

const TTL_SECONDS = 600;
const QUESTION = 'meanwhile';

export interface Waiting {
  readonly operation: string;
  readonly owner: string;
  /** Of tool and arguments: the same call, or none. */
  readonly call: string;
  /** Used once. */
  readonly jti: string;
  /** Unix seconds. */
  readonly exp: number;
}

export type Choice = 'wait' | 'withdraw' | 'person';

export function makeElicitation(keys: Pick<Keys, 'sign'>) {
  const codec = createRequestStateCodec<Waiting>({ key: secretFor('MCP requestState', keys), ttlSeconds: TTL_SECONDS });
  return {
    verify: codec.verify,

    async ask(operation: Operation, caller: Caller, call: string, jti: string, now: Date) {
      const exp = Math.floor(now.getTime() / 1000) + TTL_SECONDS;
      const state: Waiting = { operation: operation.id, owner: ownerOf(caller), call, jti, exp };
      return inputRequired({
        inputRequests: {
          [QUESTION]: inputRequired.elicit({
            message: `${inWords(viewOf(operation), asToolCall)} Wait for them, take the request back, or talk to a person?`,
            requestedSchema: {
              type: 'object',
              properties: {
                choice: { type: 'string', title: 'What to do', enum: ['wait', 'withdraw', 'person'], default: 'wait' },
              },
              required: ['choice'],
            },
          }),
        },
        requestState: await codec.mint(state),
      });
    },
  };
}

export function callDigest(tool: string, args: Json): string {
  return digest([tool, args]);
}

/** What the customer chose; nothing else than these words counts. `undefined`: declined, cancelled or not understood. */
export function choiceOf(responses: Record<string, unknown> | undefined): Choice | undefined {
  const answer = inputResponse(responses, QUESTION);
  const choice = answer.kind === 'elicit' && answer.action === 'accept' ? answer.content?.['choice'] : undefined;
  return choice === 'wait' || choice === 'withdraw' || choice === 'person' ? choice : undefined;
}
