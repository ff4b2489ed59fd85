import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** A request as it will be sent, again and again if need be, until it is answered. */
export interface Intent {
  readonly key: string;
  readonly path: string;
  readonly body: string;
}

/** Where intents are kept before they are sent: a crash between sending and answer must find the key again, not make a new one. */
export interface Journal {
  begin(intent: Intent): void;
  end(key: string): void;
  /** Intents that were begun and never ended. */
  unfinished(): readonly Intent[];
}

/** For tests and short-lived agents: forgets with the process. */
export function memoryJournal(): Journal {
  const open = new Map<string, Intent>();
  return {
    begin: (intent) => void open.set(intent.key, intent),
    end: (key) => void open.delete(key),
    unfinished: () => [...open.values()],
  };
}

/** One JSON line an event in a file that only grows, fsynced before `begin` returns. */
export function fileJournal(path: string): Journal {
  const memory = memoryJournal();
  if (existsSync(path)) for (const line of readFileSync(path, 'utf8').split('\n')) replay(memory, line);
  const file = openSync(path, 'a', 0o600);
  const write = (entry: object): void => {
    writeSync(file, `${JSON.stringify(entry)}\n`);
    fsyncSync(file);
  };
  process.once('exit', () => closeSync(file));
  return {
    begin(intent) {
      write({ begin: intent });
      memory.begin(intent);
    },
    end(key) {
      write({ end: key });
      memory.end(key);
    },
    unfinished: memory.unfinished,
  };
}

function replay(memory: Journal, line: string): void {
  // A line cut short by a crash was never acted on: `begin` returns only after the whole line is on disk.
  const entry = tryParse(line);
  if (typeof entry !== 'object' || entry === null) return;
  if ('end' in entry && typeof entry.end === 'string') memory.end(entry.end);
  if ('begin' in entry && isIntent(entry.begin)) memory.begin(entry.begin);
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isIntent(value: unknown): value is Intent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string' &&
    'path' in value &&
    typeof value.path === 'string' &&
    'body' in value &&
    typeof value.body === 'string'
  );
}
