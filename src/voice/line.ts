/** The line to the model: places of its own and a breaker, so that a model that hangs or fails delays nobody for long. */
import { err, ok, type Result } from '../../protocol/base/result.ts';
import type { Log } from '../ports.ts';
import type { Prompt } from './prompt.ts';

export interface LineStatus {
  /** `resting`: it failed, and is tried again later, aside. */
  readonly state: 'untried' | 'answering' | 'resting';
  /** Why it rests: a name of ours or of an error, nothing that a model wrote. */
  readonly why?: string;
}

export interface Line {
  /** The model's answer, or why there is none. At once where it is known not to answer. */
  ask(prompt: Prompt): Promise<Result<string, string>>;
  /** Asks for something that needs no thought, and notes whether it was answered. */
  attempt(): Promise<void>;
  status(): LineStatus;
}

export interface LineDeps {
  /** Rejects when it fails or takes too long. */
  readonly call: (prompt: Prompt) => Promise<string>;
  /** An answer out longer than this, with none other since: it hangs until it has answered something. */
  readonly slowMs: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly log: Log;
}

/** Asked at once: more talks than this wait for no model. */
const PLACES = 8;
/** Failures in a row. */
const FAILURES_MAX = 3;
const REST_MS = 30_000;

const TRIAL: Prompt = { system: 'Answer with this JSON object and nothing else: {"ok": true}', data: '{}' };

export function makeLine({ call, slowMs, monotonic, log }: LineDeps): Line {
  let status: LineStatus = { state: 'untried' };
  let failures = 0;
  let restsUntil = 0;
  let answeredAt = monotonic();
  let trying: Promise<void> | undefined;
  const asked = new Set<{ readonly at: number }>();

  function become(next: LineStatus): void {
    if (next.state !== status.state || next.why !== status.why) log('voice.status', { ...next });
    status = next;
  }

  function rest(why: string): void {
    restsUntil = monotonic() + REST_MS;
    become({ state: 'resting', why });
  }

  async function asking(prompt: Prompt): Promise<Result<string, string>> {
    const place = { at: monotonic() };
    asked.add(place);
    try {
      const text = await call(prompt);
      failures = 0;
      answeredAt = monotonic();
      become({ state: 'answering' });
      return ok(text);
    } catch (error) {
      const why = error instanceof Error ? error.name : 'failed';
      failures += 1;
      if (failures >= FAILURES_MAX || status.state !== 'answering') rest(why);
      return err(why);
    } finally {
      asked.delete(place);
    }
  }

  /** Whether it has taken a question and nothing has come back since. */
  function hangs(): boolean {
    const [first] = asked;
    return first !== undefined && first.at >= answeredAt && monotonic() - first.at > slowMs;
  }

  function attempt(): Promise<void> {
    trying ??= asking(TRIAL).then(() => {
      trying = undefined;
    });
    return trying;
  }

  return {
    attempt,
    status: () => status,
    async ask(prompt) {
      if (status.state === 'resting') {
        // Nobody waits to find out whether it is back.
        if (monotonic() >= restsUntil) void attempt();
        return err('resting');
      }
      if (asked.size >= PLACES) return err('busy');
      if (hangs()) {
        rest('hangs');
        return err('hangs');
      }
      return asking(prompt);
    },
  };
}
