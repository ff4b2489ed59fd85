/** The company's AI as the negotiator's voice, through the `ai` package. It sees public facts and the legal moves, and nothing it answers
 * is more than a choice among them. Whatever goes wrong, the deterministic strategy speaks for itself. */
import type { Voice } from '../engine/hearing.ts';
import type { Log } from '../ports.ts';
import { readAnswer } from './answer.ts';
import { type Line, makeLine } from './line.ts';
import { promptOf } from './prompt.ts';

export interface VoiceSettings {
  /** Base URL of an OpenAI-compatible API, e.g. `https://models.example/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  /** Bearer token; none where the endpoint wants none. */
  readonly key: string | undefined;
  /** What a turn may take; then the company answers without words of its own. */
  readonly timeoutMs: number;
}

const ANSWER_TOKENS_MAX = 400;
/** No explanation is ever larger. */
export const ANSWER_BYTES_MAX = 65_536;

export interface ModelDeps {
  readonly log: Log;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
  /** With a resolver and a bound of its own. */
  readonly fetch: typeof globalThis.fetch;
}

/** The packages are loaded when a model is configured, not before. */
export async function makeModelLine(settings: VoiceSettings, { log, monotonic, fetch }: ModelDeps): Promise<Line> {
  const [{ generateText }, { createOpenAICompatible }] = await Promise.all([
    import('ai'),
    import('@ai-sdk/openai-compatible'),
  ]);
  const provider = createOpenAICompatible({
    name: 'voice',
    baseURL: settings.baseUrl,
    ...(settings.key === undefined ? {} : { apiKey: settings.key }),
    fetch,
  });
  return makeLine({
    log,
    monotonic,
    slowMs: settings.timeoutMs / 2,
    async call({ system, data }) {
      const { text } = await generateText({
        model: provider(settings.model),
        instructions: system,
        prompt: data,
        maxOutputTokens: ANSWER_TOKENS_MAX,
        maxRetries: 0,
        abortSignal: AbortSignal.timeout(settings.timeoutMs),
      });
      return text;
    },
  });
}

export function makeModelVoice(line: Pick<Line, 'ask'>, log: Log): Voice {
  return {
    async speak(hearing) {
      const answered = await line.ask(promptOf(hearing));
      const read = answered.ok ? readAnswer(answered.value, hearing) : answered;
      if (read.ok) return read.value;
      log('voice.unused', { why: read.error, operation: hearing.operation });
      return undefined;
    },
  };
}
