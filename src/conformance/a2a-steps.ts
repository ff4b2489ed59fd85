import { type Artifact, type Part, TaskState } from '@a2a-js/sdk';
import { dataPart, textPart } from '../serve/a2a/parts.ts';

/** One thing that happens to a task of the suite. */
export interface Step {
  readonly afterMs?: number;
  readonly artifact?: { readonly part: Part; readonly append?: boolean };
  readonly state?: TaskState;
}

type PartKind = 'text' | 'file' | 'file-url' | 'data';

const STREAM_MS = 150;
/** Long enough to cut a stream off and come back. */
const RESUBSCRIBE_MS = 4_000;

export function partOf(kind: PartKind): Part {
  const file = { metadata: undefined, filename: 'output.txt', mediaType: 'text/plain' };
  switch (kind) {
    case 'file':
      return { ...file, content: { $case: 'raw', value: Buffer.from('Generated file content') } };
    case 'file-url':
      return { ...file, content: { $case: 'url', value: 'https://example.com/output.txt' } };
    case 'data':
      return dataPart({ key: 'value', count: 42 });
    default:
      return textPart('Generated text content');
  }
}

export function artifactOf(artifactId: string, part: Part): Artifact {
  const described = { name: 'Output', description: 'What the suite asked for.' };
  return { artifactId, ...described, parts: [part], metadata: undefined, extensions: [] };
}

const WORKING: Step = { state: TaskState.TASK_STATE_WORKING };
const COMPLETED: Step = { state: TaskState.TASK_STATE_COMPLETED };
const yields = (kind: PartKind): readonly Step[] => [WORKING, { artifact: { part: partOf(kind) } }, COMPLETED];

/** The longest prefix first. */
const SCRIPTS: readonly (readonly [prefix: string, steps: readonly Step[]])[] = [
  ['tck-artifact-file-url', yields('file-url')],
  ['tck-artifact-file', yields('file')],
  ['tck-artifact-data', yields('data')],
  ['tck-artifact', yields('text')],
  ['tck-input-required', [WORKING, { state: TaskState.TASK_STATE_INPUT_REQUIRED }]],
  ['tck-reject-task', [{ state: TaskState.TASK_STATE_REJECTED }]],
  [
    'tck-stream-artifact-chunked',
    [
      WORKING,
      { afterMs: STREAM_MS, artifact: { part: textPart('chunk 1 ') } },
      { afterMs: STREAM_MS, artifact: { part: textPart('chunk 2'), append: true } },
      COMPLETED,
    ],
  ],
  ['tck-stream-artifact-file', yields('file')],
  [
    'tck-stream',
    [
      { afterMs: STREAM_MS, ...WORKING },
      { afterMs: STREAM_MS, artifact: { part: partOf('text') } },
      { afterMs: STREAM_MS, ...COMPLETED },
    ],
  ],
  [
    'test-resubscribe-message-id',
    [WORKING, { afterMs: RESUBSCRIBE_MS, artifact: { part: partOf('text') } }, COMPLETED],
  ],
];

/** `tck-complete-task`, and whatever else comes for a task: it completes. */
export function stepsFor(messageId: string): readonly Step[] {
  return SCRIPTS.find(([prefix]) => messageId.startsWith(prefix))?.[1] ?? [WORKING, COMPLETED];
}
