/** What the log needs of a database. Records are written by whoever makes a transition, in its transaction; the log gives them
 * positions afterwards. One implementation for SQLite: `src/store/log-sqlite.ts`. */
export interface LogStore {
  /** Records without a position, in the order in which they were committed. */
  pending(limit: number): Promise<readonly PendingRecord[]>;
  /** The newest checkpoint; undefined before the first. */
  head(): Promise<StoredCheckpoint | undefined>;
  /** All or nothing, and only while the newest checkpoint is of `batch.expectedSize`: otherwise rejects and writes nothing,
   * so that two sequencers cannot both extend the log. Durable when it resolves. */
  append(batch: LogBatch): Promise<void>;
  /** One hash for each index, in order; rejects when any is missing. */
  readHashes(indexes: readonly number[]): Promise<readonly Uint8Array[]>;
  /** Leaves at the positions `first … first + count - 1`; rejects when any is missing. */
  readLeaves(first: number, count: number): Promise<readonly Uint8Array[]>;
  /** A record's position; undefined while it has none. */
  indexOf(recordId: number): Promise<number | undefined>;
  /** The operation's record with exactly these bytes; undefined when there is none. */
  findRecord(operation: string, leaf: Uint8Array): Promise<number | undefined>;
}

export interface PendingRecord {
  readonly id: number;
  readonly leaf: Uint8Array;
}

export interface StoredCheckpoint {
  readonly size: number;
  /** The signed note, verbatim. */
  readonly note: string;
}

export interface LogBatch {
  /** Size of the newest checkpoint; null when there is none. */
  readonly expectedSize: number | null;
  /** Records in the order of their positions, the first of which is `expectedSize ?? 0`. */
  readonly records: readonly number[];
  /** Hashes to store, the first at this index of the stored-hash order. */
  readonly firstHash: number;
  readonly hashes: readonly Uint8Array[];
  readonly checkpoint: StoredCheckpoint;
  /** RFC 3339 UTC. */
  readonly at: string;
}
