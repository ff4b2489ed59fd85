import type { JsonObject } from '../../protocol/base/json.ts';

/** The gateway refused: an RFC 9457 problem. `type` is stable; `next` says what to do. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly status: number;
  readonly type: string;
  readonly problem: JsonObject;
  readonly retryAfterMs: number | undefined;
  constructor(status: number, problem: JsonObject, retryAfterMs: number | undefined) {
    super(
      `${String(problem['title'] ?? status)}${problem['detail'] === undefined ? '' : `: ${String(problem['detail'])}`}`,
    );
    this.status = status;
    this.type = String(problem['type'] ?? 'about:blank');
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The answer is not the gateway's, or not to this request: its signature does not verify. Nothing in it may be believed. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}
