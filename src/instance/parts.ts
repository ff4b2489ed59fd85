/** Whether the parts of one gateway's state belong together: the database, the keys and the last signed checkpoint beside them. Pure. */

export interface Parts {
  readonly database: {
    /** The file was there before this start. */
    readonly exists: boolean;
    readonly instance?: string | undefined;
    readonly isUsed: boolean;
    readonly keys: readonly { readonly kid: string; readonly purpose: string }[];
    /** Size of the newest checkpoint; undefined before the first. */
    readonly logSize?: number | undefined;
  };
  /** Undefined: there is no file. */
  readonly keys?:
    | {
        readonly instance?: string | undefined;
        readonly isUnfinished: boolean;
        readonly keys: readonly { readonly kid: string; readonly purpose: string }[];
      }
    | undefined;
  readonly checkpoint?:
    | { readonly is: 'unreadable' | 'unknown-signer' | 'of-another-log' }
    | { readonly is: 'same' | 'behind' | 'other'; readonly size: number }
    | undefined;
}

/** What does not belong, part by part, in words for whoever put it there; empty: all of it is one state. */
export function misfits({ database, keys, checkpoint }: Parts): readonly string[] {
  const known = database.instance !== undefined;
  const found: string[] = [];
  if (keys === undefined) {
    if (database.isUsed || known)
      found.push('keys.json is missing, and parley.db was signed for with it: put it back from a copy');
    // Nothing else can be judged without them.
    return found;
  }
  if (!known && keys.instance !== undefined && !keys.isUnfinished)
    found.push(
      database.exists
        ? 'parley.db is not the one that keys.json was made for: it is older than the tie between them, or another gateway’s'
        : 'parley.db is missing, and keys.json was in use with it: put it back from a copy',
    );
  if (known && keys.instance !== undefined && keys.instance !== database.instance)
    found.push(`keys.json is of instance ${keys.instance}, parley.db of ${database.instance}`);
  else if (known)
    for (const { kid, purpose } of strangers(keys.keys, database.keys))
      found.push(`keys.json has a ${purpose} key (${kid}) that parley.db has never seen`);
  return [...found, ...checkpointMisfits(database, checkpoint)];
}

/** A purpose that the database has no key for is new to this version of the program. */
function strangers(keys: readonly { kid: string; purpose: string }[], known: Parts['database']['keys']) {
  return keys.filter(
    ({ kid, purpose }) => !known.some((each) => each.kid === kid) && known.some((each) => each.purpose === purpose),
  );
}

function checkpointMisfits(database: Parts['database'], checkpoint: Parts['checkpoint']): readonly string[] {
  if (checkpoint === undefined)
    return database.instance === undefined || database.logSize === undefined
      ? []
      : ['log.checkpoint is missing: it is kept beside keys.json, and says what the log signed last'];
  switch (checkpoint.is) {
    case 'same':
      return [];
    case 'unreadable':
      return ['log.checkpoint is no signed checkpoint'];
    case 'unknown-signer':
      return ['log.checkpoint is signed by none of the log keys that keys.json and parley.db have'];
    case 'of-another-log':
      return ['log.checkpoint is of another log than parley.db’s (or /origin was changed)'];
    case 'behind':
      return [
        `parley.db is older than log.checkpoint: ${checkpoint.size} entries were signed, it has ${database.logSize ?? 0}`,
      ];
    case 'other':
      return [
        `parley.db does not have the ${checkpoint.size} entries that log.checkpoint signs: it is another one, or was changed`,
      ];
  }
}

export class PartsMismatch extends Error {
  override readonly name = 'PartsMismatch';
  constructor(folder: string, problems: readonly string[]) {
    super(
      [
        `the parts in ${folder} are not of one state:`,
        ...problems.map((each) => `  - ${each}`),
        'Nothing was changed. Put back the part that belongs there. If an older copy is all there is, start once with',
        '`parley start --accept-restore`: it records the restore, begins a new log, and looks up in the CRM what may have been done since.',
      ].join('\n'),
    );
  }
}
