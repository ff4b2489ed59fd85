import type { Artifact, Message, Part } from '@a2a-js/sdk';
import { dataPart, textPart } from '../../../src/serve/a2a/parts.ts';

/** What is to come of a message. */
export type Wish = 'complete' | 'wait' | 'reject' | 'end';

const SUITES = /^(?:tck-|test-resubscribe-message-id)/;

/** A message of the suite's that begins with none of them is the gateway's to answer as it is. */
const WISHES: readonly (readonly [prefix: string, wish: Exclude<Wish, 'end'>])[] = [
  ['tck-complete-task', 'complete'],
  ['tck-delayed-complete', 'complete'],
  ['tck-artifact-', 'complete'],
  ['tck-stream-', 'complete'],
  ['tck-input-required', 'wait'],
  // Somebody is to be cut off and come back: it goes on until it is ended.
  ['test-resubscribe-message-id', 'wait'],
  ['tck-reject-task', 'reject'],
];

export const isSuites = ({ messageId }: Message): boolean => SUITES.test(messageId);
/** Words, and a sentence of the suite's before them. */
export const wantsMessage = (messageId: string): boolean => messageId.startsWith('tck-message-response');

/** `undefined`: none that the suite defines. A task that waits is ended by what completes one. */
export function wishIn({ messageId, taskId }: Message): Wish | undefined {
  const wish = WISHES.find(([prefix]) => messageId.startsWith(prefix))?.[1];
  if (taskId === '') return wish;
  return wish === 'complete' ? 'end' : undefined;
}

/** A piece of an artifact as a stream tells it. */
export interface Chunk {
  readonly artifact: Artifact;
  readonly append: boolean;
  readonly last: boolean;
}

const FILE = { metadata: undefined, filename: 'output.txt', mediaType: 'text/plain' };
const file: Part = { ...FILE, content: { $case: 'raw', value: Buffer.from('Generated file content') } };
const fileUrl: Part = { ...FILE, content: { $case: 'url', value: 'https://example.com/output.txt' } };

/** The longest prefix first. */
const PARTS: readonly (readonly [prefix: string, parts: readonly Part[]])[] = [
  ['tck-artifact-file-url', [fileUrl]],
  ['tck-artifact-file', [file]],
  ['tck-artifact-data', [dataPart({ key: 'value', count: 42 })]],
  ['tck-artifact', [textPart('Generated text content')]],
  ['tck-stream-artifact-chunked', [textPart('chunk-1 '), textPart('chunk-2')]],
  ['tck-stream-artifact-file', [file]],
  ['tck-stream-artifact-text', [textPart('Streamed text content')]],
];

/** What no action of the gateway makes: artifacts of other kinds than JSON, and in pieces. */
export function chunksFor(messageId: string): readonly Chunk[] {
  const parts = PARTS.find(([prefix]) => messageId.startsWith(prefix))?.[1] ?? [];
  return parts.map((part, index) => ({
    artifact: {
      artifactId: 'suite',
      name: 'Output',
      description: 'What the suite asked for.',
      parts: [part],
      metadata: undefined,
      extensions: [],
    },
    append: index > 0,
    last: index === parts.length - 1,
  }));
}
