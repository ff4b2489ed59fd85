/** What each call of an adapter came to: what a rule that failed has seen. */
import { type Adapter, AdapterError } from '../sdk/index.ts';

/** The same adapter, telling of every call. */
export function traced(adapter: Adapter, tell: (line: string) => void): Adapter {
  async function told<T>(what: string, call: () => Promise<T>, words: (value: T) => string): Promise<T> {
    try {
      const value = await call();
      tell(`${what}: ${words(value)}`);
      return value;
    } catch (error) {
      const { code = 'threw', message = '' } = error instanceof AdapterError ? error : {};
      tell(`${what}: ${code}${message === '' ? '' : ` (${message.split('\n')[0]})`}`);
      throw error;
    }
  }
  const { compensate } = adapter;
  const calls: Partial<Adapter> = {
    read: (ctx, ref) =>
      told(
        `read ${ref.type}`,
        () => adapter.read(ctx, ref),
        () => 'a record',
      ),
    plan: (ctx, asked) =>
      told(
        `plan ${asked.action}`,
        () => adapter.plan(ctx, asked),
        ({ steps }) => `${steps.length} steps`,
      ),
    execute: (ctx, step) =>
      told(
        `execute ${step.action}`,
        () => adapter.execute(ctx, step),
        ({ state }) => state,
      ),
    verify: (ctx, step) =>
      told(
        `verify ${step.action}`,
        () => adapter.verify(ctx, step),
        ({ state }) => state,
      ),
    ...(compensate === undefined
      ? {}
      : {
          compensate: (ctx, step, done) =>
            told(
              `compensate ${step.action}`,
              () => compensate.call(adapter, ctx, step, done),
              ({ state }) => state,
            ),
        }),
  };
  // Over the adapter itself: whatever it is made of stays as it is.
  return Object.assign(Object.create(adapter), calls);
}

/** The same lines, each once for as often as it comes in a row or at once. */
export function tallied(lines: readonly string[]): string[] {
  const counted: { line: string; times: number }[] = [];
  for (const line of lines) {
    const last = counted.at(-1);
    if (last?.line === line) last.times += 1;
    else counted.push({ line, times: 1 });
  }
  return counted.map(({ line, times }) => (times === 1 ? line : `${times} × ${line}`));
}
