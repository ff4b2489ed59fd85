/** A sign-off answered by a configured endpoint: signed with its secret, in the name of a configured approver. */
import { type Refusal, refusal } from '../../../protocol/base/errors.ts';
import type { JsonObject } from '../../../protocol/base/json.ts';
import { err, ok, type Result } from '../../../protocol/base/result.ts';
import type { RawRequest } from '../../edge/raw-request.ts';
import type { World } from '../../engine/world.ts';
import type { Pipeline } from '../../pipeline.ts';
import { parseAnswer } from '../../signoff/answer.ts';
import type { Approver } from '../../signoff/decide.ts';
import { openWebhook } from './webhook.ts';

export interface AnswerDeps {
  readonly world: Pick<World, 'clock' | 'store'>;
  readonly pipeline: Pick<Pipeline, 'decide'>;
  /** Of the endpoints that may answer. */
  readonly secrets: readonly string[];
  readonly approvers: readonly Approver[];
}

export function takeSignoffAnswers({ world, pipeline, secrets, approvers }: AnswerDeps) {
  return async (id: string, raw: RawRequest): Promise<Result<JsonObject, Refusal>> => {
    const opened = openWebhook(raw, secrets, world.clock.now());
    if (!opened.ok) return opened;
    const answer = parseAnswer(id, opened.value.body);
    if (!answer.ok) return answer;
    const operation = world.store.bySignoff(id);
    const approver = approvers.find((each) => each.id === answer.value.approver);
    if (operation === undefined) return err(refusal('not-found'));
    if (approver === undefined) return err(refusal('forbidden', 'There is no such approver.'));
    const decided = await pipeline.decide(operation.id, answer.value.decision, approver, 'webhook');
    return decided.ok ? ok({ operation: decided.value.id, state: decided.value.state }) : decided;
  };
}
