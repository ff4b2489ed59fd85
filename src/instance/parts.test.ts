import { describe, expect, it } from 'vitest';
import { misfits, type Parts } from './parts.ts';

const KEYS = [
  { kid: 'K-log', purpose: 'log' },
  { kid: 'K-answers', purpose: 'answers' },
];
const whole: Parts = {
  database: { exists: true, instance: 'I', isUsed: true, keys: KEYS, logSize: 10 },
  keys: { instance: 'I', isUnfinished: false, keys: KEYS },
  checkpoint: { is: 'same', size: 10 },
};
const none = { exists: false, isUsed: false, keys: [] };

/** What stands there → what the operator is told, in part. Null: it starts. */
const CASES: Readonly<Record<string, readonly [Parts, string | null]>> = {
  'the first start': [{ database: none }, null],
  'keys made beforehand by a command': [{ database: none, keys: { isUnfinished: false, keys: KEYS } }, null],
  'a first start that was cut short': [
    { database: none, keys: { instance: 'I', isUnfinished: true, keys: KEYS } },
    null,
  ],
  'a first start that was cut short after the database was tied': [
    {
      ...whole,
      database: { ...whole.database, logSize: undefined },
      keys: { instance: 'I', isUnfinished: true, keys: KEYS },
      checkpoint: undefined,
    },
    null,
  ],
  'an earlier version’s directory': [
    {
      database: { exists: true, isUsed: true, keys: [], logSize: 10 },
      keys: { isUnfinished: false, keys: KEYS },
      checkpoint: { is: 'same', size: 10 },
    },
    null,
  ],
  'the whole of it': [whole, null],
  'a checkpoint that the database has grown beyond': [{ ...whole, checkpoint: { is: 'same', size: 4 } }, null],
  'a new purpose of this version': [
    { ...whole, keys: { instance: 'I', isUnfinished: false, keys: [...KEYS, { kid: 'K-cards', purpose: 'cards' }] } },
    null,
  ],
  'no database': [{ ...whole, database: none, checkpoint: { is: 'behind', size: 10 } }, 'parley.db is missing'],
  'an empty database': [
    { ...whole, database: { ...none, exists: true } },
    'parley.db is not the one that keys.json was made for',
  ],
  'a database older than the tie': [
    { ...whole, database: { exists: true, isUsed: true, keys: [], logSize: 3 } },
    'parley.db is not the one that keys.json was made for',
  ],
  'an older database': [
    { ...whole, database: { ...whole.database, logSize: 7 }, checkpoint: { is: 'behind', size: 10 } },
    'parley.db is older than log.checkpoint: 10 entries were signed, it has 7',
  ],
  'a changed database': [{ ...whole, checkpoint: { is: 'other', size: 10 } }, 'does not have the 10 entries'],
  'no keys': [{ ...whole, keys: undefined }, 'keys.json is missing'],
  'no keys, of an earlier version': [{ database: { exists: true, isUsed: true, keys: [] } }, 'keys.json is missing'],
  'another gateway’s keys': [
    { ...whole, keys: { instance: 'J', isUnfinished: false, keys: KEYS } },
    'keys.json is of instance J',
  ],
  'keys that nobody has seen': [
    { ...whole, keys: { instance: 'I', isUnfinished: false, keys: [{ kid: 'X', purpose: 'log' }] } },
    'keys.json has a log key (X) that parley.db has never seen',
  ],
  'no checkpoint': [{ ...whole, checkpoint: undefined }, 'log.checkpoint is missing'],
  'another log’s checkpoint': [{ ...whole, checkpoint: { is: 'of-another-log' } }, 'log.checkpoint is of another log'],
  'a checkpoint signed by another': [
    { ...whole, checkpoint: { is: 'unknown-signer' } },
    'log.checkpoint is signed by none',
  ],
  'no checkpoint but a file': [
    { ...whole, checkpoint: { is: 'unreadable' } },
    'log.checkpoint is no signed checkpoint',
  ],
};

describe('the parts of one state', () => {
  it.each(Object.entries(CASES))('E8: %s', (_name, [parts, told]) => {
    const found = misfits(parts);
    if (told === null) expect(found).toEqual([]);
    else expect(found.join('\n')).toContain(told);
  });
});
