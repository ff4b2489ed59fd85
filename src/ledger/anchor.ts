/** The last signed checkpoint, kept in a file beside the keys: whoever has the keys also has what they signed last, whatever became of
 * the database. Written before the database has the checkpoint, so that it never lags behind what anybody was shown. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { type Checkpoint, parseCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { parseNote } from '../../protocol/receipt/note.ts';

export interface Anchor {
  read(): string | undefined;
  save(note: string): Promise<void>;
  remove(): void;
}

export function makeAnchor(path: string): Anchor {
  return {
    read: () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
    async save(note) {
      const file = await open(`${path}.new`, 'w', 0o600);
      try {
        await file.writeFile(note);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.new`, path);
    },
    remove: () => rmSync(path, { force: true }),
  };
}

export function checkpointIn(note: string): Checkpoint | undefined {
  return parseCheckpoint(parseNote(note)?.text ?? '');
}
